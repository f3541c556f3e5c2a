"""`python -m pipelines.workbench WORKSPACE`: the process that the pages keep beside them."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from pipelines.workbench.desk import Desk
from pipelines.workbench.planning import applied, moved, planned, scanned
from pipelines.workbench.serving import Method, Progress, Service


def main() -> int:
    """Answer requests from standard input until it ends."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.workbench", description=__doc__)
    parser.add_argument("workspace", type=Path)
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # Answers go where standard output went; whatever a library prints goes to the errors.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    desk = Desk(given.workspace)
    try:
        Service(methods(desk), answers, desk.interrupt).serve(sys.stdin)
    finally:
        desk.close()
    return 0


def methods(desk: Desk) -> dict[str, Method]:
    """What may be asked for."""

    def preview(params: dict[str, Any], progress: Progress) -> Any:
        return desk.preview(**params)

    def landed(params: dict[str, Any], progress: Progress) -> Any:
        return desk.landed(**params)

    def plan(params: dict[str, Any], progress: Progress) -> Any:
        return planned(desk.repository(params.get("edited", {})))

    def impact(params: dict[str, Any], progress: Progress) -> Any:
        return moved(desk.repository(params.get("edited", {})), progress)

    def apply(params: dict[str, Any], progress: Progress) -> Any:
        return applied(desk.repository({}), **params, progress=progress)

    def scan(params: dict[str, Any], progress: Progress) -> Any:
        repository = desk.repository({})
        return scanned(repository, params.get("sources") or sorted(repository.sources), progress)

    told = (preview, landed, plan, impact, apply, scan)
    return {method.__name__: method for method in told}


if __name__ == "__main__":
    sys.exit(main())
