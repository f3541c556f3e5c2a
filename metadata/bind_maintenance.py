"""Rules of maintenance: what they speak of must exist, and no two may say different things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from metadata.bind_star import absent_key
from metadata.cron import longest_rest
from metadata.errors import Issue, Location, did_you_mean
from metadata.model.maintenance import Fresh, Kept, Maintenance
from metadata.model.source import Source
from metadata.model.workspace import Workspace
from metadata.repository import ResolvedCube, ResolvedDimension, ResolvedFact, Written
from metadata.upkeep import ResolvedMaintenance, Upkeep

_WHOLE = ("quarantine", "runs", "scans")
"""What is kept of the workspace as a whole."""


@dataclass(frozen=True)
class Nameable:
    """What a rule may be about."""

    sources: Mapping[str, Written[Source]]
    dimensions: Mapping[str, ResolvedDimension]
    facts: Mapping[str, ResolvedFact]
    cubes: Mapping[str, ResolvedCube]
    absent: Mapping[str, str]
    written: frozenset[str]
    """Names of marts that are defined, whether or not that can be loaded."""

    def tables(self, name: str) -> tuple[str, ...] | None:
        """The source tables that a name stands for; None where it stands for none."""
        source, dot, table = name.partition(".")
        if source not in self.sources:
            return None
        known = self.sources[source].value.tables
        if dot:
            return (name,) if table in known else None
        return tuple(f"{source}.{each}" for each in known)

    def mart(self, name: str) -> str | None:
        """The warehouse table that a name stands for; None where it stands for none.

        A source comes before a cube of its name.
        """
        if name in self.sources:
            return None
        if name in self.cubes:
            return self.cubes[name].fact.table
        return name if name in self._stored else None

    @property
    def _stored(self) -> list[str]:
        dimensions = [each.table for each in self.dimensions.values()]
        return dimensions + [each.table for each in self.facts.values()]

    def is_absent(self, name: str) -> bool:
        """Whether a name is that of a mart that the workspace does not load."""
        return f"cube {name}" in self.absent or absent_key(name) in self.absent

    @property
    def names(self) -> list[str]:
        """All of them, for suggestions."""
        tables = [f"{s}.{t}" for s, written in self.sources.items() for t in written.value.tables]
        return [*self.sources, *tables, *self.cubes, *self._stored]


@dataclass
class _Said:
    """What has been said so far, with how near to its subject it was said, and where."""

    found: dict[str, tuple[int, Any, Location]] = field(default_factory=dict)

    def say(self, subject: str, nearness: int, what: Any, where: Location) -> Issue | None:
        """Take a rule for a subject; a nearer one counts. The problem where two are as near."""
        known = self.found.get(subject)
        if known is not None and known[0] == nearness and known[1] != what:
            return Issue(
                f"Two rules say different things about {subject}.",
                where,
                f"The other one stands at {known[2]}.",
                "Leave one of them, or name the table in the one that is to count.",
            )
        if known is None or nearness > known[0]:
            self.found[subject] = (nearness, what, where)
        return None

    def values(self) -> dict[str, Any]:
        """What counts, by subject."""
        return {subject: what for subject, (_, what, _) in self.found.items()}


def bind_maintenance(
    written: Mapping[str, Written[Maintenance]],
    workspace: Workspace,
    known: Nameable,
    absent: dict[str, str],
    issues: list[Issue],
) -> Upkeep:
    """Bind the rules of maintenance.

    Args:
        written: rules by name.
        workspace: the workspace's settings.
        known: what they may be about.
        absent: takes what is not loaded, with the reason.
        issues: takes what is wrong.
    """
    rules: dict[str, ResolvedMaintenance] = {}
    fresh, batches, whole = _Said(), _Said(), _Said()
    for name, each in sorted(written.items()):
        issues.extend(_misuse(each, known))
        resolved = _resolved(name, each, known)
        if each.value.of and not resolved.tables and not resolved.marts:
            absent[f"maintenance {name}"] = "Nothing that it is about is loaded."
            continue
        rules[name] = resolved
        issues.extend(_spoken(each, known, fresh, batches, whole))
    found: dict[str, Fresh] = fresh.values()
    issues.extend(_never_met(fresh, rules, workspace))
    kept: dict[str, Kept] = batches.values()
    said = {table: where for table, (_, _, where) in fresh.found.items()}
    return Upkeep(rules, found, said, kept, **whole.values())


def _resolved(name: str, written: Written[Maintenance], known: Nameable) -> ResolvedMaintenance:
    definition = written.value
    tables: dict[str, None] = {}
    marts: dict[str, None] = {}
    for each in definition.of or known.sources:
        tables |= dict.fromkeys(known.tables(each) or ())
        mart = known.mart(each) if definition.of else None
        marts |= {mart: None} if mart else {}
    return ResolvedMaintenance(name, definition, tuple(tables), tuple(marts), written)


def _spoken(
    written: Written[Maintenance], known: Nameable, fresh: _Said, batches: _Said, whole: _Said
) -> Iterator[Issue]:
    """Take what a rule says of each table and of the workspace; what others contradict."""
    definition = written.value
    keep = definition.keep
    for name in definition.of or known.sources:
        nearness = (2 if "." in name else 1) if definition.of else 0
        for table in known.tables(name) or ():
            problems = []
            if definition.fresh is not None:
                where = written.where("fresh")
                problems += [fresh.say(table, nearness, definition.fresh, where)]
            if keep is not None and keep.batches is not None:
                where = written.where("keep", "batches")
                problems += [batches.say(table, nearness, keep.batches, where)]
            yield from (problem for problem in problems if problem is not None)
    for key in _WHOLE:
        value = getattr(keep, key) if keep is not None else None
        if value is not None and (problem := whole.say(key, 0, value, written.where("keep", key))):
            yield problem


def _misuse(written: Written[Maintenance], known: Nameable) -> Iterator[Issue]:
    definition = written.value
    where = written.where("of")
    for name in definition.of:
        tables, mart = known.tables(name), known.mart(name)
        if tables is None and mart is None:
            # One that has problems of its own is told by those.
            if not known.is_absent(name) and name not in known.written:
                what = f"There is nothing called '{name}' to be maintained."
                yield Issue(what, where, "", did_you_mean(name, known.names))
        elif mart is not None and _about_tables(definition):
            yield Issue(
                f"'{name}' is no source and no source table.",
                where,
                f"{' and '.join(_about_tables(definition))} are about what sources deliver.",
                "Name the sources or their tables; marts go with 'schedule' alone.",
            )
        elif tables == () and definition.schedule is not None:
            yield Issue(
                f"The source '{name}' lists no tables, so there is nothing to load.",
                where,
                "",
                "List its tables; `rapport scan` shows what there is.",
            )
    for key in _WHOLE if definition.of and definition.keep is not None else ():
        if getattr(definition.keep, key) is not None:
            yield Issue(
                f"'{key}' is kept for the workspace as a whole.",
                written.where("keep", key),
                "The rule is about parts of it: it has an 'of'.",
                "Write it in a rule without 'of'.",
            )


def _about_tables(definition: Maintenance) -> list[str]:
    found = ["'fresh'"] if definition.fresh is not None else []
    keep = definition.keep
    return found + (["'batches'"] if keep is not None and keep.batches is not None else [])


def _never_met(
    fresh: _Said, rules: Mapping[str, ResolvedMaintenance], workspace: Workspace
) -> Iterator[Issue]:
    """Tables that the schedules read too seldom to be as current as they must be."""
    scheduled = [each for each in rules.values() if each.definition.schedule]
    if any(each.marts for each in scheduled):
        # What a mart is made from is not known here, so nothing is said where one has a schedule.
        return
    own = [workspace.schedule.cron] if workspace.schedule is not None else []
    crons: dict[str, list[str]] = {}
    for each in scheduled:
        for table in each.tables:
            crons.setdefault(table, []).append(each.definition.schedule or "")
    told: set[Location] = set()
    for table, (_, rule, where) in fresh.found.items():
        if rule.by is not None or where in told:
            continue
        spans = [longest_rest(cron) for cron in (*own, *crons.get(table, ()))]
        rests = [span for span in spans if span is not None]
        if rests and min(rests) > rule.within:
            told.add(where)
            yield Issue(
                f"{table} cannot be as current as that.",
                where,
                f"It must never be older than {_words(rule.within)}, and the schedules leave it"
                f" alone for {_words(min(rests))}.",
                "Read it more often, allow a greater age, or say with 'by' when it counts.",
            )


def _words(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 and not hours % 24 else f"{hours:g} hours"
