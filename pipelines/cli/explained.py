"""How `explain` looks on a terminal: the figure, its rows from fact to source, those left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from cubes.formatting import MISSING, format_value
from metadata.model.workspace import Workspace
from pipelines.cli.output import print_table, stdout
from pipelines.explain.values import (
    Check,
    Definition,
    Explanation,
    FactRow,
    FilterTrace,
    LandedRow,
    LeftOutRow,
    MemberVersion,
    PartDefinition,
    PartValue,
    Refusal,
    SourceRow,
    ValueRead,
    ValueTrace,
)

_OUTCOMES = {
    "quarantined": "Quarantined",
    "merged": "Merged",
    "filtered": "Filtered",
    "not_a_fact": "No fact",
    "at_unknown": "At the unknown member",
}
_UNKNOWN = {
    "no_value": "it refers to none",
    "no_member": "nobody has this key",
    "left_out": "the row that has this key was left out",
}
_LAST = datetime(9999, 12, 31)
_FIRST = datetime(1900, 1, 1)


def print_explanation(found: Explanation, workspace: Workspace) -> None:
    """Print an explanation for people."""
    _Printer(found, workspace).print()


class _Printer:
    def __init__(self, found: Explanation, workspace: Workspace) -> None:
        self._found = found
        self._workspace = workspace
        self._formats = {part.name: part.format for part in found.definition.parts}

    def print(self) -> None:
        found = self._found
        definition = found.definition
        figure = self._figure(found.value, definition.format)
        _line(f"{definition.label}: {figure}", style="bold")
        about = [f"{definition.cube_label}, version {found.version}"]
        _line("  " + ", ".join([*about, *([found.filter] if found.filter else [])]))
        self._print_definition(definition)
        self._print_rows()
        self._print_left_out()
        self._print_checks()

    def _figure(self, value: Any, form: str) -> str:
        return format_value(value, form, self._workspace.currency, self._workspace.locale)

    def _print_definition(self, definition: Definition) -> None:
        _heading("What it means")
        if definition.description:
            _line(f"  {definition.description}")
        if definition.ratio:
            _line(f"  {' / '.join(definition.ratio)}  ({definition.defined})")
        for part in definition.parts:
            _line(f"  {_part_words(part)}  ({part.defined})")
            if definition.ratio:
                _line(f"    {part.label}: {self._figure(part.value, part.format)}")
            if part.speaks is not None:
                _line(f"    the day that speaks is {part.speaks.isoformat()}")
        for each in definition.inputs:
            made = f"  {each.column}: {each.expression} of {definition.entity}"
            converted = f", converted to {definition.currency}" if each.converted else ""
            _line(f"{made}{converted}  ({each.defined})")
        if definition.fact_filter:
            _line(f"  only rows of {definition.entity} with {definition.fact_filter}")
        _heading(f"Answered from {self._found.answered_from}")
        for line in self._found.sql.splitlines():
            _line(f"  {line}", style="dim")

    def _print_rows(self) -> None:
        facts = self._found.facts
        if facts.counted < facts.rows:
            of = f"{facts.counted:,} of the cell's {facts.rows:,} rows"
            _heading(f"Made of {of} of {facts.table}; the others do not count for it")
        else:
            _heading(f"Made of {_rows(facts.counted)} of {facts.table}")
        if len(facts.shown) < facts.counted:
            _line(f"  The weightiest {len(facts.shown):,}:")
        for row in facts.shown:
            self._print_fact(row)

    def _print_fact(self, row: FactRow) -> None:
        key = _pairs(row.key)
        _line(f"\n  {key}: {self._parts(row.parts)}", style="bold")
        if row.made_again is False:
            _line("    The landed rows give other values today.", style="red")
        for member in row.members:
            if member.attributes or member.row:
                for line in _member_lines(member):
                    _line(f"    {line}")
        for link in row.sources:
            source = self._found.sources[link.row]
            said = f"{link.reference} leads to {source.entity}" if link.reference else source.entity
            self._print_source(said, source)
        for member in row.members:
            if member.row is not None and member.row not in {link.row for link in row.sources}:
                source = self._found.sources[member.row]
                self._print_source(f"{member.label} is {source.entity}", source)

    def _parts(self, parts: Sequence[PartValue]) -> str:
        shown = [
            (each.part, self._brought(each)) for each in parts if each.counts or len(parts) == 1
        ]
        return ", ".join(text if len(parts) == 1 else f"{name} {text}" for name, text in shown)

    def _brought(self, part: PartValue) -> str:
        if part.value is None:
            return "no amount"
        return self._figure(part.value, self._formats[part.part])

    def _print_source(self, said: str, row: SourceRow) -> None:
        _line(f"    {said}: {_place(row.landed)}")
        _line(f"      extracted {_when(row.extracted_at)}{_fate(row)}  ({row.defined})")
        for value in row.values:
            _line(f"      {_value_line(value)}")
        for joined in row.joined:
            _line(f"      {joined.alias} is {_place(joined.landed)}")
        if row.merged:
            more = row.merged - len(row.merged_rows)
            others = f" and {more:,} more" if more else ""
            _line(f"      merged into it: {'; '.join(_places(row.merged_rows))}{others}")
        for stays in row.survivors:
            by = f"({stays.rule.replace('_', ' ')}, {stays.defined})"
            _line(f"      {stays.column} {_quoted(stays.value)} stays, of {stays.of}  {by}")

    def _print_left_out(self) -> None:
        left = self._found.left_out
        if left is None:
            return
        _heading("Left out, though it would belong to the figure")
        if not left.totals and not left.unplaced:
            _line("  Nothing.")
        if left.totals:
            parts = self._found.definition.parts
            figure = self._found.definition.label
            headings = [
                "",
                "Rows",
                *(f"Brings {part.label}" for part in parts),
                f"{figure} with it",
            ]
            rows = [
                [
                    _OUTCOMES[total.outcome],
                    f"{total.rows:,}",
                    *(self._figure(total.brings[part.name], part.format) for part in parts),
                    self._figure(total.would_be, self._found.definition.format),
                ]
                for total in left.totals
            ]
            print_table(headings, rows, right=range(1, len(headings)))
        without = sum(total.without_amount for total in left.totals)
        if without:
            _line(f"  Without an amount that could be told: {_rows(without)}.")
        if left.merged_into_cell:
            _line(f"  Merged into rows of the figure: {_rows(left.merged_into_cell)}.")
        for row in left.rows:
            self._print_left_out_row(row)
        if left.unplaced:
            _heading(f"Cannot be placed: {_rows(left.unplaced)}")
            for row in left.unplaced_rows:
                self._print_left_out_row(row)

    def _print_left_out_row(self, row: LeftOutRow) -> None:
        source = self._found.sources[row.row]
        _line(f"\n  {_OUTCOMES[row.outcome]}: {_place(source.landed)}", style="bold")
        _line(f"    {source.entity} {_pairs(source.key)}: {self._parts(row.parts) or 'no amount'}")
        for line in self._why(row, source):
            _line(f"    {line}")

    def _why(self, row: LeftOutRow, source: SourceRow) -> Iterator[str]:
        match row.outcome:
            case "quarantined":
                yield from (_refusal_line(each) for each in source.refusals)
            case "filtered" if source.filter is not None:
                yield _filter_words(source.filter)
            case "merged" if row.merged_into is not None:
                into = self._found.sources[row.merged_into]
                order = f", for it is first by {', '.join(source.keep)}" if source.keep else ""
                yield f"into {_place(into.landed)}{order}"
            case "not_a_fact":
                yield f"not true: {self._found.definition.fact_filter}"
        for each in row.because:
            value = f" ({_quoted(each.value)})" if each.value else ""
            if each.rule != "left_out":
                yield f"not known: {each.column}: {each.reason}{value}"
        for link in row.refers:
            left = self._found.sources[link.row]
            yield f"{link.reference} leads to a row that was {left.outcome}: {_place(left.landed)}"
            for refusal in left.refusals:
                yield f"  {_refusal_line(refusal)}"
            if left.outcome == "filtered" and left.filter is not None:
                yield f"  {_filter_words(left.filter)}"

    def _print_checks(self) -> None:
        _heading("Checks")
        for check in self._found.checks:
            mark, style = ("yes", "green") if check.holds else ("NO", "bold red")
            line = Text(f"  {mark:<4}", style=style)
            stdout.print(line.append(self._check_words(check), style="default"))
        for issue in self._found.issues:
            stdout.print(Text(f"\n{issue}", style="yellow"))

    def _what_rows_make(self) -> str:
        return f"what its {_rows(self._found.facts.counted)} make"

    def _check_words(self, check: Check) -> str:
        definition = self._found.definition
        match check.name:
            case "rows_make_the_part":
                form = self._formats[check.subject]
                shown, made = (self._figure(each, form) for each in (check.expected, check.found))
                return f"{check.subject} is {shown}, and {self._what_rows_make()} is {made}"
            case "rows_make_the_figure":
                shown, made = (
                    self._figure(each, definition.format) for each in (check.expected, check.found)
                )
                divided = len(definition.parts) > 1
                those = "what its parts make" if divided else self._what_rows_make()
                return f"the figure is {shown}, and {those} is {made}"
            case "rows_are_found":
                found = f"{check.found:,} of {_rows(check.expected)}"
                return f"found in the landing zone: {found}"
            case "values_agree":
                found = f"{check.found:,} of {_rows(check.expected)}"
                return f"made again of what landed, with the same values: {found}"


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _line(text: str, style: str = "") -> None:
    stdout.print(Text(text, style=style))


def _heading(text: str) -> None:
    stdout.print(Text(f"\n{text}", style="bold"))


def _part_words(part: PartDefinition) -> str:
    what = "rows" if part.operand == "*" else part.operand
    where = f" where {part.where}" if part.where else ""
    return f"{part.name}: {part.function.replace('_', ' ')} of {what}{where}"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    return MISSING if value is None else str(value)


def _place(row: LandedRow) -> str:
    key = f" {_pairs(row.key)}" if row.key else ""
    return f"{row.source}.{row.table}{key}, row {row.row:,} of batch {row.batch}"


def _places(rows: Sequence[LandedRow]) -> Iterator[str]:
    """Places of several rows; those of one batch together."""
    batches = dict.fromkeys((row.source, row.table, row.batch) for row in rows)
    for source, table, batch in batches:
        own = [row for row in rows if (row.source, row.table, row.batch) == (source, table, batch)]
        if any(row.key for row in own) or len(own) == 1:
            yield from map(_place, own)
        else:
            numbers = ", ".join(f"{row.row:,}" for row in own)
            yield f"{source}.{table}, rows {numbers} of batch {batch}"


def _when(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")


def _fate(row: SourceRow) -> str:
    if row.outcome == "staged":
        return ""
    told = "; ".join(map(_refusal_line, row.refusals))
    return f", {row.outcome}" + (f" ({told})" if told else "")


def _refusal_line(refusal: Refusal) -> str:
    which = f"{refusal.column} {_quoted(refusal.value)}: " if refusal.column else ""
    return f"{which}{refusal.reason} ({refusal.rule})"


def _filter_words(held: FilterTrace) -> str:
    read = ", ".join(map(_read_words, held.reads))
    return f"not true: {held.expression}, with {read}  ({held.defined})"


def _read_words(read: ValueRead) -> str:
    name = f"{read.alias}.{read.column}" if read.alias else read.column
    return f"{name} = {_quoted(read.value)}"


def _quoted(value: str | None) -> str:
    return MISSING if value is None else f'"{value}"'


def _member_lines(member: MemberVersion) -> Iterable[str]:
    known = ", ".join(f"{name} {_shown(value)}" for name, value in member.attributes.items())
    named = " ".join(filter(None, [member.natural_key, _other(member)]))
    said = f"{member.label}: {named or _shown(member.caption)}"
    yield f"{said}{f', {known}' if known else ''}{_validity(member)}"
    if member.why_unknown is not None:
        refers = f" (it refers to {_quoted(member.reference)})" if member.reference else ""
        yield f"  the unknown member, for {_UNKNOWN[member.why_unknown]}{refers}"


def _other(member: MemberVersion) -> str | None:
    caption = None if member.caption is None else str(member.caption)
    return caption if caption != member.natural_key else None


def _validity(member: MemberVersion) -> str:
    begins, ends = member.valid_from, member.valid_to
    if begins is None or ends is None or (begins <= _FIRST and ends >= _LAST):
        return ""
    since = "always" if begins <= _FIRST else _when(begins)
    until = "now" if ends >= _LAST else _when(ends)
    return f", in force from {since} to {until}"


def _value_line(value: ValueTrace) -> str:
    """`net_amount " 12,50 " → trim "12,50" → decimal(18,2) 12.50`, told where it stands."""
    first, *steps = value.steps
    came = _quoted(first.value)
    if first.name == "expr":
        read = ", ".join(map(_read_words, value.reads))
        came = f"{first.parameters['expression']} = {came}" + (f" with {read}" if read else "")
    shown = [came]
    last = first.value
    for step in steps:
        words = f"{_step_words(step.name, step.parameters)} {_quoted(step.value)}"
        shown.append(f"{words} (fails)" if step.failed else words)
        last = step.value
    for check in value.checks:
        words = _step_words(check.rule, check.parameters)
        shown.append(f"{words} {'fails' if check.failed else 'holds'}")
    if value.value != last:
        shown.append(f"{value.otherwise} {_quoted(value.value)}")
    return f"{value.column}: {' → '.join(shown)}  ({value.defined})"


def _step_words(name: str, parameters: Mapping[str, Any]) -> str:
    values = (each if isinstance(each, list) else [each] for each in parameters.values())
    given = ", ".join(str(value) for each in values for value in each)
    return f"{name or 'lookup'}({given})" if given else name or "lookup"
