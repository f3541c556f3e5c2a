"""What an edit does to real rows: before and after, what is refused, and the statement beside."""

from __future__ import annotations

import streamlit as st

from dashboards import notices
from dashboards.studio import asking, rule_text, values_html
from dashboards.studio.state import Opened
from metadata.errors import UserError
from metadata.workbench import Kind, Preview, Trial

_SHOWN: dict[str, tuple[Kind, ...]] = {
    "All": (),
    "What changes": ("outcome", "value"),
    "What fails": ("outcome", "refused"),
}


def column_effect(opened: Opened, mapping: str, column: str, clean: object) -> None:
    """The values of one column, tried on landed rows."""
    with st.container(border=True, key="effect", gap="small"):
        top = st.container(horizontal=True, vertical_alignment="center", gap="small")
        top.markdown("**On real rows**")
        shown = top.segmented_control(
            "Show",
            ["Values", "SQL"],
            default="Values",
            required=True,
            key="effect_show",
            label_visibility="collapsed",
        )
        only = ()
        if shown == "Values":
            chosen = st.segmented_control(
                "Which",
                list(_SHOWN),
                default="All",
                required=True,
                key="effect_only",
                label_visibility="collapsed",
            )
            only = _SHOWN.get(str(chosen), ())
        try:
            with st.skeleton(height=320):
                told = asking.preview(opened, mapping, column, only=only, sql=shown == "SQL")
        except UserError as error:
            _not_tried(error)
            return
        _summary(told, column)
        if shown == "SQL":
            _statements(told)
        elif told.examples:
            rules = [rule_text.summary("clean", raw) for raw in rule_text.listed(clean)]
            compared = any(e.before is not None and e.before != e.after for e in told.examples)
            st.html(values_html.examples_table(told.examples, rules, compared=compared))
            st.caption(
                "Equal values are shown once, what changes first. `·` is a space that matters."
            )
        else:
            st.caption(_nothing(str(chosen)))


def rows_effect(opened: Opened, mapping: str, columns: list[str]) -> None:
    """Whole rows as they would be loaded."""
    names = {"Changed": ("changed",), "Refused": ("refused",), "All": ()}
    with st.container(border=True, key="effect_rows", gap="small"):
        top = st.container(horizontal=True, vertical_alignment="center", gap="small")
        top.markdown("**Whole rows**")
        chosen = top.segmented_control(
            "Which rows",
            list(names),
            default="All",
            required=True,
            key="effect_rows_only",
            label_visibility="collapsed",
        )
        try:
            with st.skeleton(height=320):
                told = asking.preview(
                    opened, mapping, None, only=names.get(str(chosen), ()), limit=60
                )
        except UserError as error:
            _not_tried(error)
            return
        _summary(told, None)
        if not told.rows:
            st.caption(
                "No row of the sample is changed."
                if chosen == "Changed"
                else "No row of the sample is refused."
            )
            return
        st.html(values_html.rows_table(told.rows, columns))


def _summary(told: Preview, column: str | None) -> None:
    looked = (
        f"all {told.looked_at:,} rows"
        if told.whole
        else f"{told.looked_at:,} of about {told.landed:,} rows"
    )
    marks: list[tuple[str, str]] = []
    if told.before is not None:
        moved = told.value_changes.get(column, 0) if column else sum(told.value_changes.values())
        marks.append(
            (f"{moved:,} value{'' if moved == 1 else 's'} changed", "calm" if moved else "")
        )
        more = told.after.rows("quarantined") - told.before.rows("quarantined")
        if more:
            words = "more rows refused" if more > 0 else "fewer rows refused"
            marks.append((f"{abs(more):,} {words}", "bad" if more > 0 else "good"))
        if told.after.rows("filtered") != told.before.rows("filtered"):
            less = told.after.rows("filtered") - told.before.rows("filtered")
            marks.append(
                (f"{abs(less):,} rows {'left out' if less > 0 else 'let in'} by the filter", "warn")
            )
        other = sum(count for name, count in told.value_changes.items() if name != column)
        if column and other:
            marks.append((f"{other:,} values of other columns changed", ""))
    marks.append((_fate(told.after), ""))
    st.html(values_html.marks(marks))
    st.caption(f"Tried on {looked} of {notices.plain(told.table)} that have landed.")


def _fate(trial: Trial) -> str:
    words = {
        "staged": "loaded",
        "quarantined": "refused",
        "merged": "merged",
        "filtered": "left out",
    }
    return ", ".join(f"{trial.rows(k):,} {w}" for k, w in words.items() if trial.rows(k))


def _statements(told: Preview) -> None:
    st.caption("The statements that a load runs, made from the rules. They cannot be edited here.")
    for stage in told.sql:
        if stage.name == "The whole statement":
            with st.expander("The whole statement of this mapping"):
                st.code(stage.sql, language="sql", line_numbers=True, height=420)
        else:
            st.markdown(f"**{stage.name}**")
            st.code(stage.sql, language="sql", wrap_lines=True)


def _not_tried(error: UserError) -> None:
    """Why there is nothing to be seen; calm, for it is no failure of what is edited."""
    for issue in error.issues[:5]:
        parts = [notices.plain(issue.what), notices.plain(issue.why), issue.fix]
        st.info("  \n".join(part for part in parts if part), icon=":material/visibility_off:")
    st.button("Try again", icon=":material/refresh:", type="tertiary", key="effect_again")


def _nothing(chosen: str) -> str:
    return {
        "What changes": "No value of the sample is changed by what you edited.",
        "What fails": "No value of the sample fails.",
    }.get(chosen, "The sample is empty.")
