"""Loads: how fresh the data is, where every row went, and which rows were refused and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from cubes.lateness import expected_tables
from cubes.operations import Operations, Run, Version
from dashboards import data, notices, refused
from dashboards.wording import ago, duration, moment_text, seconds_between
from metadata.errors import Issue

MOST_PROBLEMS = 5
Colour = Literal["blue", "green", "red", "gray"]
_STATUS: dict[str, tuple[str, Colour, str]] = {
    "running": ("Running", "blue", ":material/progress_activity:"),
    "done": ("Finished", "green", ":material/check_circle:"),
    "failed": ("Failed", "red", ":material/error:"),
    "died": ("Broken off", "red", ":material/power_off:"),
}
_STEP_STATUS = {
    "done": "✓ done",
    "unchanged": "= unchanged",
    "failed": "✕ failed",
    "skipped": "– skipped",
}


def page() -> None:
    """Draw Loads."""
    operations = data.workspace().operations
    zone = data.repository().workspace.time_zone
    runs = operations.runs(20)
    with st.container(gap=None):
        st.title("Loads", anchor=False)
        lead = "How fresh the data is, where every row went, and which rows were refused."
        st.html(f'<p class="rapport-lead">{lead}</p>')
    if not runs:
        notices.empty(
            Issue("Nothing was loaded yet.", None, "No run has been started in this workspace.",
                  "Start one with `rapport run`. `rapport status` tells how far it is.")
        )  # fmt: skip
        return
    _latest(runs[0], operations, zone)
    _headline(operations, runs, zone)
    tables, refusals, steps, history = st.tabs(
        ["Source tables", "Refused rows", "Steps of the latest run", "Runs and versions"]
    )
    with tables:
        _freshness(operations, zone)
        _balances(operations)
    with refusals:
        refused.section(operations, rows=data.may_see_raw())
    with steps:
        _steps(operations, runs[0])
    with history:
        _history(runs, operations, zone)


def _latest(run: Run, operations: Operations, zone: str) -> None:
    """What the latest run means for the data people see."""
    problems = operations.failures(run.run)
    failures = [each.issue for each in problems if each.severity == "stop"]
    if run.status in ("failed", "died"):
        how = "failed" if run.status == "failed" else "was broken off"
        st.error(
            f"**The latest load {how}** {ago(run.started_at, _now())}.  \n"
            f"{_left_standing(run, operations)} Mend what is listed here, then start it again with"
            " `rapport run`.",
            icon=":material/error:",
        )
        grouped = _grouped(failures)
        notices.problems(grouped[:MOST_PROBLEMS])
        if grouped[MOST_PROBLEMS:]:
            with st.expander(f"{len(grouped) - MOST_PROBLEMS} more"):
                notices.problems(grouped[MOST_PROBLEMS:])
    warnings = [each.issue for each in problems if each.severity == "warn"]
    if warnings:
        with st.expander(f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}"):
            notices.problems(warnings)


def _left_standing(run: Run, operations: Operations) -> str:
    """What pages show after a run that did not go through."""
    published = operations.versions()
    if run.version:
        return (
            f"What could be loaded was published as version {run.version}; the rest is as it was"
            " before."
        )
    if published:
        return f"Pages still show version {published[0].version}, which is whole and unchanged."
    return "Nothing has been published yet, so the other pages are empty."


def _grouped(issues: Sequence[Issue]) -> list[Issue]:
    """Problems that have the same reason are told once: forty tables of one server that is down."""
    together: dict[tuple[str, str], list[Issue]] = {}
    for issue in issues:
        reason = (issue.why, issue.fix) if issue.why else (issue.what, issue.fix)
        together.setdefault(reason, []).append(issue)
    return [
        replace(first, what=f"{first.what} And {len(rest)} more for the same reason.")
        if rest
        else first
        for first, *rest in together.values()
    ]


def _headline(operations: Operations, runs: tuple[Run, ...], zone: str) -> None:
    run = runs[0]
    word, colour, icon = _STATUS.get(run.status, (run.status, "gray", ":material/help:"))
    took = seconds_between(run.started_at, run.finished_at)
    balances = operations.balances()
    landed = sum(balance.landed for balance in balances)
    refused_rows = sum(balance.quarantined for balance in balances)
    published = operations.versions()
    grid = st.grid(4, min_column_width=164, gap="small")
    grid.metric(
        "Latest load",
        word,
        icon=icon,
        border=True,
        height="stretch",
        delta_arrow="off",
        delta_color=colour,
        delta=ago(run.started_at, _now()),
        help=f"Started {moment_text(run.started_at, zone)}.",
        delta_description=f"took {duration(took.total_seconds())}" if took else "still at work",
    )
    if published:
        version = published[0]
        grid.metric(
            "Version shown",
            f"{version.version}",
            border=True,
            height="stretch",
            delta=ago(version.published_at, _now()),
            delta_arrow="off",
            delta_color="gray",
            help=f"Published {moment_text(version.published_at, zone)}.",
            delta_description="published",
        )
    grid.metric(
        "Rows taken in",
        f"{landed:,}",
        border=True,
        height="stretch",
        delta=_balanced_words(operations),
        delta_arrow="off",
        delta_color="green" if all(b.balanced for b in balances) else "red",
        help="Every row that was read is loaded, refused with a reason, merged with another, or"
        " left out by a filter.",
    )
    share = f"{refused_rows / landed:.2%} of all rows" if landed else ""
    grid.metric(
        "Rows refused", f"{refused_rows:,}", border=True, height="stretch",
        delta=share or None, delta_arrow="off", delta_color="gray",
        help="Refused rows wait under “Refused rows”, each with its reason.",
    )  # fmt: skip


def _balanced_words(operations: Operations) -> str:
    off = [b for b in operations.balances() if not b.balanced]
    return f"{len(off)} do not add up" if off else "Every row accounted for"


def _freshness(operations: Operations, zone: str) -> None:
    st.subheader("Freshness", anchor=False)
    batches = Counter((each.source, each.table) for each in operations.batches(limit=5000))
    expected = expected_tables(data.repository(), operations, _now())
    late = [each for each in expected.values() if each.arrival.late]
    if late:
        st.warning(
            f"**{_count(len(late), 'source table')} late.** Figures made from"
            f" {'it are' if len(late) == 1 else 'them are'} older than they may be.",
            icon=":material/schedule:",
        )
        notices.problems([each.issue(ZoneInfo(zone)) for each in late[:MOST_PROBLEMS]])
    known = {each.table for each in late}

    def state(name: str, *, failing: bool) -> str:
        if name in expected and expected[name].arrival.late:
            return "✕ late"
        return "✕ last read failed" if failing else "✓ read"

    def due(name: str) -> str:
        if name not in expected:
            return ""
        return moment_text(expected[name].arrival.deadline, zone).rpartition(" (")[0]

    frame = pd.DataFrame(
        [
            {
                "Source table": f"{each.source}.{each.table}",
                "State": state(f"{each.source}.{each.table}", failing=each.failing),
                "Last read": ago(each.read_at, _now()),
                "Last new data": ago(each.changed_at, _now()) if each.changed_at else "never",
                "Rows read": each.rows,
                "Batches": batches[each.source, each.table],
                f"Last read at ({zone})": moment_text(each.read_at, zone).rpartition(" (")[0],
                **({"Due": due(f"{each.source}.{each.table}")} if expected else {}),
            }
            for each in sorted(
                operations.freshness(),
                key=lambda each: (not each.failing, f"{each.source}.{each.table}" not in known),
            )
        ]
    )
    if frame.empty:
        st.caption("No source table has been read yet.")
        return
    st.dataframe(frame, hide_index=True, column_config=_numbers("Rows read", "Batches"),
                 alt="How fresh each source table is")  # fmt: skip


def _balances(operations: Operations) -> None:
    st.subheader("Where every row went", anchor=False)
    frame = pd.DataFrame(
        [
            {
                "Fills": each.entity.replace("_", " "),
                "From": each.mapping.partition("<")[2],
                "Rows in": each.landed,
                "Loaded": each.staged,
                "Refused": each.quarantined,
                "Merged": each.merged,
                "Left out": each.filtered,
                "Adds up": "✓ yes" if each.balanced else "✕ no",
            }
            for each in operations.balances()
        ]
    )
    if frame.empty:
        st.caption("No rows have been checked yet.")
        return
    counts = ("Rows in", "Loaded", "Refused", "Merged", "Left out")
    st.dataframe(frame, hide_index=True, column_config=_numbers(*counts),
                 alt="Rows in and where they went, for each mapping")  # fmt: skip
    st.caption("Merged: joined with the row it repeats. Left out: by a filter of the mapping.")


def _steps(operations: Operations, run: Run) -> None:
    frame = pd.DataFrame(
        [
            {
                "Step": each.name,
                "Kind": each.kind,
                "State": _STEP_STATUS.get(each.status, each.status),
                "Seconds": round(each.seconds, 3),
                "Rows in": each.rows_in,
                "Rows out": each.rows_out,
                "Refused": each.refused,
            }
            for each in operations.steps(run.run)
        ]
    )
    if frame.empty:
        st.caption("This run has finished no step yet.")
        return
    longest = float(frame["Seconds"].max()) or 1.0
    columns = _numbers("Rows in", "Rows out", "Refused")
    columns["Seconds"] = st.column_config.ProgressColumn(
        format="%.2f s", min_value=0, max_value=longest
    )
    st.dataframe(frame, hide_index=True, column_config=columns, height=560,
                 alt="Steps of the latest run with their durations")  # fmt: skip


def _history(runs: tuple[Run, ...], operations: Operations, zone: str) -> None:
    st.subheader("Runs", anchor=False)
    rows = []
    for run in runs:
        took = seconds_between(run.started_at, run.finished_at)
        rows.append(
            {
                "Started": moment_text(run.started_at, zone).rpartition(" (")[0],
                "State": _STATUS.get(run.status, (run.status, "gray", ""))[0],
                "Took": duration(took.total_seconds()) if took else "",
                "What": ", ".join(run.selected) or ("everything" if run.full else "what changed"),
                "Published": f"version {run.version}" if run.version else "nothing",
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Runs, newest first")
    st.subheader("Published versions", anchor=False)
    current = data.workspace().engine.version()
    versions = [
        {
            "Version": each.version,
            "State": _version_state(each, current),
            "Published": moment_text(each.published_at, zone).rpartition(" (")[0],
            "Size": each.bytes,
        }
        for each in operations.versions()
    ]
    if not versions:
        st.caption("Nothing has been published yet.")
        return
    size = {"Size": st.column_config.NumberColumn(format="bytes")}
    st.dataframe(pd.DataFrame(versions), hide_index=True, column_config=size,
                 alt="Published versions, newest first")  # fmt: skip
    st.caption("Go back to an earlier version with `rapport rollback VERSION`.")


def _version_state(version: Version, current: int | None) -> str:
    if version.version == current:
        return "shown now"
    return "removed" if version.pruned_at else "kept"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s are' if number != 1 else ' is'}"


def _numbers(*names: str) -> dict[str, Any]:
    return {name: st.column_config.NumberColumn(format="localized") for name in names}


def _now() -> datetime:
    return datetime.now(UTC)
