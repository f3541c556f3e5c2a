"""What a metric's expression says: one aggregate, or two of them divided; or why it is neither.

The shapes know nothing of any workspace: their columns are still those of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from metadata.ossie.document import Metric
from metadata.ossie.scalars import (
    AGGREGATES,
    Inexpressible,
    Kind,
    both,
    bracketed,
    choice,
    is_constant,
    is_number,
    is_numeric,
    number_of,
    parsed,
    refuse_inside,
    times,
    unguarded,
    why_not,
    zero_for_nothing,
)

_EMPTY_NOT_ZERO = "Where there are no rows it is empty, not 0."
_NOT_ROUNDED = "It is not rounded; its format rounds what is shown."


@dataclass(frozen=True)
class Aggregation:
    """One aggregate over rows."""

    kind: Kind
    operand: exp.Expr | None
    """A scalar over the document's columns; None counts rows."""
    condition: exp.Expr | None


@dataclass(frozen=True)
class Named:
    """Another metric, by its name."""

    name: str


@dataclass(frozen=True)
class Quotient:
    """Two figures, divided after both are totalled."""

    above: Aggregation | Named
    below: Aggregation | Named


Shape = Aggregation | Named | Quotient


@dataclass
class Reader:
    """Reads the expressions of one document's metrics."""

    metrics: Mapping[str, Metric]
    """By name in lower case."""
    notes: list[str] = field(default_factory=list)
    _open: tuple[str, ...] = ()

    def shape(self, metric: Metric) -> Shape:
        """What a metric computes; `notes` then tells what is not quite the same.

        Raises:
            Inexpressible: no measure of a cube computes that.
        """
        self.notes, self._open = [], (metric.name.casefold(),)
        return self._shape(parsed(metric))

    def _shape(self, tree: exp.Expr) -> Shape:
        tree = self._unwrapped(tree)
        name = self._metric_name(tree)
        if name is not None:
            return Named(name)
        divided = self._division(tree)
        if divided is not None:
            return self._quotient(*divided)
        if isinstance(tree, exp.Mul):
            for factor, other in ((tree.this, tree.expression), (tree.expression, tree.this)):
                if is_number(factor, 100) and self._division(self._unwrapped(other)):
                    self.notes.append(_AS_FRACTION)
                    return self._shape(other)
        moved = self._moved(tree)
        if moved is not None:
            return moved
        aggregate = self._aggregate(tree)
        if aggregate is not None:
            return aggregate
        return self._combined(tree)

    def _moved(self, tree: exp.Expr) -> Shape | None:
        """`1 - a / b` is `(b - a) / b`, and `a / b - 1` is `(a - b) / b`."""
        if not isinstance(tree, exp.Add | exp.Sub):
            return None
        left, right = self._unwrapped(tree.this), self._unwrapped(tree.expression)
        for constant, other in ((left, right), (right, left)):
            divided = self._division(other) if number_of(constant) is not None else None
            if divided is not None and number_of(divided[1]) is None:
                above, below = divided[0], unguarded(divided[1])
                whole = exp.Mul(this=constant.copy(), expression=exp.paren(below.copy()))
                first, second = (whole, above) if constant is left else (above, whole)
                sides = {"this": exp.paren(first), "expression": exp.paren(second)}
                return self._quotient(type(tree)(**sides), below)
        return None

    def _part(self, tree: exp.Expr) -> Aggregation | Named:
        found = self._shape(tree)
        if isinstance(found, Quotient):
            raise Inexpressible(
                "It divides a quotient: a ratio is built from totals, not from other ratios."
            )
        return found

    def _quotient(self, above: exp.Expr, below: exp.Expr) -> Shape:
        above, below = self._unwrapped(above), self._unwrapped(unguarded(below))
        if number_of(below) is not None:
            return self._combined(exp.Div(this=above, expression=below))
        if isinstance(above, exp.Mul):
            for factor, other in ((above.this, above.expression), (above.expression, above.this)):
                if is_number(factor, 100):
                    self.notes.append(_AS_FRACTION)
                    above = other
                    break
        if number_of(above) is not None:
            raise Inexpressible("It divides a constant by an aggregate.")
        return Quotient(self._part(above), self._part(below))

    def _division(self, tree: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
        """The two sides of a division of aggregates, however it is guarded against zero."""
        if isinstance(tree, exp.Div | exp.SafeDivide):
            return tree.this, tree.expression
        guard: exp.If | None = None
        otherwise = None
        if isinstance(tree, exp.If):
            guard, otherwise = tree, tree.args.get("false")
        elif isinstance(tree, exp.Case) and tree.this is None and len(tree.args["ifs"]) == 1:
            guard, otherwise = tree.args["ifs"][0], tree.args.get("default")
        if guard is None or not guard.this.find(exp.AggFunc):
            return None
        for branch in (guard.args["true"], otherwise):
            inner = branch.unnest() if branch is not None else None
            if isinstance(inner, exp.Div | exp.SafeDivide):
                rest = otherwise if branch is guard.args["true"] else guard.args["true"]
                if rest is not None and not isinstance(rest, exp.Null):
                    self.notes.append("Where nothing can be divided by it is empty, not a number.")
                return inner.this, inner.expression
        return None

    def _unwrapped(self, tree: exp.Expr) -> exp.Expr:
        """The expression without what does not change the figure, or changes only how it looks."""
        while True:
            as_number = isinstance(tree, exp.Cast | exp.TryCast) and is_numeric(tree.args["to"])
            if as_number or isinstance(tree, exp.Paren):
                tree = tree.this
            elif isinstance(tree, exp.Round):
                self._note(_NOT_ROUNDED)
                tree = tree.this
            elif (inner := zero_for_nothing(tree)) is not None and tree.find(exp.AggFunc):
                self._note(_EMPTY_NOT_ZERO)
                tree = inner
            elif isinstance(tree, exp.Mul) and is_number(tree.this, 1):
                tree = tree.expression
            elif isinstance(tree, exp.Mul) and is_number(tree.expression, 1):
                tree = tree.this
            else:
                return tree

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _metric_name(self, tree: exp.Expr) -> str | None:
        if isinstance(tree, exp.Column) and not tree.table:
            found = self.metrics.get(tree.name.casefold())
            return found.name if found else None
        return None

    def _aggregate(self, tree: exp.Expr) -> Aggregation | None:
        condition: exp.Expr | None = None
        if isinstance(tree, exp.Filter):
            condition, tree = tree.expression.this, tree.this
        if isinstance(tree, exp.CountIf):
            return Aggregation("count", None, both(condition, tree.this))
        if isinstance(tree, exp.ApproxDistinct):
            self._note("It is counted exactly, not estimated.")
            return self._over("count_distinct", tree.this, condition)
        kind = AGGREGATES.get(type(tree))
        if kind is None:
            return None
        operand: exp.Expr = tree.this
        if isinstance(operand, exp.Distinct):
            if kind != "count":
                raise Inexpressible(f"It is a {kind} of distinct values.")
            if len(operand.expressions) != 1:
                raise Inexpressible("It counts distinct combinations of several columns.")
            kind, operand = "count_distinct", operand.expressions[0]
        elif tree.args.get("expressions"):
            raise Inexpressible("It aggregates several columns at once.")
        return self._over(kind, operand, condition)

    def _over(self, kind: Kind, operand: exp.Expr, condition: exp.Expr | None) -> Aggregation:
        refuse_inside(operand)
        operand = operand.unnest()
        chosen = choice(operand)
        if chosen is not None:
            when, value, otherwise = chosen
            ignored = otherwise is None or isinstance(otherwise, exp.Null)
            if ignored or (kind == "sum" and is_number(otherwise, 0)):
                operand, condition = value.unnest(), both(condition, when)
        if isinstance(operand, exp.Star) or (kind == "count" and is_constant(operand)):
            return Aggregation("count", None, condition)
        if kind == "sum" and is_number(operand, 1):
            return Aggregation("count", None, condition)
        return Aggregation(kind, operand, condition)

    def _combined(self, tree: exp.Expr) -> Aggregation:
        """Sums added, subtracted and multiplied by constants, as the sum of one expression."""
        terms = self._terms(tree)
        conditions = {term.condition.sql() if term.condition else "" for _, term in terms}
        if len(conditions) > 1:
            raise Inexpressible(
                "It adds up sums under different conditions; a measure has one condition."
            )
        operand: exp.Expr | None = None
        several = len(terms) > 1
        for factor, term in terms:
            assert term.operand is not None
            value = term.operand.copy()
            if several:
                # A sum leaves out what is missing, and an addition would be missing as a whole.
                value = exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
            less = factor is not None and is_number(factor, -1)
            if factor is not None and not less:
                value = exp.Mul(this=bracketed(value), expression=factor)
            if operand is None:
                operand = exp.Neg(this=bracketed(value)) if less else value
            else:
                operand = (exp.Sub if less else exp.Add)(this=operand, expression=value)
        return Aggregation("sum", operand, terms[0][1].condition)

    def _terms(self, tree: exp.Expr) -> list[tuple[exp.Expr | None, Aggregation]]:
        tree = self._unwrapped(tree)
        if isinstance(tree, exp.Add | exp.Sub):
            right = self._terms(tree.expression)
            if isinstance(tree, exp.Sub):
                right = [(times(exp.Literal.number(-1), factor), term) for factor, term in right]
            return self._terms(tree.this) + right
        if isinstance(tree, exp.Neg):
            return [
                (times(exp.Literal.number(-1), factor), term)
                for factor, term in self._terms(tree.this)
            ]
        if isinstance(tree, exp.Mul):
            for factor, other in ((tree.this, tree.expression), (tree.expression, tree.this)):
                if number_of(factor) is not None:
                    return [(times(factor.unnest(), f), t) for f, t in self._terms(other)]
        if isinstance(tree, exp.Div) and number_of(tree.expression) is not None:
            one = exp.Literal.number("1.0")
            share = exp.Paren(this=exp.Div(this=one, expression=tree.expression.unnest()))
            return [(times(share, factor), term) for factor, term in self._terms(tree.this)]
        name = self._metric_name(tree)
        if name is not None:
            if name.casefold() in self._open:
                raise Inexpressible(f"The metric '{name}' refers to itself.")
            above, self._open = self._open, (*self._open, name.casefold())
            found = self._terms(parsed(self.metrics[name.casefold()]))
            self._open = above
            return found
        aggregate = self._aggregate(tree)
        if aggregate is None:
            raise Inexpressible(why_not(tree))
        if aggregate.kind != "sum":
            word = aggregate.kind.replace("_", " ")
            raise Inexpressible(f"It computes with a {word}; only sums can be added up.")
        return [(None, aggregate)]


_AS_FRACTION = "It is a fraction (0.25 is shown as 25%); the document multiplies by 100."
