"""Serving: `serve` and `user`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from metadata.applied import load_to_mend
from metadata.errors import UserError
from metadata.loader import check_workspace
from metadata.passwords import hash_password
from pipelines.cli.output import HERE, WorkspaceOption, stderr, stdout


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(serve)
    app.command()(user)


def serve(
    workspace: WorkspaceOption = HERE,
    host: Annotated[
        str, typer.Option(help="Address to bind; others than this machine's need users.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65535)] = 8501,
) -> int:
    """Serve the dashboards and the API in one process."""
    load_to_mend(workspace)
    _tell_problems(workspace)
    return start_server(workspace, host, port)


def _tell_problems(workspace: Path) -> None:
    """What is wrong with the files does not keep the server from starting; it is mended there."""
    issues = check_workspace(workspace).issues
    for issue in issues[:5]:
        stderr.print(str(issue), markup=False, soft_wrap=True)
    if issues:
        many = f"{len(issues)} problems" if len(issues) > 1 else "One problem"
        stderr.print(f"{many} in the definitions; the studio shows where, and mends them.")


def user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[
        str, typer.Option(help="analyst, engineer, executive, or your own.")
    ] = "analyst",
) -> int:
    """Ask for a password and print the lines for workspace.yaml; the password is stored nowhere."""
    given = os.environ.get("RAPPORT_NEW_PASSWORD")
    password = given or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )
    if len(password) < 8:
        raise UserError("The password is too short.", fix="Use at least 8 characters.")
    stdout.print("users:", markup=False)
    stdout.print(
        f"  {name}:\n    role: {role}\n    password: {hash_password(password)}", markup=False
    )
    return 0


def start_server(workspace: Path, host: str, port: int) -> int:
    """Run the server as a process of its own: pages and pipelines do not import one another."""
    command = [sys.executable, "-m", "dashboards", str(workspace.resolve())]
    command += ["--host", host, "--port", str(port)]
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0
