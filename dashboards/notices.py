"""What pages say when there is nothing to show, or something is wrong: why, and the way out."""

from __future__ import annotations

import contextlib
import logging
import re
import uuid
from collections.abc import Iterator, Sequence

import streamlit as st

from metadata.errors import Issue, UserError

NOTHING_TO_SEE = Issue(
    "There is nothing here that you may see.",
    fix="Ask whoever looks after the access policies of this workspace.",
)
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$&])")


def plain(text: str) -> str:
    r"""Text from data, so that Markdown shows it as it is.

    >>> plain("a*b")
    'a\\*b'
    """
    return _MARKS.sub(r"\\\1", text)


def empty(issue: Issue, icon: str = ":material/inbox:") -> None:
    """A calm page for something that is not there yet."""
    with st.container(border=True, key="empty", gap="small"):
        st.markdown(f"### {icon} {plain(issue.what)}")
        if issue.why:
            st.markdown(plain(issue.why))
        if issue.fix:
            st.markdown(_with_code(issue.fix))


def problems(issues: Sequence[Issue]) -> None:
    """What a person can mend, each with its place and the way out."""
    for issue in issues:
        lines = [f"**{_with_code(issue.what)}**"]
        if issue.why:
            lines.append(_with_code(issue.why))
        if issue.fix:
            lines.append(_with_code(issue.fix))
        if issue.where:
            lines.append(f"`{issue.where}`")
        st.warning("  \n".join(lines), icon=":material/error_outline:")


@contextlib.contextmanager
def contained(what: str = "This part") -> Iterator[None]:
    """Say what went wrong where it went wrong, and let the rest of the page be drawn."""
    try:
        yield
    except UserError as error:
        problems(error.issues)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        logging.getLogger("rapport.pages").exception("Failed, reference %s", reference)
        our_fault(what, reference)


def our_fault(what: str, reference: str) -> None:
    """A defect of ours; the log has the details under the reference."""
    st.error(
        f"**{what} could not be shown.**  \nSomething went wrong on our side, and your data is"
        " not affected. Try again in a moment; if it stays, give whoever looks after Rapport the"
        f" reference `{reference}`: the server's log has the details.",
        icon=":material/error_outline:",
    )


def aside(notes: Sequence[str]) -> None:
    """Remarks under a chart or table."""
    for note in dict.fromkeys(notes):
        st.caption(plain(note))


def listed(texts: Sequence[str]) -> None:
    """Sentences, one below the other."""
    st.markdown("\n".join(f"- {_with_code(text)}" for text in dict.fromkeys(texts)))


def _with_code(text: str) -> str:
    """Plain text in which `commands` in backticks stay readable as such."""
    parts = text.split("`")
    return "".join(
        f"`{part}`" if odd and part else plain(part)
        for odd, part in ((i % 2 == 1 and i < len(parts) - 1, p) for i, p in enumerate(parts))
    )
