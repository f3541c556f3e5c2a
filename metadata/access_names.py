"""Names in access policies: which measures, levels and rows of a cube they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

from metadata.errors import UserError
from metadata.filter_text import Lacking, UserValues, parse_filter
from metadata.model.access import Mask, RowFilter, Visible
from metadata.model.rule import FIGURES, MOMENTS, kind_of
from metadata.predicates import Never, Predicate, all_of, levels_of, renamed
from metadata.repository import Level, Repository, ResolvedCube, ResolvedDimension

ALL = "*"


def is_seen(visible: Visible | None, matches: Callable[[str], bool]) -> bool:
    """Whether a list of names leaves something to be seen."""
    if visible is None:
        return True
    if visible.allow is not None:
        return any(map(matches, visible.allow))
    return not any(map(matches, visible.hide or ()))


def means_measure(pattern: str, cube: str, measure: str) -> bool:
    """Whether a name of a policy means a measure.

    >>> means_measure("sales.*", "sales", "revenue")
    True
    """
    owner, _, name = pattern.partition(".")
    return owner == cube and name in (measure, ALL)


def means_level(pattern: str, cube: str, role: str, dimension: str, attribute: str) -> bool:
    """Whether a name of a policy means a level; without a role it is a label of the fact itself.

    >>> means_level("customer.email", "sales", "buyer", "customer", "email")
    True
    """
    *owner, name = pattern.split(".")
    if name not in (attribute, ALL):
        return False
    if not role:
        return owner == [cube]
    return owner in ([dimension], [cube, role])


def dimension_level(dimension: ResolvedDimension, attribute: str) -> Level | None:
    """A level of a dimension whatever role it plays; None where nothing feeds it."""
    found = dimension.attributes.get(attribute)
    if found is None or not found.available:
        return None
    return Level(dimension.name, attribute, found.label, dimension.label, found.type)


def row_predicates(
    repository: Repository, cube: ResolvedCube, rows: Iterable[RowFilter], user: UserValues
) -> Iterator[Predicate]:
    """What row filters ask of a cube's facts. What cannot be asked lets nothing in."""
    for each in rows:
        if each.cube not in (None, cube.name):
            continue
        try:
            found = (
                parse_filter(each.where, level_in(cube), user)
                if each.cube
                else conformed(repository, cube, each.where, user)
            )
        except Lacking:
            found = Never()
        except UserError:
            # A policy is checked when it is read; what slips through must not open anything.
            found = Never()
        if found is not None:
            yield found


def level_in(cube: ResolvedCube) -> Callable[[str], Level]:
    """Binds the names of a filter to the levels of one cube."""

    def level_of(name: str) -> Level:
        level = cube.levels.get(name)
        if level is None:
            raise UserError(f"The cube '{cube.name}' has no level '{name}' that is loaded.")
        return level

    return level_of


def level_of_dimensions(repository: Repository) -> Callable[[str], Level]:
    """Binds the names of a filter to attributes of dimensions."""

    def level_of(name: str) -> Level:
        owner, _, attribute = name.partition(".")
        dimension = repository.dimensions.get(owner)
        level = dimension_level(dimension, attribute) if dimension else None
        if level is None:
            raise UserError(f"No dimension has a level '{name}' that is loaded.")
        return level

    return level_of


def levels_named(repository: Repository, text: str) -> tuple[str, ...]:
    """The levels of dimensions that a filter speaks of, whether or not there are such.

    Raises:
        UserError: the text is no filter.
    """
    found: dict[str, None] = {}

    def level_of(name: str) -> Level:
        owner, _, attribute = name.partition(".")
        found[name] = None
        dimension = repository.dimensions.get(owner)
        known = dimension_level(dimension, attribute) if dimension else None
        return known or Level(owner, attribute, "", "", "string")

    parse_filter(text, level_of, lambda _: None)
    return tuple(found)


def roles_of(cube: ResolvedCube, dimension: str) -> tuple[str, ...]:
    """The roles in which a cube has a dimension."""
    return tuple(name for name, role in cube.roles.items() if role.dimension.name == dimension)


def conformed(
    repository: Repository, cube: ResolvedCube, text: str, user: UserValues
) -> Predicate | None:
    """A filter over dimensions as one over a cube's levels; None for a cube without them.

    A dimension that plays several roles must satisfy it in each of them.

    Raises:
        Lacking: it compares with what the user does not have.
        UserError: it is no filter, or names what is not loaded.
    """
    named = dict.fromkeys(each.partition(".")[0] for each in levels_named(repository, text))
    roles = {name: roles_of(cube, name) for name in named}
    if not any(roles.values()):
        return None
    if not all(roles.values()):
        return Never()
    whole = parse_filter(text, level_of_dimensions(repository), user)
    return all_of(
        tuple(
            renamed(whole, _in_roles(dict(zip(roles, chosen, strict=True))))
            for chosen in product(*roles.values())
        )
    )


def _in_roles(chosen: Mapping[str, str]) -> Callable[[str], str]:
    def name_of(level: str) -> str:
        owner, _, attribute = level.partition(".")
        return f"{chosen[owner]}.{attribute}"

    return name_of


def roles_filtered(predicate: Predicate | None) -> frozenset[str]:
    """The roles that a filter speaks of; a label of the fact itself stands for itself."""
    levels = levels_of(predicate) if predicate is not None else ()
    return frozenset(level.partition(".")[0] for level in levels)


def mask_fits(mask: Mask, kind: str) -> bool:
    """Whether a mask can be put on a level of a type."""
    plain = kind_of(kind)
    match mask.way:
        case "show":
            return True
        case "first":
            return plain == "string"
        case "step":
            return plain in FIGURES
        case "period":
            return plain in MOMENTS
