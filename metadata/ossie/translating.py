"""Columns and conditions of a document in the words of one fact of the workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from metadata.errors import did_you_mean
from metadata.expressions import ExpressionError, parse_expression
from metadata.ossie.document import Dataset
from metadata.ossie.graph import Graph
from metadata.ossie.matching import Match, candidates, field_tree, plain_column
from metadata.ossie.scalars import Inexpressible, canonical
from metadata.ossie.sql import UNKNOWN_KEY, dotted, plain
from metadata.ossie.vocabulary import EntityColumn, FactColumn, RoleColumn, Target, Vocabulary
from metadata.repository import ResolvedFact, ResolvedRole

Replace = Callable[[Target], exp.Expr]
_TARGET = "target"
_CAPTIONS = ("name", "label", "title", "description", "code", "id")


@dataclass
class Translator:
    """Translates for one dataset of a document that is a fact of the workspace."""

    graph: Graph
    matches: Mapping[str, Match]
    vocabulary: Vocabulary
    base: str
    fact: ResolvedFact
    notes: list[str] = field(default_factory=list)

    def target(self, column: exp.Column) -> Target | exp.Expr:
        """What a column is here: a known column, or the expression by which the document computes.

        Raises:
            Inexpressible: it is nothing here.
        """
        owner = self.graph.owner(column)
        dataset = self.graph.datasets[owner]
        found = self._known(owner, dataset, column.name)
        if found is not None:
            return found
        own = dataset.field(column.name)
        if own is not None and plain_column(own) is None:
            return self._computed(dataset, column.name)
        match = self.matches[owner]
        if owner != self.base and match.dimension is None:
            raise Inexpressible(f"The dataset '{dataset.name}' is unknown: {match.reason}")
        where = f"fact '{self.fact.name}'" if owner == self.base else self._called(owner)
        fields = [each.name for each in dataset.fields or ()]
        hint = "" if own is not None else close_to(column.name, fields)
        raise Inexpressible(
            f"'{dataset.name}.{column.name}' is no column of {where} here. {hint}".strip()
        )

    def formula(self, tree: exp.Expr) -> Target | None:
        """The column that a mapping here computes just as the document computes a scalar."""
        columns = list(tree.find_all(exp.Column))
        if any(_TARGET in c.meta or self.graph.owner(c) != self.base for c in columns):
            return None
        return self.vocabulary.computed(self.fact.name, canonical(self._physical(tree)))

    def _physical(self, tree: exp.Expr) -> exp.Expr:
        """A scalar over the base dataset as one over the columns of its source."""
        tree = exp.paren(tree.copy())
        dataset = self.graph.datasets[self.base]
        for column in list(tree.find_all(exp.Column)):
            field = dataset.field(column.name)
            inner = plain_column(field) if field is not None else column.name
            if inner is None:
                column.replace(self._physical(self._computed(dataset, column.name)))
            else:
                column.replace(exp.column(inner))
        return tree

    def simplified(self, tree: exp.Expr) -> exp.Expr:
        """A scalar whose columns are all known here: computed fields are written out, and what a
        mapping computes is one column. Every column carries its target.
        """
        tree = tree.unnest()
        if isinstance(tree, exp.Column) and _TARGET not in tree.meta:
            found = self.target(tree)
            return self.simplified(found) if isinstance(found, exp.Expr) else _known_as(found)
        if isinstance(tree, exp.Column | exp.Literal):
            return tree.copy()
        known = self.formula(tree)
        if known is not None:
            return _known_as(known)
        tree = tree.copy()
        for child in list(tree.iter_expressions()):
            if not isinstance(child, exp.DataType | exp.Identifier | exp.Var):
                simple = self.simplified(child)
                child.replace(exp.paren(simple) if isinstance(simple, exp.Binary) else simple)
        return tree

    def replaced(self, tree: exp.Expr, name: Replace) -> exp.Expr:
        """A scalar whose columns are replaced by what `name` says of their targets."""
        tree = self.simplified(tree)
        for node in list(tree.find_all(exp.Column)):
            inner = name(target_of(node))
            wrapped = exp.paren(inner) if isinstance(inner, exp.Binary) else inner
            if node is tree:
                return inner
            node.replace(wrapped)
        return tree

    def path(self, target: Target) -> exp.Expr:
        """A column as an expression over the fact's entity, for a measure that is to be added.

        Raises:
            Inexpressible: its value is not to be had from the entity as it was at the time.
        """
        match target:
            case EntityColumn(path):
                return _dotted(path)
            case FactColumn(name):
                definition = self.fact.definition
                own = definition.measures.get(name) or definition.degenerate.get(name)
                if own is None:
                    return _dotted(name)
                return parse_expression(own.expr or own.from_ or name).copy()
            case RoleColumn(role, attribute):
                return self._role_path(self.fact.roles[role], attribute)

    def condition(self, tree: exp.Expr, name: Replace) -> str:
        """A condition as the `where` of a measure."""
        return checked(self.replaced(tree, name).sql(dialect="duckdb"))

    def known_apart(self, condition: exp.Expr | None, role: str | None) -> exp.Expr | None:
        """The condition without 'the member is known', which a cube sees to by itself."""
        if condition is None or role is None:
            return condition
        key = self.fact.roles[role].key_column
        parts = [part.unnest() for part in condition.unnest().flatten()]
        if not isinstance(condition.unnest(), exp.And):
            parts = [condition.unnest()]
        kept = [part for part in parts if not _says_known(part, key)]
        return exp.and_(*kept) if kept else None

    def _known(self, owner: str, dataset: Dataset, name: str) -> Target | None:
        if owner == self.base:
            for each in candidates(dataset, name):
                found = self.vocabulary.fact_target(self.fact.name, each)
                if found is not None:
                    return found
            return self._pointing(name)
        role = self._role(owner)
        if role is not None:
            if self._is_key(owner, dataset, name):
                return RoleColumn(role.name, role.dimension.natural_key)
            for each in candidates(dataset, name):
                attribute = self.vocabulary.attribute(role.dimension.name, each)
                if attribute is not None:
                    return RoleColumn(role.name, attribute)
        return self._on_the_way(owner, dataset, name)

    def _pointing(self, name: str) -> Target | None:
        """The member that a column of the base points at, by the relationship that says so."""
        for relation in self.graph.out_of(self.base):
            if [column.casefold() for column in relation.from_columns] == [name.casefold()]:
                role = self._role(relation.to.casefold())
                if role is not None:
                    return RoleColumn(role.name, role.dimension.natural_key)
        return None

    def _is_key(self, owner: str, dataset: Dataset, name: str) -> bool:
        """Whether a column alone tells the members of a dimension apart, however it is called."""
        keys = [dataset.primary_key or ()]
        keys += [relation.to_columns for relation in self.graph.ways(self.base, owner)]
        return any([column.casefold() for column in key] == [name.casefold()] for key in keys)

    def _role(self, owner: str) -> ResolvedRole | None:
        """The role of the fact in which a dataset is a dimension."""
        match = self.matches[owner]
        playing = {
            name: role
            for name, role in self.fact.roles.items()
            if role.available and role.dimension.name == match.dimension
        }
        if not playing:
            return None
        if match.role in playing:
            return playing[match.role]
        for relation in self.graph.ways(self.base, owner):
            for column in relation.from_columns:
                for each in candidates(self.graph.datasets[self.base], column):
                    found = self.vocabulary.fact_target(self.fact.name, each)
                    if isinstance(found, RoleColumn) and found.role in playing:
                        return playing[found.role]
        if len(playing) == 1:
            return next(iter(playing.values()))
        for name in (owner, match.dimension or ""):
            if name in playing:
                return playing[name]
        if self.fact.definition.date in playing:
            date = playing[self.fact.definition.date]
            self._note(f"'{self.graph.datasets[owner].name}' is taken for {date.name}.")
            return date
        raise Inexpressible(
            f"'{self.graph.datasets[owner].name}' may play several roles of fact"
            f" '{self.fact.name}': {', '.join(sorted(playing))}."
        )

    def _on_the_way(self, owner: str, dataset: Dataset, name: str) -> Target | None:
        """What others keep in a table of its own (a category) is an attribute here (of a product).

        The nearer dimension on the way there is asked first.
        """
        for relation in reversed((self.graph.path(self.base, owner) or ())[:-1]):
            role = self._role(relation.to.casefold())
            if role is None:
                continue
            for each in candidates(dataset, name):
                wanted = [f"{dataset.name}_{each}"]
                if each.casefold().rpartition("_")[2] in _CAPTIONS:
                    wanted.append(dataset.name)
                for word in wanted:
                    attribute = self.vocabulary.attribute(role.dimension.name, word)
                    if attribute is not None:
                        return RoleColumn(role.name, attribute)
        return None

    def _computed(self, dataset: Dataset, name: str) -> exp.Expr:
        own = dataset.field(name)
        tree = field_tree(own) if own is not None else None
        if tree is None:
            raise Inexpressible(f"The expression of '{dataset.name}.{name}' cannot be read.")
        if any(isinstance(node, exp.AggFunc | exp.Query | exp.Window) for node in tree.walk()):
            raise Inexpressible(f"'{dataset.name}.{name}' is not computed from one row.")
        tree = tree.copy()
        for column in list(tree.find_all(exp.Column)):
            if column.name.casefold() == name.casefold():
                raise Inexpressible(f"'{dataset.name}.{name}' is computed from itself.")
            if not column.table:
                column.set("table", exp.to_identifier(dataset.name, quoted=True))
        return exp.paren(tree)

    def _called(self, owner: str) -> str:
        match = self.matches[owner]
        if match.dimension not in {r.dimension.name for r in self.fact.roles.values()}:
            return f"fact '{self.fact.name}', which has no dimension '{match.dimension}'"
        return f"dimension '{match.dimension}'"

    def _role_path(self, role: ResolvedRole, attribute: str) -> exp.Expr:
        dimension = role.dimension
        if attribute == dimension.natural_key:
            return _dotted(str(role.path))
        found = dimension.attributes[attribute]
        if found.path is None:
            raise Inexpressible(f"'{role.name}.{attribute}' is computed, so facts cannot carry it.")
        if found.definition.history == "track":
            raise Inexpressible(
                f"'{role.name}.{attribute}' keeps its history; a fact would carry today's value."
            )
        return _dotted(f"{role.path}.{found.path}")

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def target_of(column: exp.Column) -> Target:
    """The target that a column of a simplified scalar carries."""
    found: Target = column.meta[_TARGET]
    return found


def _known_as(target: Target) -> exp.Column:
    column = exp.column("known")
    column.meta[_TARGET] = target
    return column


def close_to(name: str, fields: list[str]) -> str:
    """A suggestion for a misspelt field; nothing where none is close."""
    found = did_you_mean(name, fields)
    return found if found.startswith("Did") else ""


def checked(text: str) -> str:
    """An expression that metadata may hold.

    Raises:
        Inexpressible: it calls or reads what is not allowed.
    """
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise Inexpressible(f"'{text}' {error}") from None
    return text


def written(target: Target) -> exp.Expr:
    """A column as a measure's `where` writes it."""
    match target:
        case FactColumn(name):
            return plain(name)
        case RoleColumn(role, attribute):
            return dotted(role, attribute)
        case EntityColumn(path):
            raise Inexpressible(f"The fact does not carry '{path}'.")


def _dotted(path: str) -> exp.Expr:
    return parse_expression(path).copy()


def _says_known(part: exp.Expr, key: str) -> bool:
    if not isinstance(part, exp.NEQ) or not isinstance(part.this, exp.Column):
        return False
    return part.this.name == key and part.expression.sql() == str(UNKNOWN_KEY)
