"""Secrets that stand in files all the same: they are not shown."""

from __future__ import annotations

import re

_IN_URL = re.compile(r"(://[^/\s:@'\"]*:)(?!\$\{)([^@\s'\"]+)(@)")
_HASH = re.compile(r"(password:\s*)(\S.*)")
_PARAMETER = re.compile(r"(?i)([?&](?:password|pwd|token|secret|key)=)(?!\$\{)([^&\s'\"]+)")
DOTS = "••••••"


def concealed(text: str) -> str:
    """The text without passwords; names of environment variables stay.

    >>> concealed("url: postgresql://reader:s3cret@db/crm")
    'url: postgresql://reader:••••••@db/crm'
    >>> concealed("url: postgresql://reader:${CRM_PASSWORD}@db/crm")
    'url: postgresql://reader:${CRM_PASSWORD}@db/crm'
    """
    shown = _IN_URL.sub(rf"\g<1>{DOTS}\g<3>", text)
    shown = _PARAMETER.sub(rf"\g<1>{DOTS}", shown)
    return _HASH.sub(rf"\g<1>{DOTS}", shown)


def holds_secret(text: str) -> bool:
    """Whether a text holds what must not be shown."""
    return concealed(text) != text
