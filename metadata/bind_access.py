"""Access policies: whom and what they name must exist, and what they say must be possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from metadata.access_names import (
    ALL,
    conformed,
    dimension_level,
    level_in,
    levels_named,
    mask_fits,
    means_level,
    roles_of,
)
from metadata.errors import Issue, Location, UserError, did_you_mean
from metadata.filter_text import Lacking, UserValues, parse_filter
from metadata.model.access import Access, Mask, RowFilter
from metadata.model.workspace import ROLES, User, Workspace
from metadata.repository import Repository, ResolvedCube, ResolvedDimension, Written
from metadata.viewers import AccessRules, is_for

Policies = Mapping[str, Written[Access]]


def people_issues(workspace: Written[Workspace], policies: Policies) -> Iterator[Issue]:
    """Roles and users that nobody declared."""
    settings = workspace.value
    known = {*ROLES, *settings.roles}
    for name in settings.roles:
        if name in ROLES:
            yield Issue(
                f"The role '{name}' is there already.",
                workspace.where("roles", name),
                "",
                "Give your own role another name.",
            )
    for name, user in settings.users.items():
        for role in user.role:
            if role not in known:
                where = workspace.where("users", name, "role")
                yield _no("role", role, known, where, "Roles of your own stand under `roles`.")
    for policy in policies.values():
        for key, names in (("roles", policy.value.roles), ("except", policy.value.except_)):
            for role in names:
                if role not in known:
                    yield _no("role", role, known, policy.where(key))
        for name in policy.value.users:
            if name not in settings.users:
                yield _no("user", name, settings.users, policy.where("users"))


def access_issues(
    repository: Repository, policies: Policies, users: Mapping[str, User]
) -> Iterator[tuple[str, Issue]]:
    """What of the policies cannot hold in a workspace, each with the policy's name."""
    for name, policy in sorted(policies.items()):
        checking = _Checking(repository, policy, AccessRules({name: policy}, users))
        for issue in checking.issues():
            yield name, issue


class _Checking:
    """One policy against what there is."""

    def __init__(self, repository: Repository, policy: Written[Access], rules: AccessRules) -> None:
        self._repository = repository
        self._written = policy
        self._policy = policy.value
        self._rules = rules

    def issues(self) -> Iterator[Issue]:
        """Everything that is wrong."""
        policy = self._policy
        for key in ("allow", "hide"):
            for name in getattr(policy.cubes, key, None) or ():
                if not self._knows_cube(name):
                    yield _no("cube", name, self._repository.cubes, self._where("cubes", key))
            for name in getattr(policy.measures, key, None) or ():
                yield from self._measure_issues(name, self._where("measures", key))
            for name in getattr(policy.levels, key, None) or ():
                yield from self._level_issues(name, self._where("levels", key))
        for place, each in enumerate(policy.rows):
            yield from self._row_issues(each, self._where("rows", place))
        for name, mask in policy.masks.items():
            yield from self._mask_issues(name, mask, self._where("masks", name))
        if policy.minimum is not None and policy.minimum.of is not None:
            if not self._knows_dimension(policy.minimum.of):
                where = self._where("minimum", "of")
                yield _no("dimension", policy.minimum.of, self._repository.dimensions, where)
        for name in policy.minimum.by if policy.minimum is not None else ():
            yield from self._level_issues(name, self._where("minimum", "by"))

    def _where(self, *path: str | int) -> Location:
        return self._written.where(*path)

    def _knows_cube(self, name: str) -> bool:
        return name in self._repository.cubes or f"cube {name}" in self._repository.absent

    def _knows_dimension(self, name: str) -> bool:
        return name in self._repository.dimensions or f"dimension {name}" in self._repository.absent

    def _measure_issues(self, name: str, where: Location) -> Iterator[Issue]:
        owner, dot, measure = name.partition(".")
        if not dot or not measure:
            yield Issue(f"'{name}' is not a measure.", where, "It is written cube.measure.")
        elif not self._knows_cube(owner):
            yield _no("cube", owner, self._repository.cubes, where)
        elif measure != ALL and owner in self._repository.cubes:
            known = self._repository.cubes[owner].definition.measures
            if measure not in known:
                what = f"The cube '{owner}' has no measure '{measure}'."
                yield Issue(what, where, "", did_you_mean(measure, known))

    def _level_issues(self, name: str, where: Location) -> Iterator[Issue]:
        """A level that nobody defined; one that is not loaded is no mistake."""
        match name.split("."):
            case [owner, attribute]:
                yield from self._attribute_issues(owner, attribute, where)
            case [owner, role, attribute]:
                yield from self._role_issues(owner, role, attribute, where)
            case _:
                yield Issue(
                    f"'{name}' is not a level.",
                    where,
                    "It is written dimension.attribute, cube.role.attribute, or cube.label.",
                )

    def _attribute_issues(self, owner: str, attribute: str, where: Location) -> Iterator[Issue]:
        dimension = self._repository.dimensions.get(owner)
        cube = self._repository.cubes.get(owner)
        labels = cube.fact.definition.degenerate if cube else {}
        attributes = dimension.attributes if dimension else {}
        if attribute == ALL or attribute in labels or attribute in attributes:
            known = self._knows_dimension(owner) or self._knows_cube(owner)
            if not known:
                yield self._no_owner(owner, where)
        elif dimension is not None or cube is not None:
            kind = "dimension" if dimension is not None else "cube"
            what = f"The {kind} '{owner}' has no {'level' if dimension else 'label'} '{attribute}'."
            yield Issue(what, where, "", did_you_mean(attribute, {**labels, **attributes}))
        elif not (self._knows_dimension(owner) or self._knows_cube(owner)):
            yield self._no_owner(owner, where)

    def _no_owner(self, owner: str, where: Location) -> Issue:
        known = [*self._repository.dimensions, *self._repository.cubes]
        return Issue(f"There is no dimension '{owner}'.", where, "", did_you_mean(owner, known))

    def _role_issues(
        self, owner: str, role: str, attribute: str, where: Location
    ) -> Iterator[Issue]:
        cube = self._repository.cubes.get(owner)
        if cube is None:
            if not self._knows_cube(owner):
                yield _no("cube", owner, self._repository.cubes, where)
        elif role not in cube.definition.dimensions:
            what = f"The cube '{owner}' has no dimension '{role}'."
            yield Issue(what, where, "", did_you_mean(role, cube.definition.dimensions))
        elif attribute != ALL and role in cube.roles:
            known = cube.roles[role].dimension.attributes
            if attribute not in known:
                what = f"The dimension '{role}' of cube '{owner}' has no level '{attribute}'."
                yield Issue(what, where, "", did_you_mean(attribute, known))

    def _row_issues(self, row: RowFilter, where: Location) -> Iterator[Issue]:
        """A filter must mean something wherever it holds, and for everybody it is for."""
        if row.cube is not None:
            cube = self._repository.cubes.get(row.cube)
            if cube is not None:
                yield from self._filter_issues(row, [cube], where)
            elif not self._knows_cube(row.cube):
                yield _no("cube", row.cube, self._repository.cubes, where)
            return
        try:
            levels = levels_named(self._repository, row.where)
        except UserError as error:
            yield from _at(error, where)
            return
        named = tuple(dict.fromkeys(level.partition(".")[0] for level in levels))
        unknown = [name for name in named if not self._knows_dimension(name)]
        for name in unknown:
            yield Issue(
                f"There is no dimension '{name}'.",
                where,
                "Without `cube`, levels of a filter are written dimension.attribute.",
                did_you_mean(name, self._repository.dimensions),
            )
        if unknown or any(name not in self._repository.dimensions for name in named):
            return
        missing = list(self._missing(levels, where))
        yield from missing
        if missing:
            return
        holds: list[ResolvedCube] = []
        for cube in self._repository.cubes.values():
            has = [bool(roles_of(cube, name)) for name in named]
            if all(has):
                holds.append(cube)
            elif any(has):
                lacks = named[has.index(False)]
                yield Issue(
                    f"The filter cannot hold in the cube '{cube.name}'.",
                    where,
                    f"It has no dimension '{lacks}' that is loaded.",
                    "Write a filter for each dimension, or one for each cube with `cube`.",
                )
        yield from self._filter_issues(row, holds, where)

    def _missing(self, levels: Iterable[str], where: Location) -> Iterator[Issue]:
        def told(owner: ResolvedDimension, attribute: str) -> Issue:
            if attribute in owner.attributes:
                what = f"'{owner.name}.{attribute}' is empty in this workspace."
                return Issue(what, where, "No mapping fills it.", "Map the column it comes from.")
            what = f"The dimension '{owner.name}' has no level '{attribute}'."
            return Issue(what, where, "", did_you_mean(attribute, owner.attributes))

        for name in levels:
            owner, _, attribute = name.partition(".")
            dimension = self._repository.dimensions[owner]
            if dimension_level(dimension, attribute) is None:
                yield told(dimension, attribute)

    def _filter_issues(
        self, row: RowFilter, cubes: Iterable[ResolvedCube], where: Location
    ) -> Iterator[Issue]:
        asked: dict[str, None] = {}

        def anybody(name: str) -> None:
            asked[name] = None

        for cube in cubes:
            try:
                self._parse(row, cube, anybody)
            except UserError as error:
                yield from _at(error, where)
                return
        known = {name for user in self._rules.users.values() for name in user.attributes}
        lacking = [name for name in asked if name not in known]
        for name in lacking:
            yield Issue(
                f"No user has an attribute '{name}'.",
                where,
                f"The filter compares with {{user.{name}}}.",
                did_you_mean(name, known)
                or "Give it to users in workspace.yaml, under `attributes`.",
            )
        for user in () if lacking else self._rules.users:
            yield from self._user_issues(row, cubes, user, where)

    def _user_issues(
        self, row: RowFilter, cubes: Iterable[ResolvedCube], user: str, where: Location
    ) -> Iterator[Issue]:
        viewer = self._rules.viewer(user)
        if not is_for(self._policy, viewer):
            return
        for cube in cubes:
            try:
                self._parse(row, cube, lambda name: viewer.attributes.get(name, ()))
            except Lacking:
                continue
            except UserError as error:
                for issue in error.issues:
                    why = " ".join(part for part in (issue.what, issue.why) if part)
                    yield Issue(f"The filter does not fit the user '{user}'.", where, why,
                                "Mend the user's `attributes` in workspace.yaml.")  # fmt: skip
                return

    def _parse(self, row: RowFilter, cube: ResolvedCube, user: UserValues) -> None:
        if row.cube is not None:
            parse_filter(row.where, level_in(cube), user)
        else:
            conformed(self._repository, cube, row.where, user)

    def _mask_issues(self, name: str, mask: Mask, where: Location) -> Iterator[Issue]:
        wrong = list(self._level_issues(name, where))
        yield from wrong
        for cube in () if wrong else self._repository.cubes.values():
            if name.partition(".")[0] == cube.name and name.count(".") == 1:
                if name.partition(".")[2] in cube.fact.definition.degenerate:
                    yield Issue(
                        f"'{name}' cannot be masked.",
                        where,
                        "It is a label that facts carry themselves.",
                        "Hide it under `levels`.",
                    )
                    return
            for role, resolved in cube.roles.items():
                issue = self._role_mask(name, mask, cube, role, resolved.dimension, where)
                if issue is not None:
                    yield issue
                    return

    def _role_mask(
        self,
        name: str,
        mask: Mask,
        cube: ResolvedCube,
        role: str,
        dimension: ResolvedDimension,
        where: Location,
    ) -> Issue | None:
        meant = [
            each
            for each in dimension.attributes.values()
            if means_level(name, cube.name, role, dimension.name, each.name)
        ]
        for each in meant:
            if not mask_fits(mask, each.type):
                return Issue(
                    f"'{mask.way}' cannot mask '{name}'.", where,
                    f"'{dimension.name}.{each.name}' is of type {each.type}.",
                    "'first' is for texts, 'step' for numbers, 'period' for days and moments,"
                    " and 'show' for all.",
                )  # fmt: skip
            for hierarchy, definition in dimension.definition.hierarchies.items():
                if each.name in definition.levels[:-1]:
                    return Issue(
                        f"'{dimension.name}.{each.name}' cannot be masked.", where,
                        f"The hierarchy '{hierarchy}' goes on below it, and one drills down by its"
                        " members.",
                        "Mask a level at the end of the hierarchy, or hide this one under"
                        " `levels`.",
                    )  # fmt: skip
        return None


def _at(error: UserError, where: Location) -> Iterator[Issue]:
    for issue in error.issues:
        yield Issue(issue.what, where, issue.why, issue.fix)


def _no(kind: str, name: str, known: Iterable[str], where: Location, why: str = "") -> Issue:
    return Issue(f"There is no {kind} '{name}'.", where, why, did_you_mean(name, known))
