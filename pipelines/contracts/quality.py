"""Quality rules of a contract: the audits before each publication, and the checks of mappings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from open_data_contract_standard.model import DataQuality
from sqlglot import exp

from metadata import Repository
from metadata.model.rules import Rule
from metadata.rule_words import rule_words
from transforms import STAGING, WAREHOUSE, Audit

Aspect = Literal["completeness", "conformity", "consistency", "uniqueness"]
ENGINE = "rapport"


def audit_rules(audits: tuple[Audit, ...], table: str) -> list[DataQuality]:
    """The audits of a table. What compares it with staging runs only where staging is."""
    return [_audit(audit) for audit in audits if audit.table == table]


def no_value_missing(name: str) -> DataQuality:
    """That a column is never empty."""
    return DataQuality(
        name=f"{name} is never empty",
        type="library",
        metric="nullValues",
        mustBe=0,
        unit="rows",
        dimension="completeness",
        severity="error",
    )


def no_value_twice(names: tuple[str, ...]) -> DataQuality:
    """That a column, or several together, hold no value twice."""
    return DataQuality(
        name=f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} unique",
        type="library",
        metric="duplicateValues",
        arguments={"properties": list(names)} if len(names) > 1 else None,
        mustBe=0,
        unit="rows",
        dimension="uniqueness",
        severity="error",
    )


def check_rules(repository: Repository, entity: str, column: str) -> list[DataQuality]:
    """The checks that mappings make of a value before it may come in."""
    return [
        _check(mapping.name, column, check, mapping.definition.columns[column].otherwise)
        for mapping in repository.mappings_of(entity)
        if column in mapping.definition.columns
        for check in mapping.definition.columns[column].check
    ]


def _audit(audit: Audit) -> DataQuality:
    severity = "error" if audit.severity == "stop" else "warning"
    about = {"name": audit.name, "description": audit.description, "severity": severity}
    aspect: Aspect = "uniqueness" if "unique" in audit.name else "consistency"
    query = _published(audit.sql)
    if query is None:
        return DataQuality(
            **about, type="custom", dimension=aspect, engine=ENGINE, implementation=audit.name
        )
    return DataQuality(
        **about, type="sql", dimension=aspect, query=query.sql(dialect="duckdb"), mustBe=0
    )


def _published(query: exp.Query) -> exp.Query | None:
    """An audit over the published tables, which stand in one database; None if it needs more."""
    query = query.copy()
    for table in query.find_all(exp.Table):
        if table.db == STAGING:
            return None
        if table.db == WAREHOUSE:
            table.set("db", None)
    return query


def _check(mapping: str, column: str, check: Rule, otherwise: str) -> DataQuality:
    values: dict[str, Any] = check.model_dump(by_alias=True, mode="json")
    severity = {"quarantine": "error", "keep": "warning"}.get(otherwise, "info")
    aspect: Aspect = "completeness" if check.rule == "required" else "conformity"
    return DataQuality(
        name=f"{column}: {check.rule}",
        description=rule_words(check),
        type="custom",
        dimension=aspect,
        severity=severity,
        engine=ENGINE,
        implementation={"mapping": mapping, "check": check.rule, "otherwise": otherwise} | values,
    )


def distinct(rules: Iterator[DataQuality]) -> list[DataQuality] | None:
    """The rules, each once; None where there is none."""
    found: list[DataQuality] = []
    for rule in rules:
        if rule not in found:
            found.append(rule)
    return found or None
