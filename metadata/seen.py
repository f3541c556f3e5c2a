"""A workspace as one person sees it: cubes without what is hidden, each with the person's rights.

What may not be seen is not there: so no list offers it, no message names it, and a question about
it is answered as one about what never was. What facts, masks and small groups are concerned, the
rights go along with each cube, to be kept wherever a question about it is planned.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from metadata.access_names import (
    ALL,
    is_seen,
    mask_fits,
    means_level,
    means_measure,
    roles_of,
    row_predicates,
)
from metadata.bind_access import access_issues
from metadata.errors import UserError
from metadata.model.access import Access, Mask
from metadata.model.base import Names
from metadata.model.cube import Measure
from metadata.predicates import Predicate, all_of
from metadata.repository import Level, Repository, ResolvedCube
from metadata.rights import Rights, Smallest
from metadata.viewers import AccessRules, Viewer

MASKED = Mask(show="•••")
"""Where a declared mask cannot be put on."""


def seen_by(repository: Repository, rules: AccessRules, viewer: Viewer) -> Repository:
    """The workspace as a person sees it; itself where no policy holds for the person.

    Args:
        repository: the metadata of the version that answers.
        rules: the policies in force, which may be newer than it.
        viewer: the person.

    Raises:
        UserError: a policy that holds speaks of what the version does not have, so that it cannot
            be kept.
    """
    held = rules.held_by(viewer)
    if not held:
        return repository
    if rules.policies is not repository.policies:
        _check_known(repository, rules, held)
    policies = tuple(held.values())
    cubes = {}
    for name, cube in repository.cubes.items():
        if all(is_seen(policy.cubes, name.__eq__) for policy in policies):
            seen = _Looking(repository, cube, policies, viewer).cube_seen()
            if seen.measures or not cube.measures:
                cubes[name] = seen
    return replace(
        repository,
        cubes=cubes,
        absent={
            what: why
            for what, why in repository.absent.items()
            if not what.startswith("cube ")
            or all(is_seen(p.cubes, what.removeprefix("cube ").__eq__) for p in policies)
        },
        seen_as=_told_apart(held, viewer),
    )


def _check_known(repository: Repository, rules: AccessRules, held: Mapping[str, Access]) -> None:
    policies = {name: rules.policies[name] for name in held}
    for name, issue in access_issues(repository, policies, rules.users):
        raise UserError(
            "Nothing can be shown to you at the moment.",
            why=f"The access policy '{name}' cannot be kept in the version that readers see:"
            f" {issue.what}",
            fix="It can be kept again once a version that fits it is published.",
        )


def _told_apart(held: Mapping[str, Access], viewer: Viewer) -> str:
    """The same for people who see the same."""
    told = {
        "policies": {name: policy.model_dump(mode="json") for name, policy in held.items()},
        "attributes": {name: list(values) for name, values in sorted(viewer.attributes.items())},
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class _Looking:
    repository: Repository
    cube: ResolvedCube
    policies: tuple[Access, ...]
    viewer: Viewer

    def cube_seen(self) -> ResolvedCube:
        """The cube without what is hidden, and with the rights."""
        cube, smallest = self.cube, tuple(dict.fromkeys(self._smallest()))
        hidden, masks = self._hidden(), self._masks()
        unreadable = hidden | set(masks)
        levels = {
            name: _masked(level, masks[name]) if name in masks else level
            for name, level in cube.levels.items()
            if name not in hidden
        }
        seen = {
            name: measure
            for name, measure in cube.definition.measures.items()
            if self._is_told(name) and not _tells(measure, unreadable, bool(smallest))
        }
        # What is divided could be had by multiplying again.
        seen = {n: m for n, m in seen.items() if m.ratio is None or all(p in seen for p in m.ratio)}
        roles = {
            name: each
            for name, each in cube.definition.dimensions.items()
            if self._is_role_seen(name, each.dimension, hidden)
        }
        hierarchies = tuple(
            replace(each, levels=kept)
            for each in cube.hierarchies
            if (kept := tuple(lv for lv in each.levels if lv.name not in unreadable))
        )
        default = cube.definition.default
        definition = cube.definition.model_copy(
            update={
                "measures": seen,
                "dimensions": roles,
                "default": default.model_copy(
                    update={
                        "measures": tuple(m for m in default.measures if m in seen),
                        "rows": tuple(r for r in default.rows if r in levels),
                        "columns": tuple(c for c in default.columns if c in levels),
                    }
                ),
            }
        )
        where = all_of(tuple(dict.fromkeys(self._rows())))
        return replace(
            cube,
            definition=definition,
            levels=levels,
            hierarchies=hierarchies,
            measures={name: m for name, m in cube.measures.items() if name in seen},
            unavailable={
                name: why for name, why in cube.unavailable.items() if name in seen or name in roles
            },
            rights=Rights(
                where,
                frozenset(hidden),
                masks,
                smallest,
                self._cells(),
                full_totals=self._full_totals() and not smallest,
            ),
        )

    def _rows(self) -> Iterable[Predicate]:
        def of_user(name: str) -> tuple[str | bool, ...]:
            return self.viewer.attributes.get(name, ())

        for policy in self.policies:
            yield from row_predicates(self.repository, self.cube, policy.rows, of_user)

    def _full_totals(self) -> bool:
        filtering = [policy for policy in self.policies if policy.rows]
        return bool(filtering) and all(policy.totals == "full" for policy in filtering)

    def _all_levels(self) -> Iterable[tuple[str, str, str, str, str]]:
        """Every level, fed or not: name, role, dimension, attribute and type."""
        for role, resolved in self.cube.roles.items():
            dimension = resolved.dimension
            for each in dimension.attributes.values():
                yield f"{role}.{each.name}", role, dimension.name, each.name, each.type
        for label in self.cube.fact.definition.degenerate:
            yield label, "", "", label, "string"

    def _hidden(self) -> set[str]:
        return {name for name, *level in self._all_levels() if not self._is_level_seen(*level[:3])}

    def _is_level_seen(self, role: str, dimension: str, attribute: str) -> bool:
        def is_meant(pattern: str) -> bool:
            return means_level(pattern, self.cube.name, role, dimension, attribute)

        declared = all(is_seen(policy.levels, is_meant) for policy in self.policies)
        return declared and all(any(map(is_meant, by)) for by in self._by())

    def _by(self) -> Iterable[Names]:
        return (p.minimum.by for p in self.policies if p.minimum is not None and p.minimum.by)

    def _cells(self) -> tuple[str, ...] | None:
        """The levels that any of the policies tells cells apart by."""
        patterns = tuple(dict.fromkeys(pattern for by in self._by() for pattern in by))
        if not patterns:
            return None
        return tuple(
            name
            for name, role, dimension, attribute, _ in self._all_levels()
            if name in self.cube.levels
            and any(means_level(p, self.cube.name, role, dimension, attribute) for p in patterns)
        )

    def _is_role_seen(self, role: str, dimension: str, hidden: set[str]) -> bool:
        own = [level for level, owner, *_ in self._all_levels() if owner == role]
        if own:
            return any(level not in hidden for level in own)
        return self._is_level_seen(role, dimension, ALL)

    def _masks(self) -> dict[str, Mask]:
        found: dict[str, Mask] = {}
        for level, role, dimension, attribute, kind in self._all_levels():
            for policy in self.policies:
                for pattern, mask in policy.masks.items():
                    if role and means_level(pattern, self.cube.name, role, dimension, attribute):
                        fitting = mask if mask_fits(mask, kind) else MASKED
                        known = found.get(level)
                        found[level] = fitting if known is None else _coarser(known, fitting)
        return found

    def _smallest(self) -> Iterable[Smallest]:
        for policy in self.policies:
            if policy.minimum is not None:
                of = policy.minimum.of
                yield Smallest(policy.minimum.least, roles_of(self.cube, of) if of else ())

    def _is_told(self, measure: str) -> bool:
        return all(
            is_seen(policy.measures, lambda p: means_measure(p, self.cube.name, measure))
            for policy in self.policies
        )


def _masked(level: Level, mask: Mask) -> Level:
    return replace(level, masked=True, type="string" if mask.way == "show" else level.type)


def _tells(measure: Measure, unreadable: set[str], small_groups: bool) -> bool:
    """Whether a measure would tell a single value that is not to be seen.

    A smallest or largest value is somebody's, as is a stock of one day that few have left; a count
    of distinct values is not.
    """
    if small_groups and (measure.semi_additive is not None or measure.min or measure.max):
        return True
    operands = (measure.sum, measure.avg, measure.min, measure.max)
    return any(operand in unreadable for operand in operands)


_PERIODS = ("month", "quarter", "year")


def _coarser(one: Mask, other: Mask) -> Mask:
    """The mask that shows less of the two; one text for all shows least."""
    if one.way != other.way:
        return one if one.way == "show" else other if other.way == "show" else MASKED
    match one.way:
        case "show":
            return one
        case "first":
            return min(one, other, key=lambda mask: mask.first or 0)
        case "step":
            return one if one.step == other.step else MASKED
        case "period":
            return max(one, other, key=lambda mask: _PERIODS.index(mask.period or "month"))
