"""By which definitions a version is explained: those it was built by, if they are still known."""

from __future__ import annotations

from collections.abc import Iterable

from metadata import Repository
from metadata.applied import load_state, read_state
from metadata.errors import Issue, UserError
from pipelines import publish
from pipelines.explain.tables import Placing
from pipelines.memory import TABLE, remembered_query, remembered_rows
from pipelines.storage import Storage
from transforms import WAREHOUSE
from transforms.ingredients import KEYS, ROWS, Part, identities
from transforms.recipes import recipes


def repository_of(repository: Repository, version: int) -> Repository | None:
    """The metadata that a version was built by; None where it is not known, or no longer read."""
    storage = Storage.of(repository)
    number = publish.metadata_of(storage, version)
    state = read_state(storage.root, number) if number is not None else None
    if state is None:
        return None
    try:
        return load_state(repository.root, state)
    except UserError:
        return None


def changed_since(placing: Placing) -> tuple[Issue, ...]:
    """What is told where a figure's columns are defined otherwise than when they were loaded.

    The rows are judged by the definitions of today; where these have changed, what they say of a
    row need not be what the figure was made of.
    """
    replay, repository = placing.replay, placing.repository
    if TABLE not in replay.tables(WAREHOUSE):
        return ()
    made = remembered_rows(replay.rows(remembered_query(WAREHOUSE)))
    now = identities(recipes(repository), repository.workspace.time_zone)
    changed = [
        str(part)
        for part in dict.fromkeys(_parts(placing))
        if (known := made.get(part.product)) is not None
        and part.name in known.parts
        and known.parts[part.name].identity != now.get(part)
    ]
    if not changed:
        return ()
    return (
        Issue(
            f"Definitions have changed since version {replay.version} was loaded.",
            why=f"Made otherwise today: {', '.join(changed)}. Rows are explained by the rules of"
            " today.",
            fix="Load with `rapport run` and explain the version that it publishes.",
        ),
    )


def _parts(placing: Placing) -> Iterable[Part]:
    fact = placing.focus.fact
    yield Part(fact.table, ROWS)
    for name in placing.cell.inputs:
        yield Part(fact.table, name)
    for name in placing.focus.hung:
        role = fact.roles.get(name)
        if role is not None:
            yield Part(fact.table, role.key_column)
            yield Part(role.dimension.table, KEYS)
    for level in placing.cell.asked_levels:
        name, _, attribute = level.partition(".")
        yield Part(fact.roles[name].dimension.table, attribute)
