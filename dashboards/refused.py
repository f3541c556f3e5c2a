"""The rows that rules refused: how many for which reason, and each with what it held."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from cubes.operations import Operations, RefusedRow

MOST_ROWS = 500
MOST_SEARCHED = 20_000


def section(operations: Operations, *, rows: bool) -> None:
    """Reasons on top; one of them chosen, its rows below.

    Args:
        operations: how the warehouse was filled.
        rows: whether rows may be shown as they came; else only how many there are.
    """
    refusals = operations.refusals()
    stopped = [each for each in refusals if each.outcome == "quarantined"]
    if not refusals:
        st.markdown(":material/check_circle: No row was refused, and no rule had a remark.")
        return
    st.subheader("Reasons", anchor=False)
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "What happened": "✕ refused" if each.outcome == "quarantined" else "! remarked",
                    "In": each.entity.replace("_", " "),
                    "From": each.mapping.partition("<")[2],
                    "Column": each.column,
                    "Rule": each.rule.replace("_", " "),
                    "Rows": each.rows,
                }
                for each in sorted(refusals, key=lambda each: (each.outcome, -each.rows))
            ]
        ),
        hide_index=True,
        column_config={"Rows": st.column_config.NumberColumn(format="localized")},
        alt="Rules that refused rows, or remarked on them",
    )
    st.caption("Remarked rows are loaded; the value in question was emptied or marked unknown.")
    if stopped and not rows:
        st.caption("The rows themselves are shown to people with the role engineer.")
    elif stopped:
        _rows(operations, sorted({each.entity for each in stopped}))


def _rows(operations: Operations, entities: list[str]) -> None:
    st.subheader("Refused rows", anchor=False)
    with st.container(horizontal=True):
        entity = st.selectbox(
            "Refused in", entities, key="refused_entity", width=260, bind="query-params",
            format_func=lambda name: name.replace("_", " "),
        )  # fmt: skip
        word = st.text_input("Holding", key="refused_word", width=260, placeholder="any text")
    rows = operations.refused_rows(entity, MOST_SEARCHED)
    found = [row for row in rows if word.lower() in f"{row.row_json} {row.reason}".lower()]
    if not found:
        held = "No refused row holds this." if word else "The last load kept none of these rows."
        st.caption(held)
        return
    frame = pd.DataFrame([_shown(row) for row in found[:MOST_ROWS]])
    st.dataframe(frame, hide_index=True, alt="Refused rows with their reasons")
    more = f" The first {MOST_ROWS} are shown." if len(found) > MOST_ROWS else ""
    st.caption(
        f"Mend them at the source, or change the rule; the next load takes them in by itself.{more}"
        " `rapport quarantine replay` tries them again at once."
    )


def _shown(row: RefusedRow) -> dict[str, object]:
    """A refused row: why, then the source row as it came."""
    return {
        "Why": row.reason,
        "Column": row.column,
        "Value": row.value,
        "Source table": f"{row.source}.{row.table}",
        "Row": row.row,
        **_source_row(row.row_json),
    }


def _source_row(text: str | None) -> dict[str, str]:
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return {}
    return {f"· {name}": str(value) for name, value in values.items() if value is not None}
