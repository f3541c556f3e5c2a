"""The reference part of the documentation, written from the code so that the two cannot part.

`python -m pipelines.reference` writes `docs/reference/`; a test compares it with what is committed.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from metadata import Repository
from metadata.expressions import FUNCTIONS
from metadata.model import cube, mapping, source, star, workspace
from metadata.model.rules import CHECKS, CLEANSING, Rule
from metadata.repository import ResolvedDimension
from pipelines.shipped import everything_shipped

_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_MODELS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("workspace.yaml", "One for each workspace.", workspace.Workspace),
    ("sources/*.yaml", "", source.Source),
    ("mappings/*.yaml", "", mapping.EntityMapping),
    ("lookups/*.yaml", "", mapping.Lookup),
    ("Entities", "In `model/*.yaml`.", star.Entity),
    ("Dimensions", "In `model/*.yaml`.", star.Dimension),
    ("Bridges", "In `model/*.yaml`.", star.Bridge),
    ("Facts", "In `model/*.yaml`.", star.Fact),
    ("cubes/*.yaml", "", cube.Cube),
)


def pages() -> dict[str, str]:
    """Every reference page by file name."""
    shipped = everything_shipped()
    return {
        "definitions.md": _definitions(),
        "rules.md": _rules(),
        "model.md": _model(shipped),
        "cubes.md": _cubes(shipped),
        "commands.md": _commands(),
    }


def main() -> None:
    """Write the pages."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (_FOLDER / name).write_text(text, encoding="utf-8")


def _definitions() -> str:
    lines = ["# What may stand in the files", "", "Unknown keys are errors, never ignored.", ""]
    for title, about, model in _MODELS:
        lines += [f"## {title}", "", *([about, ""] if about else []), _doc(model), ""]
        for inner in _with_inner(model):
            if inner is not model:
                lines += [f"### {_words(inner.__name__)}", "", _doc(inner), ""]
            lines += [*_field_table(inner), ""]
    return _joined(lines)


def _with_inner(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The model, then the models its fields are made of, each once."""
    found: list[type[BaseModel]] = [model]
    for current in found:
        for field in current.model_fields.values():
            found += [m for m in _models_in(field.annotation) if m not in found]
    return [m for m in found if not issubclass(m, Rule)]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_args(annotation):
        for argument in typing.get_args(annotation):
            yield from _models_in(argument)


def _field_table(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field)
        meaning = (field.description or "").replace("|", "\\|")
        yield f"| `{field.alias or name}` | {_type(field.annotation)} | {default} | {meaning} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value in (None, "", (), {}) or isinstance(value, BaseModel):
        return ""
    return f"`{', '.join(map(str, value)) if isinstance(value, tuple) else value}`"


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{argument}`" for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        kinds = dict.fromkeys(_type(a) for a in arguments if a is not type(None))
        return " or ".join(kinds)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"map to {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "rule" if issubclass(annotation, Rule) else _words(annotation.__name__).lower()
    names = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _rules() -> str:
    lines = [
        "# Cleansing rules and checks",
        "",
        "A rule is written as its bare name (`trim`), or as its name with parameters",
        '(`{replace: {find: "-", with: ""}}`); a single parameter may be given directly',
        "(`{left: 3}`).",
        "",
        "## Cleansing rules",
        "",
        "Under `clean`; they run in the order in which they are written.",
        "",
        *_rule_table(CLEANSING),
        "",
        "## Checks",
        "",
        "Under `check`; a value that is missing passes every check but `required`. What fails goes",
        "the way of `otherwise`: `quarantine` (default), `null`, `unknown` or `keep`.",
        "",
        *_rule_table(CHECKS),
        "",
        "## Functions in expressions",
        "",
        "An expression is one scalar: no query, no aggregate, no window. It may call",
        ", ".join(f"`{name}`" for name in sorted(FUNCTIONS)) + ".",
    ]
    return _joined(lines)


def _rule_table(known: Iterable[type[Rule]]) -> Iterator[str]:
    yield "| rule | what it does | parameters |"
    yield "|---|---|---|"
    for rule in known:
        parameters = "; ".join(
            f"`{field.alias or name}`: {field.description}"
            for name, field in rule.model_fields.items()
        )
        yield f"| `{rule.rule}` | {_doc(rule)} | {parameters} |"


def _model(repository: Repository) -> str:
    lines = ["# The shipped model", "", "What a workspace does not map is simply absent.", ""]
    lines += ["## Entities", ""]
    for name in sorted(repository.entities):
        entity = repository.entity(name)
        lines += [f"### {name}", "", entity.description, "", f"Key: {_names(entity.key)}.", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        for column, each in entity.columns.items():
            target = f" Refers to {each.references}." if each.references else ""
            required = " Required." if each.required or column in entity.key else ""
            lines.append(f"| `{column}` | {each.type} | {each.description}{target}{required} |")
        lines.append("")
    lines += ["## Dimensions", ""]
    for dimension in repository.dimensions.values():
        lines += _dimension(dimension)
    lines += ["## Facts", ""]
    for fact in repository.facts.values():
        definition = fact.definition
        lines += [f"### {fact.name}", "", definition.description, ""]
        lines += [
            f"{definition.kind.replace('_', ' ').capitalize()}; from {fact.entity.entity}.",
            "",
        ]
        roles = ", ".join(
            f"`{role.name}`" + (f" ({role.dimension.name})" * (role.name != role.dimension.name))
            for role in fact.roles.values()
        )
        lines += [f"Dimensions: {roles}.", "", "| measure | type | meaning |", "|---|---|---|"]
        for name, measure in definition.measures.items():
            lines.append(f"| `{name}` | {measure.type} | {measure.description} |")
        lines.append("")
    return _joined(lines)


def _dimension(dimension: ResolvedDimension) -> list[str]:
    definition = dimension.definition
    lines = [f"### {dimension.name}", "", definition.description, ""]
    for name, hierarchy in definition.hierarchies.items():
        lines += [f"Hierarchy {name}: {' › '.join(hierarchy.levels)}.", ""]
    lines += ["| attribute | type | history | meaning |", "|---|---|---|---|"]
    for attribute in dimension.attributes.values():
        raw = attribute.definition
        about = raw.description or _described(dimension, attribute.name)
        lines.append(f"| `{attribute.name}` | {attribute.type} | {raw.history} | {about} |")
    return [*lines, ""]


def _described(dimension: ResolvedDimension, attribute: str) -> str:
    """An attribute copied from its own entity needs no words of its own."""
    path = dimension.attributes[attribute].path
    if dimension.entity is None or path is None or path.hops:
        return dimension.attributes[attribute].label + "."
    return dimension.entity.columns[path.column].description


def _cubes(repository: Repository) -> str:
    lines = ["# The shipped cubes", ""]
    for each in repository.cubes.values():
        lines += [f"## {each.label} (`{each.name}`)", "", each.definition.description, ""]
        lines += ["| measure | additivity | meaning |", "|---|---|---|"]
        for name, measure in each.definition.measures.items():
            kind = measure.additivity.replace("_", "-")
            lines.append(f"| `{name}` | {kind} | {measure.description} |")
        lines += ["", f"Dimensions: {_names(each.roles)}.", ""]
        for name, rollup in each.definition.rollups.items():
            lines += [f"Rollup {name}: {_names(rollup.measures)} by {_names(rollup.by)}.", ""]
    return _joined(lines)


def _commands() -> str:
    from pipelines.cli import app  # the command line imports this module's neighbours

    lines = ["# The command line", "", "Exit status 0: done. 1: something you can mend, told in"]
    lines += ["one message. 2: a defect of ours.", ""]
    root: Any = typer.main.get_command(app)
    for path, command in _walk("rapport", root):
        lines += [f"## {path}", "", inspect.cleandoc(command.help or ""), ""]
        lines += ["| parameter | default | meaning |", "|---|---|---|"]
        for parameter in command.params:
            if parameter.name == "help":
                continue
            spelled = ", ".join(f"`{o}`" for o in [*parameter.opts, *parameter.secondary_opts])
            default = parameter.default
            shown = "" if default in (None, False, "", []) or callable(default) else f"`{default}`"
            shown = "required" if parameter.required else shown
            lines.append(f"| {spelled} | {shown} | {getattr(parameter, 'help', '') or ''} |")
        lines.append("")
    return _joined(lines)


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name in sorted(inner):
        yield from _walk(f"{path} {name}", inner[name])


def _doc(thing: type) -> str:
    return inspect.cleandoc(thing.__doc__ or "").replace("\n\n", "\n\n")


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _joined(lines: Iterable[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


if __name__ == "__main__":
    main()
