"""The rows that rules refused: how many for which reason, and each with what it held."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import streamlit as st

from cubes.control_tables import QUARANTINE_FILE
from cubes.operations import Operations
from dashboards import notices

MOST_ROWS = 500


def section(operations: Operations, storage: Path) -> None:
    """Reasons on top; one of them chosen, its rows below."""
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
    if stopped:
        _rows(storage / QUARANTINE_FILE, sorted({each.entity for each in stopped}))


def _rows(file: Path, entities: list[str]) -> None:
    st.subheader("Refused rows", anchor=False)
    if not file.is_file():
        st.caption("The refused rows are not on this machine.")
        return
    with st.container(horizontal=True):
        entity = st.selectbox(
            "Refused in", entities, key="refused_entity", width=260, bind="query-params",
            format_func=lambda name: name.replace("_", " "),
        )  # fmt: skip
        word = st.text_input("Holding", key="refused_word", width=260, placeholder="any text")
    found, whole = _read(file, entity, word)
    if not found:
        st.caption("No refused row holds this.")
        return
    st.dataframe(pd.DataFrame(found), hide_index=True, alt="Refused rows with their reasons")
    more = "" if whole else f" The first {MOST_ROWS} are shown."
    st.caption(
        f"Mend them at the source, or change the rule; the next load takes them in by itself.{more}"
        " `rapport quarantine replay` tries them again at once."
    )


def _read(file: Path, entity: str, word: str) -> tuple[list[dict[str, Any]], bool]:
    """Refused rows of an entity, each with its reasons and the source row as it came."""
    try:
        table = pq.read_table(file, filters=[("entity", "==", entity)])
    except OSError:
        notices.aside(["The refused rows are being written right now; look again in a moment."])
        return [], True
    if word:
        held = pc.match_substring(table.column("row_json"), word, ignore_case=True)
        why = pc.match_substring(table.column("reason"), word, ignore_case=True)
        table = table.filter(pc.or_kleene(held, why))
    rows = [
        {
            "Why": row["reason"],
            "Column": row["column"],
            "Value": row["value"],
            "Source table": f"{row['source']}.{row['table']}",
            "Row": row["row"],
            **_source_row(row["row_json"]),
        }
        for row in table.slice(0, MOST_ROWS).to_pylist()
    ]
    return rows, table.num_rows <= MOST_ROWS


def _source_row(text: str | None) -> dict[str, str]:
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return {}
    return {f"· {name}": str(value) for name, value in values.items() if value is not None}
