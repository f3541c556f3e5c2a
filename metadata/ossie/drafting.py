"""From the metrics of a document to measures of cubes over the workspace's facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from metadata.errors import Issue
from metadata.model.cube import Measure
from metadata.ossie.additions import Additions, free_name
from metadata.ossie.document import Metric, SemanticModel
from metadata.ossie.graph import Graph
from metadata.ossie.matching import Match, match_datasets
from metadata.ossie.reading import ReadModel
from metadata.ossie.returning import Returned
from metadata.ossie.scalars import Inexpressible, parsed
from metadata.ossie.shapes import Aggregation, Named, Quotient, Reader, Shape
from metadata.ossie.translating import Translator, target_of, written
from metadata.ossie.vocabulary import EntityColumn, FactColumn, RoleColumn, Target, Vocabulary
from metadata.repository import Repository


@dataclass
class CubeDraft:
    """A cube to be: over one fact, with the measures that the document's metrics gave."""

    key: str
    """The cube as the document has it, or the dataset that is its fact."""
    fact: str
    measures: dict[str, Measure] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """The expression in the document by measure; none where it only serves another measure."""
    remarks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What is not quite as in the document, by measure."""


@dataclass
class Drafts:
    """What a document gave, and what it did not give, each with its place and reason."""

    model: SemanticModel
    matches: Mapping[str, Match]
    cubes: dict[str, CubeDraft] = field(default_factory=dict)
    measures: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By metric: the cube's key and the measure's name."""
    refused: list[Issue] = field(default_factory=list)


@dataclass(frozen=True)
class _Placed:
    """A measure before it has a name."""

    measure: Measure
    remarks: tuple[str, ...]


class Drafter:
    """Drafts the cubes of one document."""

    def __init__(self, repository: Repository, read: ReadModel) -> None:
        self.repository = repository
        self.read = read
        self.additions = Additions(repository)
        self._vocabulary = Vocabulary(repository)
        self._graph = Graph(read.model)
        self._metrics = {m.name.casefold(): m for m in read.model.metrics or ()}
        self._reader = Reader(self._metrics)
        matches = match_datasets(read.model, self._vocabulary, self._measured())
        self._drafts = Drafts(read.model, matches)
        self._returned = Returned(repository, self._graph, matches, self._metrics)
        self._failed: dict[str, str] = {}
        self._open: list[str] = []

    def draft(self) -> Drafts:
        """Every metric as a measure, or with the reason why it is none."""
        for place, metric in enumerate(self.read.model.metrics or ()):
            try:
                self._place(metric)
            except Inexpressible as reason:
                where = self.read.where("metrics", place, "expression")
                what = f"The metric '{metric.name}' was not drafted."
                self._drafts.refused.append(Issue(what, where, str(reason)))
        return self._drafts

    def _measured(self) -> Iterator[str]:
        for metric in self._metrics.values():
            try:
                yield from self._graph.owners(parsed(metric))
            except Inexpressible:
                continue

    def _place(self, metric: Metric) -> tuple[str, str]:
        """Draft a metric, unless that has been done; its cube and measure."""
        key = metric.name.casefold()
        if key in self._drafts.measures:
            return self._drafts.measures[key]
        if key in self._failed:
            raise Inexpressible(self._failed[key])
        if key in self._open:
            raise Inexpressible(f"The metric '{metric.name}' refers to itself.")
        self._open.append(key)
        try:
            own = self._own(metric)
            placed = own if own is not None else self._from_expression(metric)
        except RecursionError:
            self._failed[key] = "Its fields are computed from one another without end."
            raise Inexpressible(self._failed[key]) from None
        except Inexpressible as reason:
            self._failed[key] = str(reason)
            raise
        finally:
            self._open.pop()
        self._drafts.measures[key] = placed
        return placed

    def _own(self, metric: Metric) -> tuple[str, str] | None:
        """The measure that our own extension keeps, if the expression still says the same."""
        told = self._returned.measure(metric)
        if told is None:
            return None
        for part in told.measure.ratio or ():
            other = self._returned.metric(told.cube, part)
            if other is None or self._place(other) != (told.cube, part):
                return None
        draft = self._cube(told.cube, told.fact)
        if draft is None or told.name in draft.measures:
            return None
        draft.measures[told.name] = told.measure
        draft.origins[told.name] = metric.expression.dialects[0].expression
        return told.cube, told.name

    def _from_expression(self, metric: Metric) -> tuple[str, str]:
        shape = self._reader.shape(metric)
        notes = list(self._reader.notes)
        match shape:
            case Named(name):
                raise Inexpressible(f"It only repeats the metric '{name}'.")
            case Aggregation():
                base, loose = self._base(shape)
                draft = self._draft_for(base, loose)
                placed = self._measure(shape, base, metric.name, notes)
                wanted = metric
            case Quotient():
                return self._ratio(metric, shape, notes)
        return self._keep(draft, placed, wanted)

    def _ratio(self, metric: Metric, shape: Quotient, notes: list[str]) -> tuple[str, str]:
        parts = (shape.above, shape.below)
        bases = [self._base_of_part(part) for part in parts]
        firm = {base for base, loose in bases if not loose}
        if len(firm) > 1:
            raise Inexpressible(
                "It divides figures of two facts, and a cube has one:"
                f" {' and '.join(sorted(firm))}."
            )
        base = next(iter(firm), None) or self._graph.base(b for b, _ in bases)
        if base is None or any(self._graph.path(base, each) is None for each, _ in bases):
            raise Inexpressible("Its two figures are not of one fact.")
        draft = self._draft_for(base, not firm)
        names = tuple(self._part(part, draft, base, metric, notes) for part in parts)
        for own, loose in bases:
            if loose and own != base:
                here = self._graph.datasets[own].name
                notes.append(f"Only those of '{here}' count who occur in fact '{draft.fact}'.")
        measure = Measure.model_validate({"ratio": names, **_looks(metric, "ratio", None)})
        return self._keep(draft, _Placed(measure, tuple(dict.fromkeys(notes))), metric)

    def _part(
        self, part: Aggregation | Named, draft: CubeDraft, base: str, metric: Metric,
        notes: list[str],
    ) -> str:  # fmt: skip
        if isinstance(part, Named):
            named = self._metrics[part.name.casefold()]
            cube, name = self._place(named)
            if cube == draft.key:
                return name
            # Distinct members are the same over the rows of this fact, joined to theirs.
            inner = self._reader.shape(named)
            assert isinstance(inner, Aggregation)
            part = inner
        placed = self._measure(part, base, metric.name, notes)
        for name, known in draft.measures.items():
            if _computes(known) == _computes(placed.measure):
                return name
        kind = placed.measure.aggregate
        operand = str(getattr(placed.measure, kind))
        wanted = "row_count" if operand == "*" else f"{kind}_{operand}"
        if placed.measure.where:
            wanted += f"_for_{metric.name}"
        name = free_name(wanted, {*draft.measures, *self._reserved(draft)})
        draft.measures[name] = placed.measure
        return name

    def _base_of_part(self, part: Aggregation | Named) -> tuple[str, bool]:
        if isinstance(part, Aggregation):
            return self._base(part)
        if part.name.casefold() in self._open:
            raise Inexpressible(f"The metric '{part.name}' refers to itself.")
        shape: Shape = self._reader.shape(self._metrics[part.name.casefold()])
        if isinstance(shape, Aggregation):
            return self._base(shape)
        raise Inexpressible(f"'{part.name}' is itself a ratio or another metric's name.")

    def _base(self, shape: Aggregation) -> tuple[str, bool]:
        """The dataset whose rows are aggregated, and whether a fact that points at it may stand in.

        Distinct members, the least and the greatest are the same however often a row is repeated.
        """
        operand = self._graph.owners(shape.operand)
        owners = operand | self._graph.owners(shape.condition)
        if not owners:
            facts = sorted(n for n, m in self._drafts.matches.items() if m.fact and not m.dimension)
            if len(facts) != 1:
                raise Inexpressible("It counts rows, and does not say of which dataset.")
            return facts[0], False
        base = self._graph.base(owners)
        if base is None:
            raise Inexpressible(
                f"No relationship leads from one of {', '.join(sorted(owners))} to the others."
            )
        loose = shape.kind in ("count_distinct", "min", "max")
        if not loose and operand and base not in operand:
            raise Inexpressible(
                f"It adds up rows of '{', '.join(sorted(operand))}' under a condition on"
                f" '{base}', of which there may be many for each."
            )
        return base, loose

    def _draft_for(self, base: str, loose: bool) -> CubeDraft:
        match = self._drafts.matches[base]
        if match.fact is None:
            if match.dimension is not None:
                raise Inexpressible(
                    f"It measures the members of dimension '{match.dimension}' themselves;"
                    " a cube measures the rows of a fact."
                )
            raise Inexpressible(f"The dataset '{match.dataset}' is unknown: {match.reason}")
        draft = self._cube(base, match.fact)
        assert draft is not None
        return draft

    def _cube(self, key: str, fact: str) -> CubeDraft | None:
        draft = self._drafts.cubes.setdefault(key, CubeDraft(key, fact))
        return draft if draft.fact == fact else None

    def _translator(self, base: str, notes: list[str]) -> Translator:
        fact = self._drafts.matches[base].fact
        assert fact is not None
        return Translator(
            self._graph, self._drafts.matches, self._vocabulary, base,
            self.repository.facts[fact], notes,
        )  # fmt: skip

    def _measure(self, shape: Aggregation, base: str, wanted: str, notes: list[str]) -> _Placed:
        translator = self._translator(base, notes)
        operand = self._operand(shape, translator, wanted)
        role = operand.partition(".")[0] if "." in operand else None
        condition = translator.known_apart(shape.condition, role)
        said: dict[str, object] = {shape.kind: operand}
        if condition is not None:
            said["where"] = translator.condition(
                condition, lambda target: self._carried(translator, target)
            )
        metric = self._metrics.get(wanted.casefold())
        said |= _looks(metric, shape.kind, self._is_money(translator, shape.kind, operand))
        return _Placed(Measure.model_validate(said), tuple(dict.fromkeys(notes)))

    def _operand(self, shape: Aggregation, translator: Translator, wanted: str) -> str:
        if shape.operand is None:
            return "*"
        tree = shape.operand.unnest()
        if shape.kind == "count" and self._is_key(tree, translator.base):
            return "*"
        named = tree.name if isinstance(tree, exp.Column) else wanted
        tree = translator.simplified(tree)
        found = target_of(tree) if isinstance(tree, exp.Column) else None
        fact = translator.fact
        if shape.kind in ("sum", "avg"):
            if isinstance(found, FactColumn):
                if found.name in fact.definition.measures:
                    return found.name
                raise Inexpressible(f"'{found.name}' is no number of fact '{fact.name}'.")
            return self.additions.measure(translator, tree, named)
        match found:
            case FactColumn(name):
                return "*" if shape.kind == "count" and name in fact.grain else name
            case RoleColumn(role, attribute):
                return f"{role}.{attribute}"
            case EntityColumn():
                return self.additions.column(translator, found, named)
            case _:
                if shape.kind in ("count", "count_distinct"):
                    return self.additions.label(translator, tree, named)
                return self.additions.measure(translator, tree, named)

    def _is_key(self, tree: exp.Expr, base: str) -> bool:
        """Whether a column is part of the key of the rows that are counted: none lacks it."""
        if not isinstance(tree, exp.Column) or self._graph.owner(tree) != base:
            return False
        key = self._graph.datasets[base].primary_key or ()
        return tree.name.casefold() in {column.casefold() for column in key}

    def _carried(self, translator: Translator, target: Target) -> exp.Expr:
        if isinstance(target, EntityColumn):
            name = self.additions.column(translator, target, target.path.replace(".", "_"))
            return written(FactColumn(name))
        return written(target)

    def _is_money(self, translator: Translator, kind: str, operand: str) -> bool:
        if kind not in ("sum", "avg", "min", "max"):
            return False
        measure = translator.fact.definition.measures.get(operand)
        added = next(
            (
                each.definition.get("convert")
                for each in self.additions.found
                if (each.fact, each.name) == (translator.fact.name, operand)
            ),
            False,
        )
        return measure.convert if measure is not None else bool(added)

    def _keep(self, draft: CubeDraft, placed: _Placed, metric: Metric) -> tuple[str, str]:
        name = free_name(metric.name, {*draft.measures, *self._reserved(draft)})
        draft.measures[name] = placed.measure
        draft.origins[name] = parsed(metric).sql()
        draft.remarks[name] = placed.remarks
        return draft.key, name

    def _reserved(self, draft: CubeDraft) -> set[str]:
        """Names that measures may not take: the fact's own labels are levels of the cube."""
        fact = self.repository.facts[draft.fact].definition
        added = {a.name for a in self.additions.found if a.group == "degenerate"}
        return {*fact.degenerate, *added}


def _computes(measure: Measure) -> dict[str, object]:
    """What decides the figure, without how it looks."""
    return measure.model_dump(exclude={"label", "description", "format", "polarity"})


_SHARES = ("rate", "share", "percent", "pct", "percentage")


def _looks(metric: Metric | None, kind: str, money: bool | None) -> dict[str, object]:
    """Label, description and format, as far as the document tells or the kind of figure does."""
    said: dict[str, object] = {}
    if metric is not None and metric.description:
        said["description"] = metric.description.strip()
    if kind in ("count", "count_distinct"):
        said["format"] = "integer"
    elif money:
        said["format"] = "currency"
    elif kind == "ratio" and metric is not None:
        if any(word in metric.name.casefold().split("_") for word in _SHARES):
            said["format"] = "percent"
    return said
