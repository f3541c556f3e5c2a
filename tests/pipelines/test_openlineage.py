"""OpenLineage events: valid by the library's model, complete, without secrets, and never in the way."""

from __future__ import annotations

import json
import threading
import types
import typing
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import attr
import pytest
from openlineage.client import facet_v2
from openlineage.client.event_v2 import JobEvent, RunEvent, RunState

from metadata import load_workspace
from metadata.lineage import lineage_of
from pipelines.cli import run as rapport
from pipelines.openlineage import sending
from pipelines.openlineage.datasets import Datasets

MODELS = {
    name: each
    for module in vars(facet_v2).values()
    if isinstance(module, types.ModuleType)
    for name, each in vars(module).items()
    if isinstance(each, type) and attr.has(each)
}
"""The library's classes by the names that schema addresses end in."""


def structured(model: Any, value: Any) -> Any:
    """A JSON value as the library's class; what does not fit its fields or types is refused."""
    if isinstance(model, types.UnionType):
        kinds = [each for each in typing.get_args(model) if each is not type(None)]
        return None if value is None else structured(kinds[0], value)
    origin = typing.get_origin(model)
    if origin is list:
        assert isinstance(value, list), (model, value)
        return [structured(typing.get_args(model)[0], each) for each in value]
    if origin is dict:
        assert isinstance(value, dict), (model, value)
        return {key: structured(typing.get_args(model)[1], each) for key, each in value.items()}
    if isinstance(model, type) and attr.has(model):
        return _instance(_exact(model, value), value)
    if isinstance(model, type) and issubclass(model, RunState):
        return model(value)
    assert isinstance(value, model), (model, value)
    return value


def _exact(model: type, value: dict[str, Any]) -> type:
    """A facet says itself which schema it follows."""
    address = value.get("_schemaURL")
    exact = MODELS[address.rpartition("/")[2]] if address else model
    assert issubclass(exact, model)
    if address:
        assert exact._get_schema() == address
    return exact


def _instance(model: type, value: dict[str, Any]) -> Any:
    hints = typing.get_type_hints(model, localns={"ClassVar": typing.ClassVar})
    known = {field.name: field for field in attr.fields(model)}
    assert value.keys() <= known.keys(), (model, value.keys() - known.keys())
    given = {
        known[name].alias: structured(hints[name], each)
        for name, each in value.items()
        if known[name].init
    }
    return model(**given)


def read(file) -> list[RunEvent | JobEvent]:
    """Every line of a file of events, as the library's classes."""
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [structured(RunEvent if "run" in line else JobEvent, line) for line in lines]


def told(starter, text: str) -> None:
    """Let the workspace tell of its runs."""
    path = starter.path / "workspace.yaml"
    path.write_text(path.read_text() + f"\nlineage: {{{text}}}\n")


def last(events, name: str) -> RunEvent:
    """The event with which a job ended."""
    return [e for e in events if isinstance(e, RunEvent) and e.job.name == name][-1]


class TestEvents:
    @pytest.fixture
    def loaded(self, starter, tmp_path):
        report = starter.load()
        file = tmp_path / "events.json"
        assert rapport(["lineage", "--openlineage", str(file), "-w", str(starter.path)]) == 0
        return report, read(file)

    def test_each_step_begins_and_ends_within_the_run(self, loaded):
        report, events = loaded
        runs = [event for event in events if isinstance(event, RunEvent)]
        by_run: dict[str, list[RunEvent]] = {}
        for event in runs:
            by_run.setdefault(event.run.runId, []).append(event)
        assert [e.eventType.value for e in by_run[runs[0].run.runId]] == ["START", "COMPLETE"]
        steps = {each[0].job.name: each for each in by_run.values()}
        assert steps.keys() == {"run", *(step.name for step in report.steps)}
        for name, pair in steps.items():
            assert [e.eventType.value for e in pair] == ["START", "COMPLETE"]
            assert pair[0].eventTime <= pair[1].eventTime
            assert UUID(pair[0].run.runId).version == 7
            if name != "run":
                assert pair[1].run.facets["parent"].run.runId == runs[0].run.runId
                assert pair[1].run.facets["nominalTime"].nominalStartTime == runs[0].eventTime

    def test_rows_are_those_that_the_run_counted(self, loaded):
        report, events = loaded
        for step in report.steps:
            outputs = last(events, step.name).outputs
            statistics = [
                each.outputFacets["outputStatistics"].rowCount
                for each in outputs
                if "outputStatistics" in each.outputFacets
            ]
            wanted = [] if step.kind == "publish" else [step.rows_out]
            wanted += [step.refused] if step.kind == "staging" else []
            assert statistics == wanted, step.name

    def test_what_one_step_makes_the_next_one_reads(self, loaded):
        _, events = loaded
        made = {(each.namespace, each.name) for event in events for each in event.outputs or ()}
        sources = {
            (each.namespace, each.name)
            for event in events
            for each in event.inputs or ()
            if event.job.name.startswith("shop.")
        }
        read_by = {(each.namespace, each.name) for event in events for each in event.inputs or ()}
        assert read_by - sources <= made

    def test_columns_say_what_they_are_made_of(self, loaded):
        _, events = loaded
        (staged, _) = last(events, "order_line").outputs
        lineage = staged.facets["columnLineage"]
        fields = {
            (each.field, t.type, t.subtype)
            for each in lineage.fields["net_amount"].inputFields
            for t in each.transformations
        }
        assert fields == {
            ("quantity", "DIRECT", "TRANSFORMATION"),
            ("price", "DIRECT", "TRANSFORMATION"),
        }
        whole = {(each.field, t.subtype) for each in lineage.dataset for t in each.transformations}
        assert {("quantity", "CONDITIONAL"), ("order_no", "WINDOW")} <= whole
        (fact,) = last(events, "fact_sales").outputs
        customer = {
            (each.name, each.field, t.type)
            for each in fact.facets["columnLineage"].fields["customer_key"].inputFields
            for t in each.transformations
        }
        assert ("dim_customer", "customer_key", "DIRECT") in customer
        assert ("order", "customer_id", "INDIRECT") in customer
        landed = last(events, "shop.orders").outputs[0]
        assert {f.name for f in landed.facets["schema"].fields} >= {"order_no", "day", "_batch"}
        assert landed.facets["columnLineage"].fields.keys() == {"order_no", "customer_id", "day"}

    def test_a_lookup_stands_for_its_columns_and_a_code_for_its_meaning(self, loaded):
        _, events = loaded
        staged = last(events, "customer").outputs[0]
        (field,) = staged.facets["columnLineage"].fields["segment"].inputFields
        assert field.field == "segment"
        assert field.transformations[0].description.startswith("trim, upper, lookup segments")

    def test_lineage_goes_on_to_cubes_and_the_portal(self, loaded):
        _, events = loaded
        jobs = {event.job.name: event for event in events if isinstance(event, JobEvent)}
        cube = jobs["cube.sales"].outputs[0]
        (field, *_) = cube.facets["columnLineage"].fields["revenue"].inputFields
        assert (field.name, field.field) == ("fact_sales", "net_amount")
        tile = jobs["tile"].outputs[0].facets["columnLineage"].fields["revenue"]
        ways = {
            (each.name, each.field): {(t.type, t.subtype) for t in each.transformations}
            for each in tile.inputFields
        }
        assert ways["cube.sales", "revenue"] == {("DIRECT", "IDENTITY")}
        assert ways["dim_date", "month"] == {("INDIRECT", "GROUP_BY")}

    def test_jobs_say_where_they_are_defined(self, loaded, starter):
        _, events = loaded
        place = last(events, "customer").job.facets["sourceCodeLocation"]
        assert place.path == "mappings/customer.yaml"
        assert place.url == (starter.path / "mappings" / "customer.yaml").as_uri() + "#L4"
        fact = last(events, "fact_sales").job.facets["sourceCodeLocation"]
        assert fact.path == "metadata/definitions/facts/sales.yaml"

    def test_the_same_run_gives_the_same_events(self, loaded, starter, tmp_path):
        again = tmp_path / "again.json"
        assert rapport(["lineage", "--openlineage", str(again), "-w", str(starter.path)]) == 0
        ours = [e.run.runId for e in loaded[1] if isinstance(e, RunEvent)]
        assert [e.run.runId for e in read(again) if isinstance(e, RunEvent)] == ours

    def test_before_anything_has_run_the_plan_is_told(self, starter, tmp_path):
        file = tmp_path / "plan.json"
        assert rapport(["lineage", "--openlineage", str(file), "-w", str(starter.path)]) == 0
        events = read(file)
        assert all(isinstance(event, JobEvent) for event in events)
        assert "fact_sales" in {event.job.name for event in events}

    def test_a_file_that_cannot_be_written_is_told(self, starter, tmp_path, capsys):
        wrong = tmp_path / "nowhere" / "events.json"
        assert rapport(["lineage", "--openlineage", str(wrong), "-w", str(starter.path)]) == 1
        assert "No such file or directory" in capsys.readouterr().err


class TestAfterEachRun:
    def test_runs_are_added_to_a_file(self, starter):
        told(starter, "openlineage: told.jsonl, namespace: shop")
        assert starter.load().notes == ()
        file = starter.path / "told.jsonl"
        once = read(file)
        assert starter.load().notes == ()
        both = read(file)
        assert both[: len(once)] == once
        assert {event.job.namespace for event in both} == {"shop"}
        second = both[len(once) :]
        same = last(second, "fact_sales")
        assert same.eventType.value == "COMPLETE"
        assert same.outputs[0].outputFacets == {}

    def test_what_failed_is_told_with_its_reason(self, starter):
        told(starter, "openlineage: told.jsonl")
        (starter.path / "data" / "orders.csv").unlink()
        assert not starter.load().ok
        events = read(starter.path / "told.jsonl")
        failed = last(events, "shop.orders")
        assert failed.eventType.value == "FAIL"
        assert "orders.csv" in failed.run.facets["errorMessage"].message
        assert last(events, "run").eventType.value == "FAIL"

    def test_a_step_that_was_not_done_is_aborted(self, starter):
        told(starter, "openlineage: told.jsonl")
        starter.replace("mappings/order.yaml", "order_date:  {from: day", "order_date:  {from: dya")
        assert not starter.load().ok
        events = read(starter.path / "told.jsonl")
        assert last(events, "order").eventType.value == "FAIL"
        assert last(events, "publish").eventType.value == "ABORT"


class Receiver(ThreadingHTTPServer):
    """A service that receives events, or does not."""

    def __init__(self, status: int = 201, silent: bool = False) -> None:
        self.received: list[tuple[str, dict[str, Any], str]] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if silent:
                    receiver.released.wait(30)
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(
                    (self.path, json.loads(body), self.headers.get("Authorization", ""))
                )
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def serving() -> Iterator[Any]:
    """Starts receivers that end with the test."""
    started: list[Receiver] = []

    def start(**options: Any) -> Receiver:
        started.append(Receiver(**options))
        threading.Thread(target=started[-1].serve_forever, daemon=True).start()
        return started[-1]

    yield start
    for each in started:
        each.released.set()
        each.shutdown()
        each.server_close()


class TestOverHttp:
    def test_events_are_sent_with_the_key(self, starter, serving, monkeypatch):
        service = serving()
        monkeypatch.setenv("LINEAGE_KEY", "s3cret")
        told(starter, f'openlineage: "{service.address}", api_key: "${{LINEAGE_KEY}}"')
        report = starter.load()
        assert report.ok
        assert report.notes == ()
        assert {path for path, _, _ in service.received} == {"/api/v1/lineage"}
        assert {key for _, _, key in service.received} == {"Bearer s3cret"}
        names = {document["job"]["name"] for _, document, _ in service.received}
        assert {"run", "fact_sales", "publish", "cube.sales"} <= names
        assert "s3cret" not in json.dumps([document for _, document, _ in service.received])

    def test_a_path_of_its_own_is_kept(self, starter, serving):
        service = serving()
        told(starter, f'openlineage: "{service.address}/events?tenant=1"')
        assert starter.load().notes == ()
        assert {path for path, _, _ in service.received} == {"/events?tenant=1"}

    @pytest.mark.parametrize("options", [{"status": 500}, {"silent": True}, None])
    def test_a_service_that_fails_does_not_touch_the_run(
        self, starter, serving, options, monkeypatch
    ):
        monkeypatch.setattr(sending, "SECONDS", 0.2)
        monkeypatch.setenv("LINEAGE_KEY", "s3cret")
        address = serving(**options).address if options else "http://127.0.0.1:1"
        address = address.replace("//", "//us:pw-3@")
        told(starter, f'openlineage: "{address}", api_key: "${{LINEAGE_KEY}}"')
        report = starter.load()
        assert report.ok
        assert report.version == 1
        (note,) = report.notes
        assert note.what.startswith("The events of the run could not be sent to http://127.0.0.1")
        assert "s3cret" not in str(note)
        assert "pw-3" not in str(note)
        log = next((starter.path / "var" / "logs").glob("*.jsonl")).read_text()
        assert '"event": "openlineage"' in log
        assert "s3cret" not in log and "pw-3" not in log

    def test_after_one_that_fails_nothing_more_is_tried(self, starter, serving):
        service = serving(status=503)
        told(starter, f'openlineage: "{service.address}"')
        starter.load()
        assert len(service.received) == 1

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('openlineage: "${ADDRESS}"', "cannot be understood"),
            ('openlineage: "${NO_SUCH_ADDRESS}"', "NO_SUCH_ADDRESS is not set"),
            ("openlineage: no/such/folder/events.json", "could not be sent"),
        ],
    )
    def test_wrong_settings_are_told_and_the_run_goes_on(self, starter, text, said, monkeypatch):
        monkeypatch.setenv("ADDRESS", "ftp://somewhere")
        told(starter, text)
        report = starter.load()
        assert report.ok
        assert said in str(report.notes[0])

    def test_notes_are_shown(self, starter, capsys, monkeypatch):
        monkeypatch.setenv("ADDRESS", "ftp://somewhere")
        told(starter, 'openlineage: "${ADDRESS}"')
        assert rapport(["run", "-w", str(starter.path)]) == 0
        assert "The address for lineage events cannot be understood." in capsys.readouterr().err
        assert rapport(["run", "-w", str(starter.path), "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["notes"][0]["what"].startswith("The address")


class TestNames:
    @pytest.mark.parametrize(
        ("url", "table", "named"),
        [
            (
                "postgresql://reader:pw-3@db.example.com/crm",
                "{name: sales.thing}",
                ("postgres://db.example.com:5432", "crm.sales.thing"),
            ),
            (
                "postgresql://reader:pw-3@h:6000/crm",
                "{}",
                ("postgres://h:6000", "crm.public.thing"),
            ),
            ("mysql://reader:pw-3@h/shop", "{}", ("mysql://h:3306", "shop.thing")),
            ("mssql+pyodbc://reader:pw-3@h/shop", "{}", None),
        ],
    )
    def test_tables_are_named_by_the_standard_and_show_no_password(
        self, one_table, url, table, named
    ):
        repository = load_workspace(one_table(url, table).path)
        datasets = Datasets(repository, lineage_of(repository), "n")
        found = datasets.source("s", "thing")
        assert "pw-3" not in repr(found)
        if named is not None:
            assert (found.namespace, found.name) == named

    def test_an_address_that_cannot_be_read_here_is_named_by_its_source(self, one_table):
        repository = load_workspace(one_table("postgresql://reader:${NO_SUCH}@h/crm").path)
        found = Datasets(repository, lineage_of(repository), "n").source("s", "thing")
        assert (found.namespace, found.name) == ("source://s", "thing")
