"""The tables of one explanation, and how their columns are called."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from cubes.cell import PlannedCell
from metadata import Repository
from metadata.errors import Issue
from metadata.paths import ReferencePath
from metadata.repository import ResolvedRole
from pipelines.explain.focus import Focus
from pipelines.explain.replay import Replay
from pipelines.explain.tracing import JudgedRows
from transforms import STAGING, WAREHOUSE
from transforms.references import rows_of
from transforms.statements import table

ROOT, KEYS, WANTED, VERDICTS = "root", "cell_keys", "wanted", "verdicts"
"""Tables of staging: the fact's rows judged again; the cell's rows and their values; those of them
that are to be found; and what became of each judged row with respect to the cell."""
SHOWN = "shown"
"""Table of staging with the keys of the shown rows of the cell; the caller provides it."""
AT_NOBODY = "at_nobody"
"""Table of staging with the keys of fact rows that point at nobody where the cell asks."""

AS_IS, LET_IN = "as_is", "let_in"
"""Two worlds in which references are followed: to staged rows alone, as the fact does; or also to
rows that were left out, as if they had been let in."""

REASONS, LEFT = "_reasons", "_left_out"
"""Columns of a followed row: why it was refused, and whether it was left out."""


@dataclass
class Placing:
    """The tables of one explanation, as far as rows can be followed."""

    replay: Replay
    repository: Repository
    cell: PlannedCell
    focus: Focus
    issues: list[Issue] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Entities whose rows cannot be followed."""
    followed: dict[str, JudgedRows] = field(default_factory=dict)
    """By entity, its rows that were judged for what refers to them."""
    members: dict[str, JudgedRows] = field(default_factory=dict)
    """By dimension, rows that were left out and that something refers to as its members."""

    @property
    def complete(self) -> bool:
        """Whether everything that the fact reads could be judged again."""
        return not self.broken

    def target(self, hop: ReferencePath) -> str:
        """The entity that a reference leads to."""
        return self.repository.entity(hop.owner).columns[hop.column].references or ""

    def flag(self, name: str) -> str:
        """The column that says that a row's own role, level or fact column is not known."""
        return f"_undecided_{name}"

    def reference(self, hop: ReferencePath) -> str:
        """The column with the key that a reference holds, as text."""
        return f"_reference_{self.focus.hops.index(hop)}"

    def broken_reference(self, hop: ReferencePath) -> str:
        """The column that says that a reference leads to a row that was left out."""
        return f"_broken_{self.focus.hops.index(hop)}"

    @property
    def told(self) -> list[str]:
        """All columns about what a row refers by."""
        hops = self.focus.hops
        names = [self.reference(hop) for hop in hops] + [self.broken_reference(h) for h in hops]
        return names + [self.role_value(name) for name in self.asked_roles]

    @property
    def asked_roles(self) -> dict[str, ResolvedRole]:
        """Roles that the cell hangs on, whose members come from an entity."""
        roles = self.focus.fact.roles
        return {n: roles[n] for n in self.focus.member_columns if roles[n].available}

    def role_value(self, role: str) -> str:
        """The column with the key by which a row refers to the member of an asked role."""
        return f"_refers_{role}"

    def seen(self, query: exp.Select, world: str) -> exp.Select:
        """A statement over staged entities and dimensions as it reads those of one world."""
        entities = {rows_of(self.repository, e): e for e in (*self.followed, *self.broken)}

        def read(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Table):
                if node.db == STAGING and node.name in entities:
                    return table(followed_view(entities[node.name], world), STAGING, node.alias)
                if node.db == WAREHOUSE and world == LET_IN and self._gains(node.name):
                    return table(node.name, STAGING, node.alias)
            return node

        changed = query.transform(read)
        assert isinstance(changed, exp.Select)
        return changed

    def _gains(self, dimension_table: str) -> bool:
        return dimension_table in self.own_tables

    @property
    def own_tables(self) -> list[str]:
        """Tables of dimensions that have gained members by letting rows in."""
        return [self.repository.dimensions[name].table for name in self.members]


def judged_table(entity: str) -> str:
    """Table of staging with the rows of an entity that were judged for what refers to them."""
    return f"judged_{entity}"


def followed_view(entity: str, world: str) -> str:
    """View of staging with the rows of an entity that references lead to in one world."""
    return f"{world}_{entity}"


def let_in_table(dimension: str) -> str:
    """Table of staging with members made of rows that were left out, and what of them is lost."""
    return f"members_{dimension}"


def lost_attribute(name: str) -> str:
    """The column that says that a member has lost an attribute."""
    return f"_lost_{name}"
