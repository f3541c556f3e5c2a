"""Drafts as definition files to be edited further: where each line came from stands above it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from metadata.errors import Issue
from metadata.ossie.additions import Addition
from metadata.ossie.drafting import CubeDraft
from metadata.repository import Repository, ResolvedFact

_WIDTH = 98


def cube_text(
    name: str,
    draft: CubeDraft,
    repository: Repository,
    *,
    origin: str,
    told: Mapping[str, Any],
    refused: Iterable[Issue] = (),
) -> str:
    """A cube's file.

    Args:
        name: what the cube is called here.
        draft: its measures.
        repository: the workspace, for the fact's roles.
        origin: the document it came from, in words.
        told: label, description and dimensions, where the document has them.
        refused: metrics that became no measure, to be told at the end.
    """
    fact = repository.facts[draft.fact]
    content = CommentedMap(cube=name)
    for key in ("label", "description"):
        if isinstance(told.get(key), str) and told[key].strip():
            content[key] = told[key].strip()
    content["fact"] = draft.fact
    content["dimensions"] = CommentedMap(_dimensions(fact, told))
    measures = CommentedMap()
    for measure, definition in draft.measures.items():
        said = definition.model_dump(exclude_defaults=True, by_alias=True, mode="json")
        measures[measure] = _styled(said)
        above = [*_lines(draft.origins.get(measure, "")), *draft.remarks.get(measure, ())]
        if above:
            measures.yaml_set_comment_before_after_key(measure, before="\n".join(above), indent=2)
    content["measures"] = measures
    head = f"Drafted from {origin}.\nLook it through, and rename what has a better name here.\n"
    text = _dumped(content, head)
    missing = [part for issue in refused for part in _lines(_told(issue))]
    if missing:
        text += "\n" + "".join(f"# {line}\n" for line in missing)
    return text


def additions_text(fact: str, additions: Iterable[Addition], origin: str) -> str:
    """A file of the model that gives a fact further columns."""
    content = CommentedMap(fact=fact)
    for each in additions:
        group = content.setdefault(each.group, CommentedMap())
        group[each.name] = _styled(each.definition)
    head = f"Columns that fact '{fact}' needs for what was drafted from {origin}.\n"
    return _dumped(content, head)


def _dimensions(fact: ResolvedFact, told: Mapping[str, Any]) -> dict[str, Any]:
    wanted = told.get("dimensions")
    labels = told.get("labels")
    found: dict[str, Any] = {}
    for name, role in fact.roles.items():
        if role.available and (not isinstance(wanted, dict) or name in wanted):
            label = labels.get(name) if isinstance(labels, dict) else None
            plain = {"dimension": role.dimension.name, "label": label}
            found[name] = _styled(plain) if isinstance(label, str) else role.dimension.name
    return found or {
        name: role.dimension.name for name, role in fact.roles.items() if role.available
    }


def _told(issue: Issue) -> str:
    return f"{issue.what} {issue.why}".strip()


def _lines(text: str) -> list[str]:
    """An expression as lines of a comment."""
    return [part for line in text.splitlines() for part in _wrapped(line.strip()) if part]


def _wrapped(line: str) -> list[str]:
    found, rest = [], line
    while len(rest) > _WIDTH:
        cut = rest.rfind(" ", 0, _WIDTH)
        cut = cut if cut > 0 else _WIDTH
        found.append(rest[:cut])
        rest = rest[cut:].strip()
    return [*found, rest]


def _styled(value: Any) -> Any:
    """Maps of a few plain values on one line."""
    if isinstance(value, dict):
        content = CommentedMap((key, _styled(item)) for key, item in value.items())
        if sum(len(str(k)) + len(str(v)) + 4 for k, v in value.items()) < 72:
            content.fa.set_flow_style()
        return content
    if isinstance(value, list | tuple):
        items = CommentedSeq(_styled(item) for item in value)
        items.fa.set_flow_style()
        return items
    return value


def _dumped(content: CommentedMap, head: str) -> str:
    yaml = YAML()
    yaml.width = 100
    yaml.allow_unicode = True
    content.yaml_set_start_comment(head)
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()
