"""Rules of columns: what they need must be there, and they must be able to hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import ExpressionError, columns_of, parse_expression
from metadata.literals import as_figure, as_moment, literal_misfit
from metadata.model.mapping import ColumnRule, EntityMapping, Lookup
from metadata.model.rule import FIGURES, MOMENTS, Rule, family, kind_of
from metadata.model.rules import (
    AtLeast,
    AtMost,
    Between,
    Default,
    DiffersFrom,
    Email,
    Length,
    NoneOf,
    NotAfter,
    NotBefore,
    OneOf,
    Phone,
    PhoneNumber,
    PostalCode,
    PostalCodeOf,
    References,
    Unique,
)
from metadata.model.star import Entity
from metadata.repository import ResolvedMapping, Written

_DIRECTIVES = frozenset("abcdfghjmnpuwxyzABGHIMSTUVWXYZ%")
_WITHOUT_ZEROS = frozenset("djmyHIMS")
_YEARS = frozenset("cxyYG")


def rule_issues(
    name: str,
    written: Written[EntityMapping],
    entity: Entity,
    entities: Mapping[str, Written[Entity]],
    lookups: Mapping[str, Written[Lookup]],
) -> Iterator[Issue]:
    """What cannot hold in the rules of one column, known from the entity's types alone."""
    definition = written.value
    rule = definition.columns[name]
    kind = entity.columns[name].type
    for group, rules in (("clean", rule.clean), ("check", rule.check)):
        for place, each in enumerate(rules):
            where = written.where("columns", name, group, place)
            yield from _applies(each, kind_of(kind), where)
            yield from _row_issues(each, name, definition, entity, where)
            yield from _entity_issues(each, entities, where)
    yield from _format_issues(rule, kind, written.where("columns", name, "format"))
    yield from _literal_issues(name, rule, kind, written, lookups)


def condition_issues(text: str, entity: Entity, where: Location) -> Iterator[Issue]:
    """What is wrong with a condition over the mapped row."""
    try:
        parse_expression(text)
    except ExpressionError as error:
        yield Issue(f"The expression {text!r} {error}", where)
        return
    for parts in columns_of(text):
        if len(parts) > 1 or parts[0] not in entity.columns:
            yield Issue(
                f"Entity '{entity.entity}' has no column '{'.'.join(parts)}'.",
                where,
                "A condition is about the mapped row, by the entity's column names.",
                did_you_mean(parts[-1], entity.columns),
            )


def deduplication_issues(written: Written[EntityMapping], entity: Entity) -> Iterator[Issue]:
    """Columns by which rows are the same must be filled."""
    same = written.value.deduplicate
    for name in same.by if same is not None else ():
        where = written.where("deduplicate", "by")
        if name not in entity.columns:
            yield no_column(entity, name, where)
        elif name not in written.value.columns:
            yield _not_filled(name, where)


def circle_issues(mappings: Sequence[ResolvedMapping]) -> Iterator[Issue]:
    """Rules may not wait for one another: columns of a row, or entities to be staged."""
    for mapping in mappings:
        reads = {
            name: [other for each in rule.clean for other in each.reads()]
            for name, rule in mapping.definition.columns.items()
        }
        circle = _circle(reads)
        if circle:
            yield Issue(
                f"The rules of {_path(circle)} wait for one another.",
                mapping.written.where("columns", circle[0], "clean"),
                "Each takes its value from the next.",
                "Take one of them out of the circle.",
            )
    refers: dict[str, list[str]] = {}
    places: dict[tuple[str, str], Location] = {}
    for mapping in mappings:
        own = mapping.entity.entity
        for name, rule in mapping.definition.columns.items():
            for place, check in enumerate(rule.check):
                if isinstance(check, References) and check.entity != own:
                    refers.setdefault(own, []).append(check.entity)
                    where = mapping.written.where("columns", name, "check", place)
                    places.setdefault((own, check.entity), where)
    circle = _circle(refers)
    if circle:
        yield Issue(
            f"The entities {_path(circle)} wait for one another.",
            places[(circle[0], circle[1])],
            "'references' asks for keys that are staged before.",
            "Leave one of the checks out; keys that lead nowhere get a member of their own.",
        )


def _applies(rule: Rule, kind: str, where: Location) -> Iterator[Issue]:
    if rule.kinds is not None and kind not in rule.kinds:
        yield Issue(
            f"'{rule.rule}' does not go with a column of type {kind}.",
            where,
            f"It is for {_listed(sorted(rule.kinds))}.",
            "Leave it out, or change the type of the entity's column.",
        )
    elif (why := rule.misuse(kind)) is not None:
        yield Issue(f"'{rule.rule}' {why}.", where, f"The column is of type {kind}.")


def _row_issues(
    rule: Rule, name: str, definition: EntityMapping, entity: Entity, where: Location
) -> Iterator[Issue]:
    """Other columns of the mapped row that a rule looks at."""
    for text in rule.expressions():
        yield from condition_issues(text, entity, where)
    for other in rule.reads():
        if other not in entity.columns:
            yield no_column(entity, other, where)
        elif other == name and not isinstance(rule, Unique):
            yield Issue(f"'{rule.rule}' compares '{name}' with itself.", where)
        elif other not in definition.columns:
            yield _not_filled(other, where)
        elif isinstance(rule, NotBefore | NotAfter | DiffersFrom):
            yield from _comparison_issues(rule, name, other, entity, where)
        elif isinstance(rule, Phone | PhoneNumber | PostalCode | PostalCodeOf):
            if entity.columns[other].type != "string":
                yield Issue(
                    f"'{other}' is no text, so it holds no country's code.",
                    where,
                    f"Its type is {entity.columns[other].type}.",
                )


def _comparison_issues(
    rule: Rule, name: str, other: str, entity: Entity, where: Location
) -> Iterator[Issue]:
    types = entity.columns[name].type, entity.columns[other].type
    if family(types[0]) != family(types[1]):
        yield Issue(
            f"'{rule.rule}' compares '{name}' with '{other}', which is of another kind.",
            where,
            f"'{name}' is of type {types[0]}, '{other}' of type {types[1]}.",
            "Compare dates with dates, numbers with numbers and texts with texts.",
        )


def _entity_issues(
    rule: Rule, entities: Mapping[str, Written[Entity]], where: Location
) -> Iterator[Issue]:
    for name in rule.entities():
        if name not in entities:
            yield Issue(f"There is no entity '{name}'.", where, "", did_you_mean(name, entities))
        elif len(entities[name].value.key) != 1:
            yield Issue(
                f"Entity '{name}' has a composite key, so no single value can refer to it.", where
            )


def unmapped_issues(mappings: Sequence[ResolvedMapping]) -> Iterator[Issue]:
    """Entities that checks look into must be filled by somebody, or everything would fail."""
    filled = {mapping.entity.entity for mapping in mappings}
    for mapping in mappings:
        for name, rule in mapping.definition.columns.items():
            for place, check in enumerate(rule.check):
                if isinstance(check, References) and check.entity not in filled:
                    yield Issue(
                        f"No mapping fills the entity '{check.entity}'.",
                        mapping.written.where("columns", name, "check", place),
                        "Every value would fail the check 'references'.",
                        f"Map '{check.entity}', or leave the check out.",
                    )


def _format_issues(rule: ColumnRule, kind: str, where: Location) -> Iterator[Issue]:
    if rule.format and kind_of(kind) not in MOMENTS:
        yield Issue(
            f"'format' is for dates and timestamps; the column is of type {kind}.",
            where,
            "",
            "Leave it out.",
        )
        return
    for form in rule.format:
        wrong = format_misuse(form)
        if wrong is not None:
            yield Issue(f"'{form}' is no date format: {wrong}.", where, "", "Write %d/%m/%Y.")


def format_misuse(form: str) -> str | None:
    """Why a text is no strptime format for dates; None where it is one."""
    named = []
    rest = iter(form)
    for sign in rest:
        if sign == "%":
            letter, known = next(rest, ""), _DIRECTIVES
            if letter == "-":
                letter, known = next(rest, ""), _WITHOUT_ZEROS
            if not letter:
                return "it ends in %"
            if letter not in known:
                return f"%{letter} means nothing"
            named.append(letter)
    return None if _YEARS & set(named) else "it reads no year"


def _literal_issues(
    name: str,
    rule: ColumnRule,
    kind: str,
    written: Written[EntityMapping],
    lookups: Mapping[str, Written[Lookup]],
) -> Iterator[Issue]:
    """Values that stand in the rules must be of the column's type, and pass its checks."""
    given: list[tuple[str, str | int | float | bool]] = []
    if rule.default is not None:
        given.append(("default", rule.default))
    if rule.value is not None and not rule.clean and rule.lookup is None and not rule.format:
        given.append(("value", rule.value))
    if rule.clean and isinstance(rule.clean[-1], Default) and rule.lookup is None:
        if not rule.format:
            given.append(("clean", rule.clean[-1].value))
    for key, value in given:
        where = written.where("columns", name, key)
        wrong = literal_misfit(value, kind)
        if wrong is not None:
            yield Issue(f"'{value}' is {wrong}.", where, f"The column '{name}' is of type {kind}.")
            continue
        for check in rule.check:
            if refused_by(check, value, kind):
                yield Issue(
                    f"The value '{value}' does not pass the column's own check '{check.rule}'.",
                    where,
                    "Every row that gets it would fail.",
                    "Change the one or the other.",
                )
    codes = rule.lookup if isinstance(rule.lookup, dict) else None
    if isinstance(rule.lookup, str) and rule.lookup in lookups:
        codes = lookups[rule.lookup].value.values
    for code, meaning in (codes or {}).items():
        wrong = None if rule.format else literal_misfit(meaning, kind)
        if wrong is not None:
            yield Issue(
                f"The lookup turns '{code}' into '{meaning}', which is {wrong}.",
                written.where("columns", name, "lookup"),
                f"The column '{name}' is of type {kind}.",
            )
            break


def refused_by(check: Rule, value: str | int | float | bool, kind: str) -> bool:
    """Whether a written value is sure to fail a check; what depends on the day is not."""
    written = str(value).lower() if isinstance(value, bool) else str(value)
    match check:
        case OneOf():
            return not _among(written, check.values, kind)
        case NoneOf():
            return _among(written, check.values, kind)
        case Between():
            return _below(written, check.low, kind) or _below(check.high, written, kind)
        case AtLeast():
            return _below(written, check.low, kind)
        case AtMost():
            return _below(check.high, written, kind)
        case Length():
            return not check.low <= len(written) <= check.high
        case Email():
            return "@" not in written
    return False


def _among(written: str, values: Sequence[str], kind: str) -> bool:
    if kind_of(kind) in FIGURES:
        return as_figure(written) in [as_figure(each) for each in values]
    if kind_of(kind) in MOMENTS:
        return as_moment(written) in [as_moment(each) for each in values]
    return written in values


def _below(low: str | int | float, high: str | int | float, kind: str) -> bool:
    """Whether one bound is below another, as values of a type; unknown for what is no literal."""
    left, right = str(low), str(high)
    if kind_of(kind) == "string":
        return left < right
    figures = as_figure(left), as_figure(right)
    if figures[0] is not None and figures[1] is not None:
        return figures[0] < figures[1]
    moments = as_moment(left), as_moment(right)
    return moments[0] is not None and moments[1] is not None and moments[0] < moments[1]


def _circle(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """A way that leads back to where it began, if there is one."""
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        queue = [(start, iter(edges.get(start, ())))]
        path.append(start)
        while queue:
            following = next(queue[-1][1], None)
            if following is None:
                done.add(queue.pop()[0])
                path.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                queue.append((following, iter(edges.get(following, ()))))
    return []


def _path(circle: Sequence[str]) -> str:
    return " and ".join(f"'{each}'" for each in dict.fromkeys(circle))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def no_column(entity: Entity, name: str, where: Location) -> Issue:
    """That an entity has no such column."""
    return Issue(
        f"Entity '{entity.entity}' has no column '{name}'.",
        where,
        "",
        did_you_mean(name, entity.columns),
    )


def _not_filled(name: str, where: Location) -> Issue:
    return Issue(
        f"The mapping does not fill '{name}'.",
        where,
        "It would never have a value.",
        f"Add '{name}:' under columns.",
    )
