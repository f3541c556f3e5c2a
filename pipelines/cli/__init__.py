"""The command line. Others drive the product through it, so its words and statuses are stable.

Exit status 0: done. 1: something the user can mend, told in one message. 2: a defect of ours.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback

import typer
from typer.exceptions import TyperException

from metadata.errors import Issue, RapportError, UserError
from pipelines.cli import (
    asking,
    changing,
    documenting,
    exchanging,
    explaining,
    keeping,
    lineage,
    loading,
    maintaining,
    matching,
    measuring,
    proposing,
    scanning,
    serving,
    starting,
)
from pipelines.cli.output import print_json, stderr

app = typer.Typer(
    name="rapport",
    help="An analytical CRM: a customer data warehouse described by metadata.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (
    starting, scanning, proposing, changing, loading, maintaining, matching, keeping, asking,
    explaining, lineage, documenting, exchanging, serving, measuring,
):  # fmt: skip
    group.register(app)


_OF_THE_MACHINE = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT,
    errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG,
}  # fmt: skip
"""What files and folders refuse, and whoever runs the command can mend."""


def main() -> None:
    """Run a command and turn every failure into one message and an exit status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; the exit status."""
    try:
        status = app(arguments, standalone_mode=False, prog_name="rapport")
        return status if isinstance(status, int) else 0
    except UserError as error:
        _report(error.issues, arguments)
        return 1
    except TyperException as error:
        said = error.format_message().replace("Value error, ", "")
        _report((Issue(said, fix="See `rapport --help`."),), arguments)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        stderr.print("Stopped.")
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE or not error.filename:
            _report_defect(error)
            return 2
        issue = Issue(f"{error.filename} cannot be used.", why=f"{error.strerror}.")
        _report((issue,), arguments)
        return 1
    except Exception as error:
        _report_defect(error)
        return 2


def _report(issues: tuple[Issue, ...], arguments: list[str]) -> None:
    if _wants_json(arguments):
        print_json({"issues": [issue.as_dict() for issue in issues]})
    for issue in issues:
        stderr.print(str(issue), style="red", highlight=False, markup=False, soft_wrap=True)
    if len(issues) > 1:
        stderr.print(f"{len(issues)} problems.", style="red", highlight=False)


def _wants_json(arguments: list[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(a == "--format=json" or (a in ("--format", "-f") and b == "json") for a, b in pairs)


def _report_defect(error: Exception) -> None:
    kind = "" if isinstance(error, RapportError) else f"{type(error).__name__}: "
    stderr.print(
        f"Rapport has failed; this is a defect of ours.\n    {kind}{error}\n"
        "    Run again with RAPPORT_TRACEBACK=1 and report what it shows.",
        style="red",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if os.environ.get("RAPPORT_TRACEBACK"):
        traceback.print_exception(error)
