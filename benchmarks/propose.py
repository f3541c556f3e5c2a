"""How often `rapport propose` is right, against mappings that people have written.

    python -m benchmarks.propose [WORKSPACE ...]

Of each WORKSPACE every source that has been scanned (`rapport scan -w WORKSPACE`) is proposed
anew and compared with the workspace's own mappings. Then come schemas that were made up, whose
truth stands in `tests/schemas`. `benchmarks.pairs` says what is counted. The last lines tell how
often a confidence holds what it promises.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.invented import Schema, schemas
from benchmarks.pairs import Counts, Pair, counted, mapped_pairs, proposed_pairs
from metadata import load_workspace
from metadata.model.source import SourceTable
from metadata.model.star import Entity
from metadata.propose import Known, propose
from metadata.scan import Scan, read_scan
from pipelines.scan import Look, scan_sources

_EMPTY = "name: Trial\n"


@dataclass(frozen=True)
class Case:
    """A scanned source, and what its columns mean."""

    name: str
    scan: Scan
    entities: Mapping[str, Entity]
    truth: frozenset[Pair]
    names: Mapping[str, str]
    """What the truth calls the tables, by what the scan calls them."""
    settings: Mapping[str, SourceTable] | None = None
    """Tables of the source as they are defined."""

    def proposed(self) -> dict[Pair, float]:
        """What is proposed, each with its confidence."""
        known = Known(self.entities, settings=self.settings)
        return proposed_pairs(propose(self.scan, known), self.names)

    def counts(self) -> Counts:
        """How much of it is right."""
        return counted(self.proposed(), set(self.truth))


def of_workspace(root: Path) -> Iterator[Case]:
    """The scanned sources of a workspace."""
    repository = load_workspace(root)
    entities = {name: written.value for name, written in repository.entities.items()}
    mappings = [mapping.definition for mapping in repository.mappings]
    for source in repository.sources:
        scan = read_scan(repository.storage, source)
        if scan is not None:
            names = {table.name: table.name for table in scan.tables}
            truth = frozenset(mapped_pairs(mappings, source))
            tables = repository.sources[source].value.tables
            yield Case(f"{root.name}: {source}", scan, entities, truth, names, tables)


def of_schemas(folder: Path) -> Iterator[Case]:
    """The made-up schemas, written below a folder and scanned."""
    for schema in schemas():
        yield of_schema(schema, folder / schema.name)


def of_schema(schema: Schema, folder: Path) -> Case:
    """One made-up schema, written into a folder and scanned."""
    url = schema.write(folder / "data")
    (folder / "sources").mkdir(parents=True)
    (folder / "workspace.yaml").write_text(_EMPTY, encoding="utf-8")
    source = f"source: {schema.name}\nurl: {url}\n"
    (folder / "sources" / "source.yaml").write_text(source, encoding="utf-8")
    repository = load_workspace(folder)
    (found,) = scan_sources(repository, [schema.name], Look())
    assert found.scan is not None, found.issues
    entities = {name: written.value for name, written in repository.entities.items()}
    names = {
        table.name: next((own for own in schema.tables if _is_of(own, table.native_name)), "")
        for table in found.scan.tables
    }
    return Case(schema.name, found.scan, entities, schema.truth, names)


def _is_of(own: str, native: str) -> bool:
    """Whether a table of a schema is what the source calls so; files may be one by a pattern."""
    return own == Path(native).stem or fnmatch(f"{own}.csv", native)


def reliability(cases: Iterable[Case]) -> Iterator[tuple[float, int, float, float]]:
    """By tenths of confidence: from where, how many, what was promised, what was right."""
    told: dict[int, list[tuple[float, bool]]] = {}
    for case in cases:
        folded = {(t.casefold(), c.casefold(), e, n) for t, c, e, n in case.truth}
        for (table, column, entity, name), sure in case.proposed().items():
            right = (table.casefold(), column.casefold(), entity, name) in folded
            told.setdefault(min(int(sure * 10), 9), []).append((sure, right))
    for tenth, each in sorted(told.items()):
        promised = sum(sure for sure, _ in each) / len(each)
        yield tenth / 10, len(each), promised, sum(right for _, right in each) / len(each)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How often proposals are right.")
    parser.add_argument("workspaces", nargs="*", type=Path)
    chosen = parser.parse_args().workspaces
    with tempfile.TemporaryDirectory() as folder:
        cases = [case for root in chosen for case in of_workspace(root.resolve())]
        cases += of_schemas(Path(folder))
        heads = ("proposed", "mapped", "right", "precision", "recall")
        print(f"{'source':32} " + " ".join(f"{head:>9}" for head in heads))
        for case in cases:
            c = case.counts()
            print(
                f"{case.name:32} {c.proposed:9d} {c.mapped:9d} {c.right:9d} {c.precision:9.2f}"
                f" {c.recall:9.2f}"
            )
        print(f"\n{'confidence from':>15} {'pairs':>6} {'promised':>8} {'right':>6}")
        for start, count, promised, right in reliability(cases):
            print(f"{start:15.1f} {count:6d} {promised:8.2f} {right:6.2f}")


if __name__ == "__main__":
    main()
