"""What steps and runs report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from metadata.errors import Issue

if TYPE_CHECKING:
    from pipelines.upkeep import Report as Maintained

Status = Literal["done", "unchanged", "failed", "skipped"]


@dataclass(frozen=True)
class StepResult:
    """How a step ended. `issues` stop something; `warnings` only want to be known."""

    name: str
    kind: str
    status: Status
    seconds: float = 0.0
    rows_in: int | None = None
    rows_out: int | None = None
    refused: int | None = None
    issues: tuple[Issue, ...] = ()
    warnings: tuple[Issue, ...] = ()


@dataclass(frozen=True)
class StepEvent:
    """Progress: a step begins (no result) or has ended."""

    name: str
    finished: int
    total: int
    result: StepResult | None = None


@dataclass(frozen=True)
class RunReport:
    """How a run ended; `version` is what readers see now."""

    run: str
    steps: tuple[StepResult, ...]
    version: int | None
    seconds: float
    notes: tuple[Issue, ...] = ()
    """What went wrong beside the run, such as telling others of it."""
    maintenance: Maintained | None = None
    """What the rules of maintenance did after it; None where there are none."""

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for was done."""
        return all(step.status in ("done", "unchanged") for step in self.steps)
