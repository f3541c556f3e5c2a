"""Documents as their readers follow them: files to write, commands to run, answers to expect."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class FileBlock:
    """A file that the reader is told to write."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that the reader is told to run, and the answer that is shown."""

    line: str
    expected: str


def steps(document: Path) -> Iterator[FileBlock | Command]:
    """What a reader of the document does, in order."""
    for kind, rest, body in _FENCE.findall(document.read_text(encoding="utf-8")):
        title = _TITLE.search(rest)
        if title:
            yield FileBlock(title.group(1), body)
        elif kind == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                line, _, expected = part.partition("\n")
                yield Command(line, expected)


def run(command: Command, folder: Path) -> str:
    """Run a documented command; what it printed."""
    program, *arguments = shlex.split(command.line)
    assert program == "rapport"
    done = subprocess.run(
        [Path(sys.executable).with_name("rapport"), *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{command.line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def as_pattern(expected: str) -> str:
    """The shown answer as a regular expression: `...` stands for anything, spaces count as one."""
    pieces = (r"\s+".join(map(re.escape, piece.split())) for piece in expected.split("..."))
    return r"[\s\S]*?".join(rf"\s*{piece}\s*" for piece in pieces)


def follow(document: Path, folder: Path) -> int:
    """Do what a document says in a folder; how many commands gave the answers that it shows."""
    commands = 0
    for step in steps(document):
        match step:
            case FileBlock(name, text):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            case Command(line, expected):
                commands += 1
                printed = run(step, folder)
                assert re.search(as_pattern(expected), printed), f"$ {line}\n{printed}"
    return commands
