"""Cubes: questions about facts, answered with totals that are right.

>>> from cubes import Query, open_workspace            # doctest: +SKIP
>>> engine = open_workspace("demo")                    # doctest: +SKIP
>>> engine.query(Query("sales", ("revenue",), ("customer.country",))).to_pandas()  # doctest: +SKIP
"""

from cubes.cell import Cell
from cubes.drill import CellFacts, CellPart, MemberColumns
from cubes.engine import Engine, Explanation, Result, ResultColumn
from cubes.following import FollowingEngine, open_workspace
from cubes.query import Query, Sort, Top

__all__ = [
    "Cell",
    "CellFacts",
    "CellPart",
    "Engine",
    "Explanation",
    "FollowingEngine",
    "MemberColumns",
    "Query",
    "Result",
    "ResultColumn",
    "Sort",
    "Top",
    "open_workspace",
]
