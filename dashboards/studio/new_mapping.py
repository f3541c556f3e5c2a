"""Beginning a mapping: what a scan suggests for a table, or the columns that bear the same name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboards import notices
from dashboards.studio import parts, state
from dashboards.studio.places import Place, go
from dashboards.studio.state import Opened, digest_of
from metadata.editing import EditRefused, append_document
from metadata.propose import Proposal, known_of, propose
from metadata.propose.proving import prove
from metadata.propose.writing import mapping_files, source_text
from metadata.scan import Scan

LEAST = 0.5
"""Confidence below which a column is only a comment of the draft."""
_KEPT = "studio_proposals"


def button(opened: Opened) -> None:
    """Offer to begin a mapping."""
    with st.popover("New mapping", icon=":material/add:"):
        tables = _tables(opened)
        if not tables:
            st.markdown("No source is described yet, so there is no table to map.")
            st.button("Describe a source", on_click=go, args=(Place("sources"),))
            return
        table = st.selectbox(
            "Table to be read",
            tables,
            index=None,
            key="new_mapping_table",
            placeholder="Choose a table",
        )
        if not table:
            st.caption("Drafts come from what the newest scan has found in the table.")
            return
        proposal = _proposal(opened, table)
        drafts = proposal.drafts if proposal else ()
        other = "Another entity …"
        words = {
            draft.entity: f"{draft.entity.replace('_', ' ')} · {draft.confidence:.0%} sure,"
            f" {len(draft.active)} columns"
            for draft in drafts
        }
        if drafts:
            chosen = st.radio(
                "What it may fill",
                [*words, other],
                key=f"new_mapping_draft|{table}",
                format_func=lambda each: words.get(each, each),
            )
        else:
            st.caption(_why_none(table, proposal))
            chosen = other
        if chosen != other:
            assert proposal is not None
            _from_draft(opened, proposal, str(chosen), table)
        else:
            _from_names(opened, table)


def _from_draft(opened: Opened, proposal: Proposal, entity: str, table: str) -> None:
    draft = next(each for each in proposal.drafts if each.entity == entity)
    st.caption(notices.plain(draft.reason))
    unsure = [c.column for c in draft.active if c.confidence < 0.8]
    if unsure:
        st.caption(f"To look at first: {notices.plain(', '.join(unsure[:8]))}.")
    missing = [each.column for each in draft.missing if each.required]
    if missing:
        st.caption(f":orange[Nothing fills {notices.plain(', '.join(missing))} yet.]")
    name = f"{entity}<{table}"

    def begin() -> None:
        read = tuple(each for each in proposal.tables if each.name in draft.tables)
        alone = replace(proposal, drafts=(draft,), tables=read)
        (text,) = mapping_files(alone, LEAST).values()
        file = parts.first_file("mappings", f"{proposal.source}_{entity}", opened)
        entry = opened.outline.find("source", proposal.source)
        if entry is not None:
            try:
                source_text(alone, opened.texts[entry.file], entry.document)
                state.edit(entry.file, lambda now: source_text(alone, now, entry.document))
            except EditRefused:
                pass  # A source file that only a person should change is told by its problems.
        if state.edit(file, lambda _: text):
            go(Place("mappings", name))

    st.button("Begin with this draft", type="primary", on_click=begin)


def _from_names(opened: Opened, table: str) -> None:
    entity = st.selectbox(
        "Entity to be filled",
        sorted(opened.repository.entities),
        index=None,
        key="new_mapping_entity",
        format_func=lambda name: name.replace("_", " "),
    )
    if not entity:
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


@dataclass(frozen=True)
class _Asked:
    """What a proposal was made from."""

    table: str
    scan: int
    texts: str


def _proposal(opened: Opened, table: str) -> Proposal | None:
    """What the newest scan of the table's source suggests; None without a scan."""
    source, _, own = table.partition(".")
    scan = parts.scan_of(source)
    if scan is None or scan.table(own) is None or source not in opened.repository.sources:
        return None
    asked = _Asked(table, scan.version, digest_of(opened.texts))
    kept: dict[_Asked, Proposal] = st.session_state.setdefault(_KEPT, {})
    if asked not in kept:
        with st.spinner("Comparing the table with the model …"):
            while len(kept) >= 8:
                kept.pop(next(iter(kept)))
            kept[asked] = _proposed(opened, scan, source, own)
    return kept[asked]


def _proposed(opened: Opened, scan: Scan, source: str, table: str) -> Proposal:
    known = known_of(opened.repository, source)
    found = scan.table(table)
    proposal = propose(scan, known, tables=[found.name if found else table], least=LEAST)
    texts = dict(opened.texts)
    entry = opened.outline.find("source", source)
    if entry is not None:
        try:
            texts[entry.file] = source_text(proposal, texts[entry.file], entry.document)
        except EditRefused:
            return proposal
    return prove(state.root(), proposal, texts, LEAST).proposal


def _why_none(table: str, proposal: Proposal | None) -> str:
    source, _, own = table.partition(".")
    if proposal is None:
        return (
            f"The table has not been scanned, so nothing can be suggested. Scan {source} for drafts"
            " with reasons, or begin with the columns that bear the same name."
        )
    if proposal.already:
        return f"It is mapped already: {notices.plain(', '.join(proposal.already))}."
    why = notices.plain(proposal.left.get(own, ""))
    return f"No entity of the model fits this table well. {why}".strip()


def _tables(opened: Opened) -> list[str]:
    """Tables that are read, then those that a scan has found beside them."""
    found = parts.source_tables(opened)
    for entry in opened.outline.of("source"):
        scan = parts.scan_of(entry.name)
        found += [f"{entry.name}.{table.name}" for table in scan.tables] if scan else []
    return list(dict.fromkeys(found))


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
