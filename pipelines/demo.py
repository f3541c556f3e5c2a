"""The sample company as a workspace: its source systems beside the metadata that reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import sample_data
from metadata.errors import UserError
from sample_data import SampleReport

_TEMPLATE = Path(sample_data.__file__).parent / "workspace"


def make_sample(directory: Path, *, scale: float, seed: int) -> SampleReport:
    """Generate the source systems, then write the workspace that describes them.

    Raises:
        UserError: the folder already holds a workspace.
    """
    if (directory / "workspace.yaml").exists():
        raise UserError(
            f"{directory} already holds a workspace.",
            fix="Choose another folder, or play its next days with --days.",
        )
    report = sample_data.generate(directory, scale=scale, seed=seed)
    # workspace.yaml is what makes a folder a workspace, so it comes when all else is there.
    shutil.copytree(_TEMPLATE, directory, dirs_exist_ok=True, ignore=lambda *_: ["workspace.yaml"])
    shutil.copyfile(_TEMPLATE / "workspace.yaml", directory / "workspace.yaml")
    return report


def play_sample(directory: Path, *, days: int) -> SampleReport:
    """Let the company live on for some days.

    Raises:
        UserError: there is no sample company in the folder.
    """
    if not (directory / "data" / "state.json").is_file():
        raise UserError(
            f"There is no sample company in {directory}.",
            fix=f"Create one with `rapport sample {directory}`.",
        )
    return sample_data.play(directory, days=days)
