"""Filter text → predicate. sqlglot reads the syntax; anything but levels and values is refused.

customer.country = 'Germany' and order_date.year in (2024, 2025)
not (product.category like 'B%' or product.name is null)

Filters of access policies may also compare with what is written of the user who looks:
customer.region in {user.regions}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from metadata.errors import UserError
from metadata.filter_values import typed_value
from metadata.predicates import (
    EMPTY,
    And,
    Between,
    Compare,
    InList,
    IsNull,
    Like,
    Not,
    Operator,
    Or,
    Predicate,
    Value,
)
from metadata.repository import Level

LevelOf = Callable[[str], Level]
"""Binds a level name, or raises a UserError that says what is wrong with it."""

UserValues = Callable[[str], tuple[str | bool, ...] | None]
"""What is written of a user under a name; nothing where it is lacking, None where any user is
meant."""

MAX_LENGTH = 100_000
MAX_CONDITIONS = 500
"""Beyond it a database's own limit on nesting comes near; a list of values counts as one."""

_SYNTAX = (
    "A filter compares levels with values, such as customer.country = 'Germany' and"
    " order_date.year in (2024, 2025); it knows =, <>, <, <=, >, >=, in, between, like, ilike,"
    " is null, and, or, not and parentheses."
)

_COMPARISONS: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_MIRRORED: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Lacking(UserError):
    """The user lacks what a filter compares with."""


def parse_filter(text: str, level_of: LevelOf, user: UserValues | None = None) -> Predicate:
    """The predicate that a filter text means, with values typed as their levels are.

    Args:
        text: the filter.
        level_of: what its names mean.
        user: what `{user.name}` stands for; without it there is no such thing.

    Raises:
        UserError: the text is no filter, names an unknown level, or holds a value of a wrong type.
        Lacking: it compares with what the user does not have.
    """
    if len(text) > MAX_LENGTH:
        raise UserError(
            "The filter is too long.",
            why=f"It has {len(text)} characters; {MAX_LENGTH} are allowed.",
        )
    try:
        return _Reader(level_of, user).condition(_parsed(text))
    except SqlglotError as error:
        raise _not_a_filter(_reason(error)) from None
    except RecursionError:
        raise _not_a_filter("Its parentheses are nested too deeply.") from None


@lru_cache(maxsize=16)
def _parsed(text: str) -> exp.Expr:
    """A filter's syntax. One text is asked for each user and each cube; nobody changes its tree."""
    return sqlglot.parse_one(text, into=exp.Condition, dialect="duckdb")


def _reason(error: SqlglotError) -> str:
    """The parser's words and the place, without its escape codes."""
    if isinstance(error, ParseError):
        for detail in error.errors:
            said, near = detail.get("description"), detail.get("highlight")
            if said and "<class" in said:
                # What only the parser's authors understand.
                said = "Something is missing"
            if said:
                return f"{said.rstrip('.')}." + (f" Near: {near}" if near else "")
    return "It cannot be parsed."


class _Reader:
    """One walk over a parsed filter; it only remembers how many conditions it has met."""

    def __init__(self, level_of: LevelOf, user: UserValues | None) -> None:
        self._level_of = level_of
        self._user = user
        self._conditions = 0

    def condition(self, node: exp.Expr) -> Predicate:
        """The predicate that a node of the parsed text means."""
        if isinstance(node, exp.Paren):
            return self.condition(node.this)
        if isinstance(node, exp.And):
            return And(tuple(self._parts(node, And)))
        if isinstance(node, exp.Or):
            return Or(tuple(self._parts(node, Or)))
        if isinstance(node, exp.Not):
            return Not(self.condition(node.this))
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise UserError(
                "The filter has too many conditions.",
                why=f"{MAX_CONDITIONS} are allowed.",
                fix="Write many values of one level as a list: level in (...).",
            )
        return self._leaf(node)

    def _parts(self, node: exp.Connector, same: type[And] | type[Or]) -> Iterator[Predicate]:
        """Nested conjunctions, however they are put in parentheses, are one."""
        for part in node.flatten():
            inner = self.condition(part)
            if isinstance(inner, same):
                yield from inner.parts
            else:
                yield inner

    def _leaf(self, node: exp.Expr) -> Predicate:
        operator = _COMPARISONS.get(type(node))
        if operator is not None:
            return self._compare(node, operator)
        match node:
            case exp.In():
                return self._in_list(node)
            case exp.Between() if not node.args.get("symmetric"):
                level = self._level(node.this)
                low, high = node.args["low"], node.args["high"]
                _ordered(level)
                return Between(level.name, self._value(low, level), self._value(high, level))
            case exp.Like() | exp.ILike():
                return self._like(node)
            case exp.Is():
                return self._is(node)
            case exp.Column():
                level = self._level(node)
                if level.type == "boolean":
                    return Compare(level.name, "=", True)
                raise UserError(
                    f"'{level.name}' is not compared with anything.",
                    fix=f"Write a comparison, such as {level.name} = {_example(level)}.",
                )
        raise _refused(node)

    def _compare(self, node: exp.Expr, operator: Operator) -> Predicate:
        left, right = node.this, node.expression
        if not _is_column(left) and _is_column(right):
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        level = self._level(left)
        if operator in ("=", "<>"):
            if _is_empty(right):
                return IsNull(level.name) if operator == "=" else Not(IsNull(level.name))
            values = self._values(right, level)
            if len(values) > 1:
                listed = InList(level.name, values)
                return listed if operator == "=" else Not(listed)
            return Compare(level.name, operator, values[0])
        _ordered(level)
        return Compare(level.name, operator, self._value(right, level))

    def _in_list(self, node: exp.In) -> Predicate:
        of_user = node.args.get("field")
        if node.args.get("query") or node.args.get("unnest"):
            raise _refused(node)
        if of_user is not None and self._attribute(of_user) is None:
            raise _refused(node)
        level = self._level(node.this)
        if of_user is not None:
            return InList(level.name, self._values(of_user, level))
        if not node.expressions:
            raise UserError(
                f"The list of values for '{level.name}' is empty.",
                fix=f"Write at least one, such as {level.name} in ({_example(level)}).",
            )
        listed = [each for each in node.expressions if not _is_empty(each)]
        values = tuple(dict.fromkeys(v for each in listed for v in self._values(each, level)))
        parts: list[Predicate] = [InList(level.name, values)] if values else []
        if len(listed) < len(node.expressions):
            parts.append(IsNull(level.name))
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def _like(self, node: exp.Like | exp.ILike) -> Predicate:
        level = self._level(node.this)
        pattern = _bare(node.expression)
        if not (isinstance(pattern, exp.Literal) and pattern.is_string):
            raise _refused(pattern)
        if level.type != "string":
            raise UserError(
                f"'like' needs a text level, and '{level.name}' is of type {level.type}.",
                fix="Compare it with =, <, > or between.",
            )
        found = Like(level.name, str(pattern.this), ignore_case=isinstance(node, exp.ILike))
        # `not like` is an argument of the node, not a Not around it.
        return Not(found) if node.args.get("negate") else found

    def _is(self, node: exp.Is) -> Predicate:
        level = self._level(node.this)
        if isinstance(node.expression, exp.Null):
            return IsNull(level.name)
        if isinstance(node.expression, exp.Boolean) and level.type == "boolean":
            return Compare(level.name, "=", bool(node.expression.this))
        raise _refused(node)

    def _level(self, node: exp.Expr) -> Level:
        node = _bare(node)
        if not isinstance(node, exp.Column | exp.Dot):
            raise _refused(node)
        return self._level_of(".".join(part.name for part in node.parts).lower())

    def _attribute(self, node: exp.Expr) -> str | None:
        """The name in `{user.name}`; None where something else is written."""
        node = _bare(node)
        if self._user is None or not isinstance(node, exp.Struct) or len(node.expressions) != 1:
            return None
        inner = node.expressions[0]
        parts = [part.name.lower() for part in inner.parts] if isinstance(inner, exp.Column) else []
        return parts[1] if len(parts) == 2 and parts[0] == "user" else None

    def _values(self, node: exp.Expr, level: Level) -> tuple[Value, ...]:
        """What a level is compared with: one value, or all that the user has under a name."""
        name = self._attribute(node)
        if name is None or self._user is None:
            return (self._value(node, level),)
        given = self._user(name)
        if given is None:
            return ("",)
        if not given:
            raise Lacking(f"The user has no '{name}'.")
        return tuple(dict.fromkeys(typed_value(each, level) for each in given))

    def _value(self, node: exp.Expr, level: Level) -> Value:
        node = _bare(node)
        name = self._attribute(node)
        if name is not None:
            values = self._values(node, level)
            if len(values) > 1:
                raise UserError(
                    f"'{level.name}' is compared with '{name}', of which the user has several.",
                    fix="Compare with =, <> or in, or give the user one value.",
                )
            return values[0]
        if isinstance(node, exp.Null):
            raise UserError(
                f"'{level.name}' is compared with null.",
                why="Nothing equals null.",
                fix=f"Write {level.name} is null, or {level.name} = '{EMPTY}'.",
            )
        sign = ""
        if isinstance(node, exp.Neg):
            node, sign = _bare(node.this), "-"
        if isinstance(node, exp.Cast) and node.to.this in _DATED and not sign:
            node = node.this
        if isinstance(node, exp.Boolean) and not sign:
            return typed_value(bool(node.this), level)
        if isinstance(node, exp.Literal) and not (sign and node.is_string):
            return typed_value(sign + str(node.this), level)
        raise _refused(node)


_DATED = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _is_column(node: exp.Expr) -> bool:
    return isinstance(_bare(node), exp.Column | exp.Dot)


def _is_empty(node: exp.Expr) -> bool:
    node = _bare(node)
    return isinstance(node, exp.Literal) and bool(node.is_string) and node.this == EMPTY


def _ordered(level: Level) -> None:
    if level.type == "boolean":
        raise UserError(
            f"'{level.name}' is true or false, so it is neither greater nor less.",
            fix=f"Write {level.name} = true.",
        )


def _example(level: Level) -> str:
    examples = {"string": "'Germany'", "date": "'2025-01-31'", "boolean": "true"}
    return examples.get(level.type, "'2025-01-31 10:00:00'" if level.type == "timestamp" else "1")


def _refused(node: exp.Expr) -> UserError:
    kind = "a query" if isinstance(node, exp.Query | exp.In) else f"'{_shown(node)}'"
    if isinstance(node, exp.Func):
        kind = f"the function '{_shown(node)}'"
    return _not_a_filter(f"It holds {kind}.")


def _shown(node: exp.Expr) -> str:
    try:
        text = node.sql("duckdb", comments=False)
    except (SqlglotError, ValueError, RecursionError):
        return type(node).__name__.lower()
    return text if len(text) <= 60 else text[:57] + "..."


def _not_a_filter(why: str) -> UserError:
    return UserError("The filter cannot be used.", why=why, fix=_SYNTAX)
