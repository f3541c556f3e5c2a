"""Regular expressions in metadata: RE2's, which engines run in time that grows with the text only.

They are compiled here by the RE2 that Arrow carries, so that what an engine would refuse during a
load is refused where it is written.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_LONGEST = 4000
_NEWER = re.compile(r"\(\?<[A-Za-z]")
_SAID = re.compile(r"^Invalid regular expression: *")


def regular_expression(pattern: str) -> str:
    """The pattern, if RE2 can run it.

    Raises:
        ValueError: it cannot.
    """
    # Only definitions with patterns need Arrow, and it is large.
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(pattern) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    plain = _without_classes(pattern)
    if re.search(r"\(\?(?:[=!]|<[=!])", plain):
        raise ValueError("may not use look-around; RE2 has none")
    if re.search(r"\\[1-9]", re.sub(r"\\\\", "", pattern)):
        raise ValueError("may not use back-references; RE2 has none")
    if re.search(r"\\C", re.sub(r"\\\\", "", pattern)):
        raise ValueError(r"may not use \C, which tears characters into bytes")
    if _NEWER.search(plain):
        raise ValueError("names a group as (?<name>...); write (?P<name>...)")
    try:
        pc.match_substring_regex(pa.array(["x"]), pattern=pattern)
    except (pa.ArrowException, ValueError) as error:
        reason = _SAID.sub("", str(error).splitlines()[0])
        raise ValueError(f"is not a regular expression: {reason}") from None
    return pattern


RegularExpression = Annotated[str, AfterValidator(regular_expression)]
"""A pattern that RE2 can run."""


def groups(pattern: str) -> int:
    r"""How many groups a pattern has.

    >>> groups(r"(a)(?:b)(?P<c>c)\([(]")
    2
    """
    return len(re.findall(r"\((?!\?)|\(\?P<", _without_classes(pattern)))


def replacement(pattern: str, text: str) -> str:
    r"""A replacement for the matches of a pattern, if its groups exist.

    Raises:
        ValueError: it names a group that the pattern lacks, or holds a stray backslash.
    """
    named = re.findall(r"\\(.?)", text, re.DOTALL)
    if any(sign not in "0123456789\\" or not sign for sign in named):
        raise ValueError(r"may hold \0 to \9 in 'with', and a backslash as \\")
    highest = max((int(sign) for sign in named if sign.isdigit()), default=0)
    if highest > (known := groups(pattern)):
        raise ValueError(rf"names group \{highest} in 'with', but the pattern has {known}")
    return text


def _without_classes(pattern: str) -> str:
    """The pattern without escaped characters and character classes, where signs mean themselves."""
    return re.sub(r"\[\^?\]?[^\]]*\]", "c", re.sub(r"\\.", "e", pattern, flags=re.DOTALL))
