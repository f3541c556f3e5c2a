"""What applying each kind of change costs, against making the whole warehouse again.

    python benchmarks/changes.py WORKSPACE

WORKSPACE is a loaded sample company (`rapport sample DIR --scale 100`, `rapport run -w DIR`).
Its definition files are changed, applied one after another, and put back at the end. The full
rebuild is the same load from the same landing zone with every step done.
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

MODEL = "model/benchmark.yaml"
CUSTOMERS = "mappings/customers.yaml"


@dataclass(frozen=True)
class Kind:
    """A kind of change: its name, its class, and how it is made in the files."""

    name: str
    make: Callable[[Path], None]


def _model(text: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        (root / "model").mkdir(exist_ok=True)
        (root / MODEL).write_text(text, encoding="utf-8")

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
SPLIT = "dimension: customer\nhierarchies:\n  home: [country, city]\n"
TITLE = "  title:        title"
KINDS = (
    Kind("a label", _model("dimension: customer\nlabel: Client\n")),
    Kind("a hierarchy split", _model(SPLIT)),
    Kind("a new attribute", _model(CUSTOMER + INITIAL)),
    Kind("that attribute renamed", _model(CUSTOMER + RENAMED)),
    Kind("from overwrite to track", _model(CUSTOMER + RENAMED + "  email: {history: track}\n")),
    Kind(
        "a cleansing rule of a customer's column",
        _replaced(CUSTOMERS, TITLE, "  title:        {from: title, clean: [upper]}"),
    ),
)


def measure(root: Path) -> Iterator[tuple[str, str, int, float]]:
    """Kind, class, tables made, and seconds of each change; the full rebuild comes last."""
    for kind in KINDS:
        kind.make(root)
        repository = load_workspace(root)
        began = time.perf_counter()
        plan = make_plan(repository)
        report = apply(repository, plan, by="benchmark", reason=kind.name)
        seconds = time.perf_counter() - began
        assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
        done = [s for s in report.steps if s.status == "done" and s.name != "publish"]
        yield kind.name, plan.weight, len(done), seconds
    repository = load_workspace(root)
    steps = plan_run(repository)
    began = time.perf_counter()
    with Session(repository, new_run(), total=len(steps.steps), full=True) as session:
        for stage in STAGES[1:]:
            for _ in session.perform(steps.of_stage(stage)):
                pass
        done = [r for r in session.results.values() if r.status == "done" and r.name != "publish"]
        assert not [i for r in session.results.values() for i in r.issues]
    yield "full rebuild", "", len(done), time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What applying each kind of change costs.")
    parser.add_argument("workspace", type=Path)
    root = parser.parse_args().workspace.resolve()
    with tempfile.TemporaryDirectory() as aside:
        for folder in ("mappings", "model"):
            if (root / folder).is_dir():
                shutil.copytree(root / folder, Path(aside) / folder)
        try:
            # What an earlier release has applied, or nothing, is brought up to date first.
            repository = load_workspace(root)
            apply(repository, make_plan(repository), by="benchmark")
            rows = list(measure(root))
        finally:
            for folder in ("mappings", "model"):
                shutil.rmtree(root / folder, ignore_errors=True)
                if (Path(aside) / folder).is_dir():
                    shutil.copytree(Path(aside) / folder, root / folder)
    whole = rows[-1][3]
    print(f"{'change':42} {'class':14} {'tables':>6} {'seconds':>8} {'of a rebuild':>12}")
    for name, weight, tables, seconds in rows:
        print(f"{name:42} {weight:14} {tables:6d} {seconds:8.2f} {seconds / whole:11.1%}")


if __name__ == "__main__":
    main()
