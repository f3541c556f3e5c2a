"""Beginning a mapping: an entity, a table, and the columns that bear the same name."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.studio import parts, state
from dashboards.studio.places import Place, go
from dashboards.studio.state import Opened
from metadata.editing import append_document


def button(opened: Opened) -> None:
    """Offer to begin a mapping."""
    with st.popover("New mapping", icon=":material/add:"):
        entities = sorted(opened.repository.entities)
        entity = st.selectbox(
            "Entity to be filled",
            entities,
            index=None,
            key="new_mapping_entity",
            format_func=lambda name: name.replace("_", " "),
        )
        table = st.selectbox(
            "Table to be read", parts.source_tables(opened), index=None, key="new_mapping_table"
        )
        if not entity or not table:
            return
        name = f"{entity}<{table}"
        if opened.outline.find("mapping", name):
            st.caption("This table fills that entity already.")
            st.button("Open it", on_click=go, args=(Place("mappings", name),))
            return
        content, found = begun(opened, entity, table)
        st.caption(
            f"{found} of {len(opened.repository.entity(entity).columns)} columns bear the"
            " same name and are filled from it; the rest is up to you."
        )

        def begin() -> None:
            file = parts.first_file("mappings", f"{entity}_{table.replace('.', '_')}", opened)
            if state.edit(file, lambda text: append_document(text, content)):
                go(Place("mappings", name))

        st.button("Begin", type="primary", on_click=begin)


def begun(opened: Opened, entity: str, table: str) -> tuple[dict[str, Any], int]:
    """A mapping to begin with, and how many of its columns were found by name."""
    definition = opened.repository.entity(entity)
    source = {_plain(name): name for name in parts.columns_of_table(opened, table)}
    columns: dict[str, Any] = {}
    found = 0
    for name in definition.columns:
        same = source.get(_plain(name))
        if same is not None:
            columns[name] = same
            found += 1
        elif name in definition.key:
            columns[name] = next(iter(source.values()), name)
    return {"entity": entity, "from": table, "columns": columns}, found


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
