"""What applying each kind of change costs, against making the whole warehouse again.

    python benchmarks/changes.py WORKSPACE

WORKSPACE is a loaded sample company (`rapport sample DIR --scale 100`, `rapport run -w DIR`).
First every step is done from the landing zone: the full rebuild. Then its definition files are
changed, applied one after another, and put back at the end. Beside what each took stands what the
plan had reckoned.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from metadata import load_workspace
from pipelines.change.apply import apply
from pipelines.change.plan import make_plan
from pipelines.plan import STAGES, plan_run
from pipelines.session import Session, new_run

MODEL, CUBES, QUALITY = "model/benchmark.yaml", "cubes/benchmark.yaml", "quality/benchmark.yaml"
CUSTOMERS, ORDERS = "mappings/customers.yaml", "mappings/orders.yaml"
FOLDERS = ("mappings", "model", "cubes", "quality")


@dataclass(frozen=True)
class Kind:
    """A kind of change: its name, and how it is made in the files."""

    name: str
    make: Callable[[Path], None]


def _written(name: str, text: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")

    return make


def _replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        text = (root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} does not stand once in {name}"
        (root / name).write_text(text.replace(old, new), encoding="utf-8")

    return make


CUSTOMER = "dimension: customer\nattributes:\n"
INITIAL = '  initial: {expr: "left(name, 1)", type: string}\n'
RENAMED = '  letter: {expr: "left(name, 1)", type: string}\n'
TRACKED = "  email: {history: track}\n"
SPLIT = "dimension: customer\nhierarchies:\n  home: [country, city]\n"
MEASURED = "---\nfact: sales\nmeasures:\n  doubled: {expr: quantity * 2, type: double}\n"
MEASURE = "cube: sales\nmeasures:\n  dearest: {max: net_amount, format: currency}\n"
ROLLUP = MEASURE + "rollups:\n  by_city: {by: [customer.city], measures: [revenue, lines]}\n"
TITLE = "  title:        title"
LABEL = "dimension: customer\nlabel: Client\n"
LINES = ("{from: quantity, check: {at_least: 1}}", "{from: quantity, check: {at_least: 2}}")
KINDS = (
    Kind("a label", _written(MODEL, LABEL)),
    Kind("a hierarchy split", _written(MODEL, SPLIT)),
    Kind("a measure of a cube", _written(CUBES, MEASURE)),
    Kind("a quality rule", _written(QUALITY, "quality: sold\nof: fact_sales\nrows: {least: 1}\n")),
    Kind("a rollup", _written(CUBES, ROLLUP)),
    Kind("a new attribute", _written(MODEL, CUSTOMER + INITIAL)),
    Kind("that attribute renamed", _written(MODEL, CUSTOMER + RENAMED)),
    Kind("another from overwrite to track", _written(MODEL, CUSTOMER + RENAMED + TRACKED)),
    Kind("it from track to overwrite", _written(MODEL, CUSTOMER + RENAMED)),
    Kind("an attribute removed", _written(MODEL, LABEL)),
    Kind(
        "a cleansing rule of a customer's column",
        _replaced(CUSTOMERS, TITLE, "  title:        {from: title, clean: [upper]}"),
    ),
    Kind("a measured column of a fact", _written(MODEL, LABEL + MEASURED)),
    Kind("a check of the fact's rows", _replaced(ORDERS, *LINES)),
)


def rebuild(root: Path) -> tuple[int, float]:
    """Do every step from the landing zone: tables made, and seconds."""
    repository = load_workspace(root)
    steps = plan_run(repository)
    began = time.perf_counter()
    with Session(repository, new_run(), total=len(steps.steps), full=True) as session:
        for stage in STAGES[1:]:
            for _ in session.perform(steps.of_stage(stage)):
                pass
        done = [r for r in session.results.values() if r.status == "done" and r.name != "publish"]
        assert not [i for r in session.results.values() for i in r.issues]
    return len(done), time.perf_counter() - began


def measure(root: Path) -> Iterator[tuple[str, str, int, float, float]]:
    """Kind, class, tables made, seconds, and seconds as they were reckoned, of each change."""
    for kind in KINDS:
        kind.make(root)
        repository = load_workspace(root)
        began = time.perf_counter()
        plan = make_plan(repository)
        report = apply(repository, plan, by="benchmark", reason=kind.name)
        seconds = time.perf_counter() - began
        assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
        done = [s for s in report.steps if s.status == "done" and s.name != "publish"]
        yield kind.name, plan.weight, len(done), seconds, plan.seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What applying each kind of change costs.")
    parser.add_argument("workspace", type=Path)
    root = parser.parse_args().workspace.resolve()
    line = "{:42} {:14} {:>6} {:>8} {:>9} {:>13}"
    print(line.format("change", "class", "tables", "seconds", "reckoned", "of a rebuild"))
    with tempfile.TemporaryDirectory() as aside:
        for folder in FOLDERS:
            if (root / folder).is_dir():
                shutil.copytree(root / folder, Path(aside) / folder)
        try:
            tables, whole = rebuild(root)
            print(line.format("full rebuild", "", tables, f"{whole:.2f}", "", "100.0%"), flush=True)
            for name, weight, tables, seconds, reckoned in measure(root):
                told = (f"{seconds:.2f}", f"{reckoned:.2f}", f"{seconds / whole:.1%}")
                print(line.format(name, weight, tables, *told), flush=True)
        finally:
            for folder in FOLDERS:
                shutil.rmtree(root / folder, ignore_errors=True)
                if (Path(aside) / folder).is_dir():
                    shutil.copytree(Path(aside) / folder, root / folder)


if __name__ == "__main__":
    main()
