"""Tables of the build as they stand: given another name, reshaped in place, or dropped."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.engine import DuckDBEngine
from pipelines.fingerprints import Recipes, dropped, renamed, same
from pipelines.memory import Made, Memory
from transforms import WAREHOUSE, drop_columns, drop_tables, rename_columns, rename_table
from transforms.crossreference import pairs_table, xref_table
from transforms.ingredients import QUALITY


class Standing:
    """Changes of the warehouse's tables that need not make them again."""

    def __init__(self, engine: DuckDBEngine, memory: Memory, recipes: Recipes) -> None:
        self._engine = engine
        self._memory = memory
        self._recipes = recipes

    def reshape(self, name: str, now: Mapping[str, Made]) -> bool:
        """Rename and drop columns; whether that was all there was to do."""
        found = self._memory.find(WAREHOUSE, name)
        columns = self._engine.columns(WAREHOUSE, name)
        if found is None or columns is None:
            return False
        other_names = renamed(found.parts, now)
        new_names = {old: new for old, new in other_names.items() if old in columns}
        gone = [old for old in dropped(found.parts, now) if old in columns]
        for statement in (*drop_columns(name, gone), *rename_columns(name, new_names)):
            self._engine.run(statement)
        kept = {
            other_names.get(old, old): made for old, made in found.parts.items() if old not in gone
        }
        kept = {name: made for name, made in kept.items() if name != QUALITY}
        rest = {name: made for name, made in now.items() if name != QUALITY}
        return same(kept, rest)

    def take_over(self, new: str) -> bool:
        """Give a table that stands under another name the one it has now; whether there is one.

        A dimension keeps its surrogate keys, under their new name, and its tree.
        """
        old = self._recipes.formerly(new)
        if not old:
            return False
        statements = [rename_table(old, new)]
        if new.startswith("dim_"):
            before, after = old.removeprefix("dim_"), new.removeprefix("dim_")
            statements += rename_columns(new, {f"{before}_key": f"{after}_key"})
            if self._engine.columns(WAREHOUSE, f"closure_{before}") is not None:
                statements.append(rename_table(f"closure_{before}", f"closure_{after}"))
        with self._engine.transaction():
            for statement in statements:
                self._engine.run(statement)
            self._memory.rename(WAREHOUSE, old, new)
        return True

    def retire(self) -> None:
        """Drop what nothing defines any more."""
        with self._engine.transaction():
            gone = sorted(self._memory.products(WAREHOUSE) - self._recipes.products)
            # The tree of a dimension goes with it.
            trees = [name.replace("dim_", "closure_", 1) for name in gone if name[:4] == "dim_"]
            golden = [name.removeprefix("golden_") for name in gone if name[:7] == "golden_"]
            keys = [table for e in golden for table in (xref_table(e), pairs_table(e))]
            for statement in drop_tables([*gone, *trees, *keys]):
                self._engine.run(statement)
            self._memory.forget(WAREHOUSE, gone)
