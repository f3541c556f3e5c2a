"""Matching: columns must be there, of a kind that can be compared, and each must survive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from metadata.bind_mapping import expression_issues
from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import columns_of
from metadata.model.matching import APART, Comparison, Decisions, Matching, Survivor
from metadata.model.rule import FIGURES, MOMENTS, kind_of
from metadata.model.star import Entity
from metadata.repository import ResolvedMapping, ResolvedMatching, Written


def bind_matchings(
    written: Mapping[str, Written[Matching]],
    decided: Mapping[str, Written[Decisions]],
    entities: Mapping[str, Entity],
    mappings: Sequence[ResolvedMapping],
    absent: dict[str, str],
    issues: list[Issue],
) -> dict[str, ResolvedMatching]:
    """Bind the matching of each entity; that of an entity that nobody maps is absent.

    Args:
        written: matching definitions by entity.
        decided: decisions by entity.
        entities: all entities of the model.
        mappings: all mappings.
        absent: takes what is not done, with the reason.
        issues: takes what is wrong.
    """
    bound: dict[str, ResolvedMatching] = {}
    for name, each in sorted(written.items()):
        entity = entities.get(name)
        if entity is None:
            what, where = f"There is no entity '{name}'.", each.where("matching")
            issues.append(Issue(what, where, "", did_you_mean(name, entities)))
            continue
        feeding = [mapping for mapping in mappings if mapping.definition.entity == name]
        if not feeding:
            absent[f"matching {name}"] = f"No mapping fills the entity '{name}'."
            continue
        found = list(_Binding(each, entity, feeding).issues())
        found += _decision_issues(decided[name]) if name in decided else []
        issues.extend(found)
        if not found:
            bound[name] = _resolved(each, decided.get(name), entity, feeding)
    for name, decisions in decided.items():
        if name not in written:
            issues.append(
                Issue(
                    f"There are decisions about '{name}', and nothing matches its records.",
                    decisions.where("decisions"),
                    "",
                    did_you_mean(name, written) or f"Say how in matching/{name}.yaml.",
                )
            )
    return bound


def _resolved(
    written: Written[Matching],
    decided: Written[Decisions] | None,
    entity: Entity,
    feeding: Sequence[ResolvedMapping],
) -> ResolvedMatching:
    filled = {name for mapping in feeding for name in mapping.definition.columns}
    rules = written.value.survivorship
    survivors: dict[str, Survivor] = {}
    for name in entity.columns:
        rule = rules.columns.get(name, rules.default)
        if rule is not None and name in filled and name not in entity.key:
            survivors[name] = rule
    return ResolvedMatching(written.value, entity, survivors, written, decided)


class _Binding:
    """What is wrong with one definition."""

    def __init__(
        self, written: Written[Matching], entity: Entity, feeding: Sequence[ResolvedMapping]
    ) -> None:
        self._written = written
        self._definition = written.value
        self._entity = entity
        self._feeding = feeding
        self._filled = {name for mapping in feeding for name in mapping.definition.columns}

    def issues(self) -> Iterator[Issue]:
        definition, where = self._definition, self._written.where
        if len(self._entity.key) != 1:
            yield Issue(
                f"Records of '{self._entity.entity}' cannot be matched.",
                where("matching"),
                "Its key has several columns, and what refers to a record needs one.",
                "Give the entity a key of one column, put together by an expression.",
            )
            return
        for name, comparison in definition.compare.items():
            yield from self._comparison(name, comparison)
        if definition.compare and not definition.block:
            yield Issue(
                "Nothing says which records are compared.",
                where("compare"),
                "Without 'block' every record would be compared with every other.",
                "Add lines such as 'block: [[postal_code, last_name], email]'.",
            )
        if definition.block and not definition.compare:
            yield Issue("'block' is there, and nothing is compared.", where("block"), "",
                        "Add 'compare', or take 'block' away.")  # fmt: skip
        for key, lines in (("same", definition.same), ("block", definition.block)):
            for place, line in enumerate(lines):
                for text in line.on:
                    yield from self._expression(text, where(key, place))
        if definition.where is not None:
            yield from self._expression(definition.where, where("where"))
        yield from self._survivorship()

    def _comparison(self, name: str, comparison: Comparison) -> Iterator[Issue]:
        where = self._written.where("compare", name)
        missing = self._missing(name, where)
        if missing is not None:
            yield missing
            return
        kind = kind_of(self._entity.columns[name].type)
        wanted: Collection[str] | None = None
        match comparison.as_:
            case "exact":
                return
            case "date":
                wanted = MOMENTS
            case "number":
                wanted = FIGURES
            case _:
                wanted = {"string"}
        if kind not in wanted:
            plain = " or ".join(sorted(wanted)) if comparison.as_ not in APART else comparison.as_
            yield Issue(
                f"'{name}' cannot be compared as {comparison.as_}.",
                where,
                f"It is a {self._entity.columns[name].type}, and that is for a {plain}.",
                "Compare it as exact, or in a way that is meant for it.",
            )

    def _expression(self, text: str, where: Location) -> Iterator[Issue]:
        wrong = list(expression_issues(text, where))
        yield from wrong
        for parts in () if wrong else columns_of(text):
            missing = self._missing(".".join(parts), where)
            if missing is not None:
                yield missing

    def _missing(self, name: str, where: Location) -> Issue | None:
        entity = self._entity.entity
        if name not in self._entity.columns:
            fix = did_you_mean(name, self._entity.columns)
            return Issue(f"Entity '{entity}' has no column '{name}'.", where, "", fix)
        if name not in self._filled:
            return Issue(
                f"'{name}' of '{entity}' is always empty.", where, "No mapping fills it.",
                "Map it, or take it away here.",
            )  # fmt: skip
        return None

    def _survivorship(self) -> Iterator[Issue]:
        rules, where = self._definition.survivorship, self._written.where
        if rules.default is not None:
            yield from self._survivor(None, rules.default, where("survivorship", "default"))
        for name, rule in rules.columns.items():
            place = where("survivorship", "columns", name)
            missing = self._missing(name, place)
            if missing is not None:
                yield missing
            elif name in self._entity.key:
                yield Issue(
                    f"'{name}' is the key of '{self._entity.entity}'.", place,
                    "A golden record has a key of its own.", "Take it away here.",
                )  # fmt: skip
            else:
                yield from self._survivor(name, rule, place)
        left = self._by_default()
        if rules.default is None and left:
            more = " and others" if len(left) > 6 else ""
            yield Issue(
                "Not every column says which of its values stays.",
                where("survivorship"),
                f"Nothing is said of {', '.join(left[:6])}{more}.",
                "Name them under 'survivorship: columns', or give a 'default'.",
            )

    def _by_default(self) -> list[str]:
        """The columns for which the default decides."""
        named = self._definition.survivorship.columns
        return sorted(self._filled - set(named) - set(self._entity.key))

    def _survivor(self, name: str | None, rule: Survivor, where: Location) -> Iterator[Issue]:
        entity = self._entity
        if rule.by is not None:
            missing = self._missing(rule.by, where)
            if missing is not None:
                yield missing
            elif kind_of(entity.columns[rule.by].type) not in MOMENTS:
                yield Issue(f"'{rule.by}' says no time.", where,
                            f"It is a {entity.columns[rule.by].type}.")  # fmt: skip
        elif rule.take == "most_recent" and entity.changed_at not in self._filled:
            when = entity.changed_at
            why = f"No mapping fills '{when}'." if when else "The entity has no 'changed_at'."
            yield Issue(
                "Nothing says which record is the most recent.", where, why,
                "Add 'by' with a column.",
            )  # fmt: skip
        if rule.take in ("longest", "shortest"):
            for each in [name] if name else self._by_default():
                if kind_of(entity.columns[each].type) != "string":
                    fix = "" if name else f"Name '{each}' under 'columns'."
                    kind = entity.columns[each].type
                    yield Issue(f"'{each}' has no length.", where, f"It is a {kind}.", fix)
        known = {m.source for m in self._feeding} | {m.definition.from_ for m in self._feeding}
        for source in rule.sources:
            if source not in known:
                yield Issue(
                    f"'{source}' does not feed the entity '{entity.entity}'.", where, "",
                    did_you_mean(source, known) or f"Those that do: {', '.join(sorted(known))}.",
                )  # fmt: skip


def _decision_issues(written: Written[Decisions]) -> Iterator[Issue]:
    """Decisions that contradict each other, or what follows from others."""
    groups: dict[str, str] = {}

    def group(key: str) -> str:
        while groups.get(key, key) != key:
            key = groups[key]
        return key

    for decision in written.value.records:
        for key in decision.together[1:]:
            groups[group(key)] = group(decision.together[0])
    for place, decision in enumerate(written.value.records):
        for one, other in combinations(decision.apart, 2):
            if group(one) == group(other):
                yield Issue(
                    f"'{one}' and '{other}' are said to be apart and together.",
                    written.where("records", place),
                    "Decisions that put records together go on from one record to the next.",
                    "Take one of the decisions away.",
                )
