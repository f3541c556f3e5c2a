"""Columns that a fact has to carry so that a metric can be measured: additions to the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sqlglot import exp

from metadata.expressions import columns_of, parse_expression
from metadata.ossie.scalars import Inexpressible, is_number
from metadata.ossie.translating import Translator, checked, target_of
from metadata.ossie.vocabulary import EntityColumn, FactColumn, RoleColumn, Target
from metadata.paths import PathError
from metadata.repository import Repository, ResolvedFact

Group = Literal["measures", "degenerate"]


@dataclass(frozen=True)
class Addition:
    """One column to be added to a fact, as its definition writes it."""

    fact: str
    group: Group
    name: str
    definition: dict[str, Any] = field(hash=False)


@dataclass
class Additions:
    """Collects the columns that the facts of a workspace lack; the same one only once."""

    repository: Repository
    found: list[Addition] = field(default_factory=list)

    def measure(self, translator: Translator, tree: exp.Expr, wanted: str) -> str:
        """A measure of the fact that computes a scalar of the document; its name."""
        fact = translator.fact
        tree = translator.simplified(tree)
        money = _amount(translator, tree)
        if money is None and any(each.convert for each in fact.definition.measures.values()):
            translator.notes.append("It is not converted; mark it 'convert' if it is an amount.")
        text = checked(translator.replaced(tree, translator.path).sql(dialect="duckdb"))
        self._resolvable(fact, text)
        definition: dict[str, Any] = {"expr": text}
        if isinstance(parse_expression(text), exp.Column | exp.Dot):
            definition = {"from": text, "type": self._type(fact, text)}
        elif _is_inexact(translator, tree):
            definition["type"] = "double"
        if money:
            definition.pop("type", None)
            definition["convert"] = True
        return self._add(fact, "measures", wanted, definition)

    def column(self, translator: Translator, target: EntityColumn, wanted: str) -> str:
        """A column of the entity as the fact's own: a label where it is text; its name."""
        fact = translator.fact
        if target.type == "string":
            return self._add(fact, "degenerate", wanted, {"from": target.path})
        kind = {"from": target.path, "type": target.type}
        return self._add(fact, "measures", wanted, kind)

    def label(self, translator: Translator, tree: exp.Expr, wanted: str) -> str:
        """A text computed for each row of the fact; its name."""
        text = checked(translator.replaced(tree, translator.path).sql(dialect="duckdb"))
        self._resolvable(translator.fact, text)
        return self._add(translator.fact, "degenerate", wanted, {"expr": text})

    def forget(self, names: set[tuple[str, str]]) -> None:
        """Leave out columns, given as (fact, column)."""
        self.found = [each for each in self.found if (each.fact, each.name) not in names]

    def _add(self, fact: ResolvedFact, group: Group, wanted: str, said: dict[str, Any]) -> str:
        for each in self.found:
            if each.fact == fact.name and each.group == group and each.definition == said:
                return each.name
        definition = fact.definition
        taken = {*definition.measures, *definition.degenerate, *fact.grain}
        taken |= {f"{role}_key" for role in definition.dimensions}
        taken |= {f"{name}_original" for name in definition.measures}
        taken |= {each.name for each in self.found if each.fact == fact.name}
        name = free_name(wanted, taken)
        self.found.append(Addition(fact.name, group, name, said))
        return name

    def _type(self, fact: ResolvedFact, path: str) -> str:
        return self.repository.path(fact.entity.entity, path).type

    def _resolvable(self, fact: ResolvedFact, text: str) -> None:
        for parts in columns_of(text):
            try:
                self.repository.path(fact.entity.entity, ".".join(parts))
            except PathError as error:
                raise Inexpressible(str(error)) from None


def free_name(wanted: str, taken: set[str]) -> str:
    """A name as definitions allow it, numbered where it is taken.

    >>> free_name("Total Sales ($)", {"total_sales"})
    'total_sales_2'
    """
    kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in wanted.lower())
    name = "_".join(part for part in kept.split("_") if part)[:56]
    if not name or not name[0].isalpha():
        name = f"m_{name}".rstrip("_")
    numbered = (f"{name}_{number}" for number in range(2, 10_000))
    return next(each for each in (name, *numbered) if each not in taken)


def _amount(translator: Translator, tree: exp.Expr) -> bool | None:
    """Whether a scalar is an amount in the row's currency; None for what may be either.

    Raises:
        Inexpressible: amounts are multiplied by each other, or mixed with what is none.
    """
    tree = tree.unnest()
    match tree:
        case exp.Column():
            return _is_amount(translator, target_of(tree))
        case exp.Mul():
            sides = [_amount(translator, side) for side in (tree.this, tree.expression)]
            if sides == [True, True]:
                raise Inexpressible("It multiplies amounts of money by each other.")
            return True if True in sides else _agreed(sides)
        case exp.Div():
            above, below = _amount(translator, tree.this), _amount(translator, tree.expression)
            if below is True:
                if above is not True:
                    raise Inexpressible("It divides by an amount of money, row by row.")
                return False
            return above
        case exp.Literal() | exp.Null() | exp.Boolean():
            return None
        case exp.Case() | exp.If():
            branches = [branch.args["true"] for branch in tree.args.get("ifs", [tree])]
            rest = tree.args.get("default") or tree.args.get("false")
            return _agreed([_amount(translator, b) for b in (*branches, rest) if b is not None])
        case exp.Add() | exp.Sub():
            return _agreed([_amount(translator, s) for s in (tree.this, tree.expression)])
        case exp.Coalesce():
            return _agreed([_amount(translator, s) for s in (tree.this, *tree.expressions)])
        case _:
            inner = [c for c in tree.iter_expressions() if not isinstance(c, exp.DataType)]
            return _agreed([_amount(translator, each) for each in inner])


def _agreed(kinds: list[bool | None]) -> bool | None:
    known = {kind for kind in kinds if kind is not None}
    if len(known) > 1:
        raise Inexpressible("It mixes amounts of money with other numbers.")
    return known.pop() if known else None


def _is_amount(translator: Translator, target: Target) -> bool | None:
    measures = translator.fact.definition.measures
    match target:
        case FactColumn(name):
            return name in measures and measures[name].convert
        case EntityColumn(path):
            known = {each.convert for each in measures.values() if each.from_ == path}
            return known.pop() if len(known) == 1 else None
        case RoleColumn():
            return None


def _is_inexact(translator: Translator, tree: exp.Expr) -> bool:
    """Whether rounding row by row to the places of a decimal would change the sum."""
    for node in tree.walk():
        if isinstance(node, exp.Div | exp.SafeDivide):
            return True
        if isinstance(node, exp.Literal) and not node.is_string and "." in node.name:
            return not is_number(node, float(int(float(node.name))))
        if isinstance(node, exp.Column):
            found = target_of(node)
            if isinstance(found, FactColumn):
                if translator.fact.column_type(found.name) == "double":
                    return True
            elif isinstance(found, EntityColumn) and found.type == "double":
                return True
    return False
