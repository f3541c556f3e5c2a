"""The command line: statuses, one clear message, one JSON document."""

from __future__ import annotations

import json

import pytest

from pipelines.cli import run as rapport


@pytest.fixture
def loaded(starter):
    starter.load()
    return starter


def ask(capsys, *arguments):
    code = rapport([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_init_check_run_and_query_in_a_newcomers_order(tmp_path, capsys):
    folder = tmp_path / "mine"
    assert ask(capsys, "init", folder)[0] == 0
    assert ask(capsys, "check", "-w", folder)[0] == 0
    code, out, err = ask(capsys, "run", "-w", folder)
    assert code == 0
    assert "readers see version 1" in out
    assert "fact_sales" in err
    code, out, _ = ask(
        capsys, "query", "sales", "--measures", "revenue,buyers", "--rows", "customer.country",
        "--totals", "-w", folder,
    )  # fmt: skip
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        "Country", "France", "Germany", "Italy", "Sweden", "Unknown", "Total",
    ]  # fmt: skip
    assert "€5,979.30" in out
    code, _, err = ask(capsys, "init", folder)
    assert code == 1
    assert "already holds a workspace" in err


@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("run",),
        ("status",),
        ("versions",),
        ("rollback", "1"),
        ("quarantine", "list"),
        ("quarantine", "show", "order_line"),
        ("cubes",),
        ("query", "sales", "--measures", "revenue"),
        ("query", "sales", "--measures", "revenue", "--explain"),
    ],
)
def test_json_is_one_document_and_nothing_else(loaded, capsys, command):
    code, out, _ = ask(capsys, *command, "-w", loaded.path, "--format", "json")
    assert code == 0
    assert isinstance(json.loads(out), dict)
    assert ask(capsys, *command, "-w", loaded.path)[0] == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("query", "sale", "--measures", "revenue"), "Did you mean 'sales'"),
        (("query", "sales", "--measures", "revenu"), "Did you mean 'revenue'"),
        (("query", "sales", "--measures", "revenue", "--rows", "customer.contry"), "'country'"),
        (("query", "sales", "--measures", "revenue", "--where", "1; drop table x"), ""),
        (("query", "sales", "--measures", "revenue", "--top", "x"), "--top"),
        (("query", "sales"), "measures"),
        (("rollback", "7"), "no version 7"),
        (("rollback", "seven"), "version"),
        (("quarantine", "show", "ordr"), "Did you mean"),
        (("frobnicate",), "frobnicate"),
        (("run", "--select", "fact_sale"), "Did you mean 'fact_sales'"),
    ],
)
def test_a_mistake_ends_with_status_1_and_one_message(loaded, capsys, command, words):
    code, out, err = ask(
        capsys, *command, *(("-w", loaded.path) if command[0] != "frobnicate" else ())
    )
    assert code == 1
    assert words in err
    assert "Traceback" not in out + err


def test_a_folder_without_a_workspace_and_one_with_mistakes(tmp_path, capsys, starter):
    code, _, err = ask(capsys, "run", "-w", tmp_path / "none")
    assert code == 1
    assert "no workspace" in err
    starter.write("sources/bad.yaml", "source: bad\n  url: x\n")
    code, out, err = ask(capsys, "check", "-w", starter.path, "--format", "json")
    assert code == 1
    assert json.loads(out)["issues"][0]["file"] == "sources/bad.yaml"
    assert "sources/bad.yaml:2" in err


def test_a_failed_run_ends_with_status_1(starter, capsys):
    (starter.path / "data/orders.csv").unlink()
    code, out, err = ask(capsys, "run", "-w", starter.path)
    assert code == 1
    assert "no file for table 'orders'" in err
    assert "sources/shop.yaml" in err


def test_csv_and_arrow_hand_the_answer_on(loaded, capfdbinary):
    import pyarrow as pa

    arguments = [
        "query",
        "sales",
        "--measures",
        "revenue",
        "--rows",
        "customer.country",
        "-w",
        str(loaded.path),
    ]
    assert rapport([*arguments, "--format", "csv"]) == 0
    out = capfdbinary.readouterr().out
    assert out.splitlines()[0] == b"customer.country,revenue"
    assert rapport([*arguments, "--format", "arrow"]) == 0
    table = pa.ipc.open_stream(capfdbinary.readouterr().out).read_all()
    assert table.num_rows == 5


def test_explain_shows_the_statement_and_why(loaded, capsys):
    code, out, _ = ask(
        capsys, "query", "sales", "--measures", "buyers", "--rows", "customer.country", "--explain",
        "-w", loaded.path,
    )  # fmt: skip
    assert code == 0
    assert "COUNT(DISTINCT" in out
    assert "non-additive" in out


def test_a_users_password_is_hashed(capsys, monkeypatch):
    monkeypatch.setenv("RAPPORT_NEW_PASSWORD", "correct horse")
    code, out, _ = ask(capsys, "user", "anna", "--role", "engineer")
    assert code == 0
    assert "scrypt$" in out
    assert "correct horse" not in out
    monkeypatch.setenv("RAPPORT_NEW_PASSWORD", "short")
    assert ask(capsys, "user", "anna")[0] == 1


def test_what_the_machine_refuses_is_told_not_called_a_defect(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = ask(capsys, "init", tmp_path / "file")
    assert code == 1
    assert err.startswith(f"{tmp_path / 'file'} cannot be used.") and "exists" in err
    assert ask(capsys, "sample", tmp_path / "file", "--scale", "0.01")[0] == 1


def test_a_wrong_choice_is_told_in_plain_words(capsys):
    code, _, err = ask(capsys, "status", "--format", "xml")
    assert code == 1
    assert "'xml' is not one of 'table', 'json'" in err and "Value error" not in err
