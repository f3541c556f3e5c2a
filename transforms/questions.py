"""What cubes answer, as recipes: each measure and each level by the stored parts it is made of.

Nothing of it is stored, so nothing is made again; but a change of a stored part can be followed to
every figure and every level in which it may be seen.
"""

from __future__ import annotations

from metadata.model.cube import Measure
from metadata.repository import Repository, ResolvedCube
from transforms.ingredients import ROWS, Ingredients, Part, Recipe, anonymous, said
from transforms.recipes import cube_column

_WORDS = ("label", "description", "format", "polarity")


def questions(repository: Repository) -> dict[str, Recipe]:
    """A recipe for each cube, as `cube <name>`; levels are its parts `level <role>.<attribute>`."""
    return {f"cube {cube.name}": _questions(cube) for cube in repository.cubes.values()}


def _questions(cube: ResolvedCube) -> Recipe:
    parts = {name: _measure(cube, measure) for name, measure in cube.measures.items()}
    for level in cube.levels:
        parts[f"level {level}"] = Ingredients(said("level"), cube_column(cube, level))
    return Recipe(f"cube {cube.name}", parts)


def _measure(cube: ResolvedCube, measure: Measure) -> Ingredients:
    """A measure is made of the columns it aggregates and filters by, or of other measures."""
    told: list[object] = [measure.aggregate]
    reads = [Part(cube.fact.table, ROWS)]
    for field in type(measure).model_fields:
        value = getattr(measure, field)
        if value is None or field in _WORDS:
            continue
        if field == "where":
            words, names = anonymous(value)
            told.append(words)
            reads += [part for name in names for part in cube_column(cube, name)]
        elif field == measure.aggregate and isinstance(value, str):
            told.append(value == "*")
            reads += cube_column(cube, value) if value != "*" else ()
        elif field == measure.aggregate:
            reads += [Part(f"cube {cube.name}", str(name)) for name in value]
        else:
            told.append(f"{field}={value!r}")
    return Ingredients(said("measure", *told), tuple(dict.fromkeys(reads)))
