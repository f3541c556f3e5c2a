"""A plan for people: what changes, which tables are made again and which are not, what moves."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import state, tasks
from dashboards.studio.listing import Cell, Column, Listing, Row, Tone, listing
from dashboards.studio.state import Opened
from dashboards.wording import duration
from metadata.yaml_writing import one_line

WEIGHTS: dict[str, tuple[str, Tone, str]] = {
    "metadata_only": ("words only", "good", "Nothing that is stored changes"),
    "additive": ("additive", "good", "Adds something; nothing that is there changes"),
    "backfill": ("backfill", "warn", "Computes anew what is stored"),
    "breaking": ("breaking", "bad", "Takes away or renames what may be in use"),
}
_DOINGS = {
    "create": "Made for the first time",
    "rebuild": "Made again",
    "update": "Brought up to date in place",
    "if_keys_change": "Made again only if members come or go",
    "reshape": "Columns renamed or dropped in place",
    "drop": "Dropped",
    "keep": "Not touched",
}
_IMPACT = "impact"


def plan(told: dict[str, Any]) -> None:
    """Draw a plan."""
    changes = told["changes"]
    if not changes:
        st.success(
            "**Nothing to do:** the files define what is applied already."
            + (" Only comments, order or file names differ." if told.get("words_only") else ""),
            icon=":material/check_circle:",
        )
        return
    if told["base"] is None:
        st.info(
            "Nothing is applied yet: applying makes the whole warehouse.", icon=":material/info:"
        )
    else:
        _headline(told)
        listing(_changes(changes), key="plan_changes")
    left, right = st.columns([13, 11], gap="medium")
    with left:
        listing(_products(told["products"]), key="plan_products")
    with right:
        _reading(told)


def _headline(told: dict[str, Any]) -> None:
    word, tone, why = WEIGHTS.get(str(told["class"]), (str(told["class"]), "soft", ""))
    rebuilt, kept = len(told["rebuilt"]), len(told["kept"])
    grid = st.grid(4, min_column_width=150, gap="small")
    grid.metric(
        "Changes",
        f"{len(told['changes'])}",
        border=True,
        help="Since the applied state.",
        delta=f"since state {told['base']}",
        delta_arrow="off",
        delta_color="gray",
    )
    colour = {"good": "green", "warn": "orange", "bad": "red"}.get(tone, "gray")
    grid.metric(
        "Weight",
        word.capitalize(),
        border=True,
        help=why,
        delta=why,
        delta_arrow="off",
        delta_color=colour,
    )
    grid.metric(
        "Tables made again",
        f"{rebuilt}",
        border=True,
        delta=f"{kept} not touched",
        delta_arrow="off",
        delta_color="gray",
    )
    seconds = told.get("seconds")
    grid.metric(
        "Last time it took",
        duration(seconds) if seconds is not None else "unknown",
        border=True,
        delta="as a full load of these tables",
        delta_arrow="off",
        delta_color="gray",
    )


def _changes(changes: list[dict[str, Any]]) -> Listing:
    rows = []
    for change in changes:
        word, tone, why = WEIGHTS.get(str(change["class"]), (str(change["class"]), "soft", ""))
        what = str(change["name"]) + (
            f": {change['path']}" if change.get("path") and "." not in str(change["path"]) else ""
        )
        dependents = change.get("dependents") or {}
        told = [
            *dependents.get("shown", ()),
            *dependents.get("measures", ()),
            *dependents.get("levels", ()),
        ]
        place = f" · {change['file']}:{change['line']}" if change.get("file") else ""
        before, after = _differing(change.get("before"), change.get("after"))
        rows.append(
            Row(
                (
                    Cell(
                        what,
                        sub=f"{change['kind']} {change['action']}{place}",
                        badges=((word, tone, why),),
                    ),
                    Cell(_short(before), code=True, tone="soft", title=before),
                    Cell(_short(after), code=True, title=after),
                    Cell(
                        _few(told, 4) or "nothing",
                        tone="" if told else "soft",
                        title=", ".join(map(str, told)),
                    ),
                )
            )
        )
    return Listing(
        "Planned changes",
        (
            Column("What"),
            Column("From", narrow=True),
            Column("To", narrow=True),
            Column("What depends on it"),
        ),
        rows,
        "" if len(rows) < 12 else "Find a change",
        "Nothing changes.",
        ("change", "changes"),
        460,
    )


def _products(products: list[dict[str, Any]]) -> Listing:
    tones: dict[str, Tone] = {
        "keep": "soft",
        "drop": "bad",
        "rebuild": "warn",
        "create": "calm",
        "update": "calm",
        "reshape": "calm",
        "if_keys_change": "soft",
    }
    rows = []
    for doing, title in _DOINGS.items():
        found = [each for each in products if each["doing"] == doing]
        if found:
            rows.append(Row(section=f"{title} ({len(found)})"))
        for each in found:
            rows.append(
                Row(
                    (
                        Cell(str(each["name"]), tone=tones.get(doing, "")),
                        Cell(f"{each['rows']:,}" if each.get("rows") is not None else "–"),
                        Cell(
                            f"{each['seconds']:.1f} s" if each.get("seconds") is not None else "–"
                        ),
                    )
                )
            )
    return Listing(
        "Tables of the warehouse",
        (Column("Table"), Column("Rows", right=True), Column("Took", right=True)),
        rows,
        "Find a table",
        "There are no tables.",
        ("table", "tables"),
        380,
    )


def _reading(told: dict[str, Any]) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**Read from the sources**")
        again = told.get("reads_again") or []
        if again:
            st.markdown(f"{len(again)} tables are read anew: {notices.plain(_few(again, 8))}")
        elif told["base"] is not None:
            st.markdown("Nothing: what has landed is enough.")
        else:
            st.markdown("Every table that has not landed yet.")


def impact(opened: Opened, digest: str, told: dict[str, Any]) -> None:
    """Which published figures would move: worked out aside when asked for."""
    task = tasks.current(state.root(), _IMPACT)
    mine = task is not None and task.about == (digest, told["base"])
    with st.container(border=True, gap="small", key="impact"):
        st.markdown("**Which published figures would move**")
        if task is not None and task.running:
            if mine:
                _working()
            else:
                st.caption(
                    "An impact is being worked out for somebody else's change; this one can"
                    " be asked for when it has ended."
                )
            return
        if task is None or not mine:
            st.caption("The change is built aside, on a copy; readers see nothing of it.")
            st.button(
                "Work it out",
                icon=":material/query_stats:",
                on_click=_start,
                args=(digest, told["base"]),
                key="impact_start",
            )
            return
        if task.issues:
            notices.problems(task.issues)
            st.button("Try again", on_click=_start, args=(digest, told["base"]))
            return
        _moves(task.result)


def _start(digest: str, base: int | None) -> None:
    tasks.start(
        state.root(), _IMPACT, state.user(), {"edited": state.draft().texts}, about=(digest, base)
    )


@st.fragment(run_every=1)
def _working() -> None:
    task = tasks.current(state.root(), _IMPACT)
    if task is None or not task.running:
        st.rerun(scope="app")
    assert task is not None
    told = task.progress[-1] if task.progress else {}
    done, total = told.get("done", 0), told.get("total", 0)
    words = f"Building it aside: {told.get('name', 'getting ready')} · {task.seconds:.0f} s"
    st.progress(min(1.0, done / total) if total else 0.0, notices.plain(words))


def _moves(found: dict[str, Any]) -> None:
    moved = found["moved"]
    if not moved:
        st.success(
            f"No figure moves; {found['compared']:,} were compared.", icon=":material/check_circle:"
        )
    else:
        st.markdown(
            f"{found['count']:,} of {found['compared']:,} compared figures move"
            + (f"; the {len(moved)} to look at first:" if len(moved) < found["count"] else ".")
        )
        rows = [
            Row(
                (
                    Cell(str(each["measure"])),
                    Cell(
                        f"{each['member']}" if each["level"] else "in total", sub=str(each["level"])
                    ),
                    Cell(str(each["before_text"]), tone="soft"),
                    Cell(str(each["after_text"])),
                    Cell(str(each["by_text"]), tone="warn"),
                )
            )
            for each in moved
        ]
        listing(
            Listing(
                "Figures that move",
                (
                    Column("Figure"),
                    Column("For"),
                    Column("Now", right=True),
                    Column("Then", right=True),
                    Column("Moves by", right=True),
                ),
                rows,
                "Find a figure or member",
                "",
                ("figure", "figures"),
                420,
            ),
            key="impact_moves",
        )
    notices.aside([str(note) for note in found.get("notes", ())])


def _differing(before: Any, after: Any) -> tuple[str, str]:
    """Both sides as YAML; of two maps only the keys that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [n for n in {**before, **after} if before.get(n) != after.get(n)]
        before, after = ({n: m[n] for n in names if n in m} for m in (before, after))
    return tuple("nothing" if v in (None, {}) else one_line(v) for v in (before, after))  # type: ignore[return-value]


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:118]}…"


def _few(names: list[Any], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
