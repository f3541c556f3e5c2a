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
from typing import Any, cast

import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from metadata import Repository
from metadata.expressions import FUNCTIONS
from metadata.lineage import lineage_of
from metadata.loader import SHIPPED_MODEL
from metadata.model import (
    access,
    cube,
    maintenance,
    mapping,
    matching,
    quality,
    source,
    star,
    workspace,
)
from metadata.model.rule import Rule, shown, summary
from metadata.model.rules import CHECKS, CLEANSING
from metadata.portal import load_portal
from pipelines.dictionary import markdown, model_pages
from pipelines.dictionary.pages import Kind, Page, Ref, anchor
from pipelines.dictionary.settling import settled
from pipelines.dictionary.trail import Trail
from pipelines.shipped import everything_shipped

_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_MODELS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("workspace.yaml", "One for each workspace.", workspace.Workspace),
    ("sources/*.yaml", "", source.Source),
    ("mappings/*.yaml", "", mapping.EntityMapping),
    ("lookups/*.yaml", "", mapping.Lookup),
    ("quality/*.yaml", "", quality.Quality),
    ("access/*.yaml", "", access.Access),
    ("maintenance/*.yaml", "", maintenance.Maintenance),
    ("matching/*.yaml", "", matching.Matching),
    ("Decisions", "In `matching/*.yaml`.", matching.Decisions),
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
        **_shipped(shipped),
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
        "(`{left: 3}`). [Rules](../rules.md) says how they work together.",
        "",
        "## Cleansing rules",
        "",
        "Under `clean`; they run in the order in which they are written. What a rule cannot read",
        "stays as it is, so that parsing or a check tells of it.",
        "",
        *_rule_sections(CLEANSING),
        "## Checks",
        "",
        "Under `check`; a value that is missing passes every check but `required`, `required_if`",
        "and `one_filled`. What fails goes the way of `otherwise`: `quarantine` (default), `null`,",
        "`unknown` or `keep`.",
        "",
        *_rule_sections(CHECKS),
        "## Functions in expressions",
        "",
        "An expression is one scalar: no query, no aggregate, no window. It may call",
        ", ".join(f"`{name}`" for name in sorted(FUNCTIONS)) + ".",
    ]
    return _joined(lines)


def _rule_sections(known: Iterable[type[Rule]]) -> Iterator[str]:
    for rule in known:
        yield from (f"### {rule.rule}", "", summary(rule), "")
        if rule.model_fields:
            yield from (*_field_table(rule), "")
        if rule.kinds is not None:
            yield from (f"For columns of type {', '.join(sorted(rule.kinds))}.", "")
        yield from (*(f"- {example}" for example in shown(rule)), "")


def _shipped(repository: Repository) -> dict[str, str]:
    """The pages of the shipped model, as the dictionary of a workspace has them, a file a kind."""
    portal = load_portal(SHIPPED_MODEL)
    trail = Trail(repository, lineage_of(repository, portal=portal), sources=False)
    pages = settled(model_pages(repository, trail))
    found = {"model.md": _joined(_contents(pages))}
    for kind, (name, title) in _SHIPPED.items():
        lines = [f"# {title}", "", _ABSENT, ""]
        for page in pages:
            if page.kind == kind:
                lines += _shipped_page(page, name)
        found[name] = _joined(lines)
    return found


_ABSENT = "What a workspace does not map is simply absent."
_SHIPPED: dict[Kind, tuple[str, str]] = {
    "cube": ("cubes.md", "The shipped cubes"),
    "fact": ("facts.md", "The shipped facts"),
    "dimension": ("dimensions.md", "The shipped dimensions"),
    "bridge": ("bridges.md", "The shipped bridges"),
    "entity": ("entities.md", "The shipped entities"),
}


def _contents(pages: Iterable[Page]) -> Iterator[str]:
    """The shipped model at a glance."""
    yield from ("# The shipped model", "", _ABSENT)
    yield "For a workspace of your own, `rapport dictionary` writes the same with its sources and"
    yield from ("rules, as a site.", "")
    known = tuple(pages)
    for kind, (name, title) in _SHIPPED.items():
        yield from (f"## [{title.removeprefix('The shipped ').capitalize()}]({name})", "")
        yield from ("| name | about | holds |", "|---|---|---|")
        for page in known:
            if page.kind == kind:
                yield f"| [{page.title}]({name}#{page.id}) | {page.about} | {page.brief} |"
        yield ""


def _shipped_page(page: Page, file: str) -> Iterator[str]:
    def address(to: Ref) -> str:
        holder, _ = _SHIPPED[cast(Kind, to.page.partition("-")[0])]
        row = f".{anchor(to.row)}" if to.row else ""
        return f"{'' if holder == file else holder}#{to.page}{row}"

    yield f'<a id="{page.id}"></a>'
    yield ""
    yield from markdown.page_lines(
        page,
        address,
        level=2,
        mark=lambda row: f"{page.id}.{anchor(row)}",
        linked=lambda place: f"../../{place.file}",
    )


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
