"""What people see whom access policies hold: compared with statements that a person wrote."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import combinations

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from cubes import Cell, Engine, Query, Sort, Top
from cubes.compile import compile_plan, filters_of
from cubes.guard import check_statement
from cubes.plan import plan
from cubes.resolve import resolve
from metadata import load_workspace
from metadata.errors import InternalError, UserError
from metadata.loader import workspace_texts

PEOPLE = """
roles: {regional: Sees the customers of some countries.}
users:
  ann: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: regional, attributes: {countries: [Germany], since: 2021-01-01}}
  bob: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: regional}
  cat: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: [regional, executive], attributes: {countries: [Germany, France]}}
  eve: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: executive}
  eng: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: engineer, attributes: {countries: France}}
"""
REGIONS = "access: regions\nroles: regional\nrows: customer.country in {user.countries}\n"
GERMANY = (
    "from fact_sales f join dim_customer c on c.customer_key = f.customer_key"
    " where c.country = 'Germany'"
)


@pytest.fixture
def engine_for(workspace, repository):
    """An engine of the star under policies, as one person sees it."""
    opened = []

    def make(policies: str, user: str, people: str = PEOPLE, **more: str) -> Engine:
        texts = workspace_texts(workspace) | more
        texts["workspace.yaml"] += people
        texts["access/policies.yaml"] = policies
        engine = Engine(load_workspace(workspace, shipped=False, texts=texts))
        opened.append(engine)
        return engine.seen_by(user)

    yield make
    for engine in opened:
        engine.close()


def ask(engine: Engine, cube: str, measures: str, rows: str = "", columns: str = "", **more):
    query = Query(cube, *(tuple(text.split()) for text in (measures, rows, columns)), **more)
    return [tuple(row.values()) for row in engine.query(query).table.to_pylist()]


class TestRows:
    """A row filter holds in every cube with its dimension, whatever is asked."""

    def test_figures_and_totals_are_of_the_rows_that_are_seen(self, engine_for, star):
        ann = engine_for(REGIONS, "ann")
        assert ask(ann, "sales", "revenue lines buyers") == star.by_hand(
            "select sum(amount), count(*), count(distinct c.person_id)" + GERMANY
        )
        by_city = ask(ann, "sales", "revenue", "customer.city", totals=True)
        assert by_city == [
            *star.by_hand(f"select city, sum(amount), 0 {GERMANY} group by 1 order by 1"),
            *star.by_hand(f"select null, sum(amount), 1 {GERMANY}"),
        ]

    def test_a_user_without_the_attribute_sees_nothing_never_everything(self, engine_for):
        bob = engine_for(REGIONS, "bob")
        assert ask(bob, "sales", "revenue lines") == [(None, 0)]
        assert ask(bob, "sales", "revenue", "customer.country") == []
        assert bob.members("sales", "customer.country") == []
        negated = "access: regions\nroles: regional\nrows: not customer.country in {user.countries}"
        assert ask(engine_for(negated, "bob"), "sales", "lines") == [(0,)]
        either = "access: regions\nroles: regional\nrows: customer.country = {user.countries} or customer.vip"
        assert ask(engine_for(either, "bob"), "sales", "lines") == [(0,)]

    def test_who_is_not_named_sees_everything(self, engine_for, star):
        everything = star.by_hand("select sum(amount) from fact_sales")
        assert ask(engine_for(REGIONS, "eve"), "sales", "revenue") == everything

    def test_several_values_and_several_roles(self, engine_for, star):
        cat = engine_for(REGIONS, "cat")
        assert ask(cat, "sales", "revenue") == star.by_hand(
            "select sum(amount) from fact_sales f join dim_customer c using (customer_key)"
            " where country in ('Germany', 'France')"
        )

    def test_all_policies_hold_at_once_and_another_role_never_shows_more(self, engine_for, star):
        toys = REGIONS + "---\naccess: toys\nroles: executive\nrows: product.category = 'Toys'\n"
        assert ask(engine_for(toys, "cat"), "sales", "revenue") == star.by_hand(
            "select sum(amount) from fact_sales f join dim_customer c using (customer_key)"
            " join dim_product p using (product_key)"
            " where country in ('Germany', 'France') and p.category = 'Toys'"
        )

    def test_everybody_but_those_all_of_whose_roles_are_spared(self, engine_for):
        spared = (
            "access: all\neverybody: true\nexcept: [engineer, executive]\n"
            "rows: customer.country = 'France'\n"
        )
        assert ask(engine_for(spared, "eng"), "sales", "lines") == [(9,)]
        assert ask(engine_for(spared, "eve"), "sales", "lines") == [(9,)]
        assert ask(engine_for(spared, "cat"), "sales", "lines") == [(3,)]

    def test_without_users_every_policy_holds_for_whoever_looks(self, engine_for):
        policy = "access: toys\nroles: analyst\nrows: product.category = 'Toys'\n"
        assert ask(engine_for(policy, "", people=""), "sales", "lines") == [(3,)]

    def test_a_dimension_in_several_roles_must_satisfy_it_in_each(self, engine_for, star):
        policy = "access: time\nroles: regional\nrows: date.date >= '2025-02-01'\n"
        ann = engine_for(policy, "ann")
        assert ask(ann, "sales", "lines") == star.by_hand(
            "select count(*) from fact_sales f join dim_date o on o.date_key = order_date_key"
            " join dim_date p on p.date_key = paid_date_key"
            " where o.date >= '2025-02-01' and p.date >= '2025-02-01'"
        )
        # And in other cubes: a stock is that of the last day that is seen.
        assert ask(ann, "stock", "opening pieces") == [(13, 13)]

    def test_a_filter_of_one_cube_leaves_the_others_alone(self, engine_for):
        policy = (
            "access: one\nroles: regional\n"
            "rows: {cube: sales, where: 'order_date.date >= {user.since}'}"
        )
        ann = engine_for(policy, "ann")
        assert ask(ann, "sales", "lines") == [(8,)]  # one has no day
        assert ask(ann, "stock", "counts") == [(8,)]
        own = "access: own\nroles: regional\nrows: {cube: sales, where: kind = 'return'}"
        assert ask(engine_for(own, "ann"), "sales", "lines", "kind") == [("return", 1)]

    def test_a_rollup_answers_only_if_it_keeps_the_levels_of_the_filter(self, engine_for, star):
        query = Query("sales", ("revenue",), ("order_date.month",))
        assert star.engine.query(query).rollup == "by_month"
        ann = engine_for(REGIONS, "ann").query(query)
        assert ann.rollup == "by_month_country"
        assert [tuple(row.values()) for row in ann.table.to_pylist()] == star.by_hand(
            "select d.month, sum(amount) from fact_sales f join dim_customer c using (customer_key)"
            " join dim_date d on d.date_key = order_date_key where country = 'Germany'"
            " group by 1 order by 1"
        )
        cities = "access: cities\nroles: regional\nrows: customer.city = 'Berlin'\n"
        explained = engine_for(cities, "ann").explain(query)
        assert explained.used == "fact_sales"
        assert not any("customer.city" in note for note in explained.notes)

    def test_members_are_those_of_facts_that_are_seen(self, engine_for):
        ann = engine_for(REGIONS, "ann")
        assert ann.members("sales", "customer.country") == ["Germany"]
        assert ann.members("sales", "product.name", search="a") == ["Ball"]
        assert ann.members("sales", "receipt") == ["R1", "R2", "R7"]
        assert ann.members("sales", "customer.city", where="customer.country <> 'Germany'") == []

    def test_facts_of_a_figure_are_those_that_are_seen(self, engine_for):
        facts = engine_for(REGIONS, "ann").facts_of(Cell("sales", "revenue"))
        assert facts.table.column("sale_id").to_pylist() == ["2", "3", "1", "8"]
        assert facts.value == Decimal("45.00") and facts.adds_up
        assert facts.filter is None


class TestFullTotals:
    """Totals of all rows, beside members that are seen only."""

    POLICY = REGIONS + "totals: full\n"

    def test_leaves_are_of_seen_rows_and_totals_of_all(self, engine_for):
        ann = engine_for(self.POLICY, "ann")
        assert ask(ann, "sales", "revenue lines", "customer.country", totals=True) == [
            ("Germany", Decimal("45.00"), 4, 0),
            (None, Decimal("235.50"), 9, 1),
        ]
        # A product that only others bought does not show up; the total of one that is seen is whole.
        assert ask(ann, "sales", "lines", "product.name", "customer.country", totals=True) == [
            ("Ball", "Germany", 1, 0),
            ("Ball", None, 3, 1),
            ("Pen", "Germany", 3, 0),
            ("Pen", None, 5, 1),
            (None, "Germany", 4, 2),
            (None, None, 9, 3),
        ]

    def test_a_question_that_names_members_gets_no_more_than_is_seen(self, engine_for):
        ann = engine_for(self.POLICY, "ann")
        where = "customer.country = 'France'"
        assert ask(ann, "sales", "lines", "product.name", where=where, totals=True) == [
            (None, 0, 1)
        ]
        assert ask(ann, "sales", "lines") == [(4,)]

    def test_one_policy_that_says_visible_makes_them_visible(self, engine_for):
        policies = self.POLICY + "---\naccess: toys\nusers: ann\nrows: product.category = 'Toys'\n"
        rows = ask(engine_for(policies, "ann"), "sales", "lines", "customer.country", totals=True)
        assert rows == [("Germany", 1, 0), (None, 1, 1)]


class TestWhatIsHidden:
    POLICY = REGIONS + (
        "measures: {hide: [sales.cost, sales.buyers]}\n"
        "levels: {hide: [customer.since, sales.product.size, sales.kind]}\n"
        "cubes: {hide: ghosts}\n"
    )

    def test_it_is_not_listed(self, engine_for):
        seen = engine_for(self.POLICY, "ann").repository
        assert set(seen.cubes) == {"sales", "stock"}
        sales = seen.cubes["sales"]
        gone = {"cost", "cost_share", "buyers", "revenue_per_buyer"}
        assert not gone & {*sales.measures, *sales.definition.measures}
        assert {"revenue", "lines", "returns"} <= set(sales.measures)
        assert not {"customer.since", "product.size", "kind"} & set(sales.levels)
        # Hidden in the cube that was named only.
        assert "product.size" in seen.cubes["stock"].levels

    def test_lists_of_what_is_allowed_leave_nothing_else(self, engine_for):
        policy = (
            "access: few\nroles: regional\nmeasures: {allow: [sales.revenue, stock.*]}\n"
            "levels: {allow: [customer.*, date.year]}\n"
        )
        seen = engine_for(policy, "ann").repository
        assert set(seen.cubes["sales"].measures) == {"revenue"}
        assert set(seen.cubes["sales"].definition.dimensions) == {
            "order_date", "paid_date", "customer",
        }  # fmt: skip
        assert "product.name" not in seen.cubes["sales"].levels
        assert "ghosts" not in seen.cubes

    def test_a_largest_value_of_a_hidden_level_is_hidden_and_a_count_of_them_is_not(
        self, engine_for
    ):
        policy = "access: since\nroles: regional\nlevels: {hide: customer.since}\n"
        measures = (
            "measures: {newest: {max: customer.since}, starts: {count_distinct: customer.since}}"
        )
        more = {
            "cubes/more.yaml": f"cube: again\nfact: sales\ndimensions: {{customer: customer}}\n{measures}"
        }
        assert set(engine_for(policy, "eve", **more).repository.cubes["again"].measures) == {
            "newest", "starts",
        }  # fmt: skip
        ann = engine_for(policy, "ann", **more)
        assert set(ann.repository.cubes["again"].measures) == {"starts"}

    def test_levels_are_ordered_as_ever_where_what_orders_them_is_hidden(self, engine_for):
        policy = "access: order\nroles: regional\nlevels: {hide: [date.month_of_year, product.size_rank]}"
        ann = engine_for(policy, "ann")
        assert [r[0] for r in ask(ann, "sales", "lines", "product.size")] == [
            "small", "medium", "large",
        ]  # fmt: skip

    def test_rows_are_filtered_by_what_is_hidden(self, engine_for):
        policy = REGIONS + "levels: {hide: customer.*}\n"
        ann = engine_for(policy, "ann")
        assert ask(ann, "sales", "lines") == [(4,)]
        assert "customer" not in ann.repository.cubes["sales"].definition.dimensions
        facts = ann.facts_of(Cell("sales", "buyers"))
        assert facts.value == 1 and facts.adds_up
        assert not [name for name in facts.table.column_names if "customer" in name]
        assert set(facts.table.column("_value_1").to_pylist()) == {None}


class TestMasks:
    POLICY = (
        "access: masks\nroles: regional\n"
        "masks: {customer.name: '•••', customer.score: {step: 5}, customer.since: {period: year},\n"
        "  product.name: {first: 2}}\n"
    )

    def test_members_are_grouped_as_they_are_shown(self, engine_for):
        ann = engine_for(self.POLICY, "ann")
        assert ask(ann, "sales", "lines", "customer.name", totals=True) == [
            ("•••", 9, 0), (None, 9, 1),
        ]  # fmt: skip
        assert ask(ann, "sales", "lines", "customer.score") == [(0, 4 - 1), (5, 4), (None, 2)]
        assert ask(ann, "sales", "lines", "customer.since") == [
            (date(2020, 1, 1), 4), (date(2021, 1, 1), 3), (None, 2),
        ]  # fmt: skip
        assert ask(ann, "sales", "lines", "product.name") == [("Ba…", 3), ("La…", 1), ("Pe…", 5)]

    @pytest.mark.parametrize(
        "where",
        ["customer.name = 'Anna'", "not customer.name like 'A%'", "customer.score > 6",
         "customer.name is null", "customer.vip or customer.since < '2021-01-01'"],
    )  # fmt: skip
    def test_they_cannot_be_filtered_searched_or_drilled_to(self, engine_for, where):
        ann = engine_for(self.POLICY, "ann")
        with pytest.raises(UserError, match="masked for you"):
            ask(ann, "sales", "lines", where=where)
        with pytest.raises(UserError, match="masked for you"):
            ann.members("sales", "customer.city", where=where)
        with pytest.raises(UserError, match="masked for you"):
            ann.members("sales", "customer.name", search="Ann")
        with pytest.raises(UserError, match="masked for you"):
            ann.facts_of(Cell("sales", "revenue", members={"customer.name": "Anna"}))

    def test_facts_do_not_tell_whose_they_are(self, engine_for):
        facts = engine_for(self.POLICY, "ann").facts_of(Cell("sales", "revenue"))
        told = {value for row in facts.table.to_pylist() for value in row.values()}
        assert not told & {"Anna", "Bert", "Cleo", "Dora", "C1", "C2", "C3", "C4", "Pen", "P1"}
        assert not {"customer_key", "customer.person_id", "customer.name"} & set(
            facts.table.column_names
        )
        assert "sale_id" in facts.table.column_names and facts.adds_up

    def test_no_rollup_answers_for_a_masked_level(self, engine_for):
        policy = (
            "access: masks\nroles: regional\nmasks: {customer.city: '-', date.month_name: '-'}\n"
        )
        ann = engine_for(policy, "ann")
        found = ann.query(Query("sales", ("revenue",), ("order_date.month_name",)))
        assert found.rollup is None and found.table.num_rows == 1
        assert not any(
            level.name.endswith("city")
            for each in ann.repository.cubes["sales"].hierarchies
            for level in each.levels
        )

    def test_the_mask_that_shows_least_holds(self, engine_for):
        both = self.POLICY + (
            "---\naccess: more\nusers: ann\nmasks: {customer.since: '-', product.name: {first: 1}}\n"
        )
        ann = engine_for(both, "ann")
        assert ask(ann, "sales", "lines", "customer.since") == [("-", 9)]
        assert ask(ann, "sales", "lines", "product.name") == [("B…", 3), ("L…", 1), ("P…", 5)]


class TestSmallGroups:
    """Figures that stand for few are withheld, also as what is left over of a total."""

    FACTS = "access: few\nroles: regional\nminimum: 3\n"
    BUYERS = "access: few\nroles: regional\nminimum: {least: 2, of: customer}\n"

    def test_small_cells_are_left_out_and_the_smallest_large_one_with_them(self, engine_for):
        ann = engine_for(self.FACTS, "ann")
        # Pen 5, Ball 3, Lamp 1: without Ball one could take the other two from the total.
        assert ask(ann, "sales", "lines", "product.name", totals=True) == [
            ("Pen", 5, 0), (None, 5, 1),
        ]  # fmt: skip
        assert ask(ann, "sales", "lines") == [(9,)]
        # Office 6, Toys 3: nothing is small, so nothing is withheld.
        assert ask(ann, "sales", "lines", "product.category") == [("Office", 6), ("Toys", 3)]

    def test_people_are_counted_not_their_versions_and_nobody_is_no_customer(self, engine_for):
        buyers = engine_for(self.BUYERS, "ann")
        # Lamp was bought by Bert alone; Ball by Anna and Bert; Pen by Anna, Cleo and nobody known.
        assert ask(buyers, "sales", "lines", "product.name") == [("Pen", 5)]
        # Munich is Anna, who is counted once although she has two versions.
        assert ask(buyers, "sales", "lines", "customer.city") == []

    def test_a_filter_is_no_way_round(self, engine_for):
        ann = engine_for(self.FACTS, "ann")
        assert ask(ann, "sales", "revenue lines", where="product.name = 'Lamp'") == []
        assert ask(ann, "sales", "lines", where="product.name <> 'Lamp'") == [(5,)]
        assert ask(ann, "sales", "lines", where="product.name in ('Lamp', 'Pen')") == [(5,)]
        assert ann.members("sales", "product.name") == ["Pen"]
        assert ann.members("sales", "product.name", search="l") == []

    def test_a_figure_of_some_rows_stands_for_those(self, engine_for):
        ann = engine_for(self.FACTS, "ann")
        assert ask(ann, "sales", "returns") == []
        assert ask(ann, "sales", "toy_revenue") == [(Decimal("100.00"),)]

    def test_what_is_one_facts_own_is_not_there(self, engine_for):
        ann = engine_for(self.FACTS, "ann")
        assert not {"smallest", "largest"} & set(ann.repository.cubes["sales"].measures)
        assert set(ann.repository.cubes["stock"].measures) == {"counts"}
        with pytest.raises(UserError, match="single facts"):
            ann.facts_of(Cell("sales", "revenue"))

    def test_it_goes_together_with_row_filters(self, engine_for, star):
        both = engine_for(REGIONS + "minimum: 2\n", "ann")
        assert ask(both, "sales", "revenue lines") == star.by_hand(
            "select sum(amount), count(*)" + GERMANY
        )
        # Of what is seen, Ball is a single sale; so Pen is left over of the total and goes too.
        assert ask(both, "sales", "lines", "product.name", totals=True) == []
        assert both.members("sales", "product.category") == []
        assert ask(both, "sales", "lines", "customer.city") == [("Berlin", 2), ("Munich", 2)]

    def test_sort_top_and_limit_choose_among_what_is_left(self, engine_for):
        ann = engine_for(self.FACTS, "ann")
        assert ask(
            ann, "sales", "lines", "product.name", top=Top(1, "lines", descending=False)
        ) == [("Pen", 5)]

    def test_too_many_levels_are_refused(self, engine_for):
        rows = "customer.city customer.country product.name product.category order_date.month"
        with pytest.raises(UserError, match="too many levels"):
            ask(engine_for(self.FACTS, "ann"), "sales", "lines", rows, where="customer.vip")

    def test_with_settled_cells_every_question_has_the_same_facts(self, engine_for, star):
        policy = (
            "access: few\nroles: regional\n"
            "minimum: {least: 2, by: [product.category, sales.customer.country]}\n"
        )
        ann = engine_for(policy, "ann")
        seen = star.by_hand(
            "select sum(rows) from (select count(*) as rows from fact_sales f"
            " join dim_customer c using (customer_key) join dim_product p using (product_key)"
            " group by p.category, c.country having count(*) >= 2)"
        )
        assert ask(ann, "sales", "lines") == seen
        by_country = ask(ann, "sales", "lines", "customer.country")
        assert sum(row[1] for row in by_country) == seen[0][0]
        assert set(ann.repository.cubes["sales"].levels) == {"product.category", "customer.country"}
        with pytest.raises(UserError, match="has no"):
            ask(ann, "sales", "lines", "product.name")


LEVELS = ("customer.country", "customer.city", "product.category", "product.name")
FACT = st.tuples(st.integers(1, 4), st.integers(1, 3))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(facts=st.lists(FACT, min_size=1, max_size=60), least=st.sampled_from([2, 3]))
def test_nothing_small_is_left_over_between_a_whole_and_its_parts(
    facts, least, engine_for, workspace
):
    """Every answer against every answer with more levels: what is withheld between them is large."""
    few = engine_for(f"access: few\nroles: regional\nminimum: {least}\n", "ann")
    connection = duckdb.connect()
    built = workspace / "built.duckdb"
    connection.execute(f"attach '{built}' as star (read_only)")
    connection.execute("create table fact_sales as from star.fact_sales limit 0")
    for table in ("dim_customer", "dim_product"):
        connection.execute(f"create table {table} as from star.{table}")
    connection.executemany(
        "insert into fact_sales (customer_key, product_key) values (?, ?)", facts
    )
    answers = {}
    for count in range(len(LEVELS) + 1):
        for rows in combinations(LEVELS, count):
            asked = resolve(few.repository, Query("sales", ("lines",), rows))
            sql = compile_plan(plan(asked)).sql("duckdb")
            answers[rows] = {row[:-1]: row[-1] for row in connection.execute(sql).fetchall()}
    assert all(n >= least for answer in answers.values() for n in answer.values())
    for whole, groups in answers.items():
        for parts, cells in answers.items():
            if not set(whole) < set(parts):
                continue
            places = [parts.index(level) for level in whole]
            for group, figure in groups.items():
                told = sum(n for c, n in cells.items() if tuple(c[p] for p in places) == group)
                assert figure - told == 0 or figure - told >= least


WAYS = {
    "a hidden measure": Query("sales", ("cost",)),
    "a ratio over it": Query("sales", ("cost_share",)),
    "sorted by it": Query("sales", ("lines",), ("product.name",), sort=(Sort("cost"),)),
    "chosen by it": Query("sales", ("lines",), ("product.name",), top=Top(1, "cost")),
    "a hidden level": Query("sales", ("lines",), ("customer.since",)),
    "across": Query("sales", ("lines",), columns=("customer.since",)),
    "sorted by a hidden level": Query("sales", ("lines",), sort=(Sort("customer.since"),)),
    "filtered by it": Query("sales", ("lines",), where="customer.since > '2000-01-01'"),
    "a hidden label": Query("sales", ("lines",), ("kind",)),
    "a hidden cube": Query("ghosts", ("weight",)),
    "in capitals": Query("sales", ("lines",), where="CUSTOMER.SINCE is null"),
    "quoted": Query("sales", ("lines",), where='"customer"."since" is null'),
    "by its table": Query("sales", ("lines",), where="dim_customer.since is null"),
    "by its key": Query("sales", ("lines",), ("customer.customer_key",)),
    "what is written of a user": Query(
        "sales", ("lines",), where="customer.country in {user.countries}"
    ),
    "a query in a filter": Query(
        "sales", ("lines",), where="customer.country in (select since from dim_customer)"
    ),
    "a second statement": Query("sales", ("lines",), where="customer.vip; select 1"),
    "a comment": Query("sales", ("lines",), where="customer.vip) or true --"),
    "always true": Query("sales", ("lines",), where="1 = 1 or customer.vip"),
}
HIDING = REGIONS + (
    "measures: {hide: sales.cost}\nlevels: {hide: [customer.since, sales.kind]}\ncubes: {hide: ghosts}\n"
    "---\naccess: executives\nroles: executive\nmeasures: {hide: sales.cost}\n"
    "levels: {hide: [customer.since, sales.kind]}\ncubes: {hide: ghosts}\nrows: customer.vip\n"
    "---\naccess: engineers\nroles: engineer\nmeasures: {allow: [sales.lines, sales.revenue]}\n"
    "levels: {allow: [customer.country, product.name, customer.vip]}\ncubes: {allow: sales}\n"
    "rows: customer.country = {user.countries}\n"
)  # fmt: skip


class TestWaysAround:
    @pytest.mark.parametrize("user", ["ann", "eve", "eng"])
    @pytest.mark.parametrize("way", WAYS)
    def test_none_leads_past_a_policy_or_tells_what_is_hidden(self, engine_for, way, user):
        seen = engine_for(HIDING, user)
        for door in (seen.query, seen.explain):
            with pytest.raises(UserError) as refused:
                door(WAYS[way])
            written = f"{WAYS[way].to_dict()}"
            for issue in refused.value.issues:
                for hidden in ("cost_share", "since", "kind", "ghosts"):
                    # What was asked may be repeated; nothing else that is hidden may be told.
                    assert hidden in written.lower() or hidden not in str(issue)

    @pytest.mark.parametrize("user", ["ann", "eve", "eng"])
    @pytest.mark.parametrize("name", ["costs", "customer.sinc", "knd", "ghost", "sales.kind"])
    def test_no_suggestion_names_what_is_hidden(self, engine_for, user, name):
        seen = engine_for(HIDING, user)
        asked = (
            Query(name, ("lines",)),
            Query("sales", (name,)),
            Query("sales", ("lines",), (name,)),
            Query("sales", ("lines",), where=f"{name} = 'x'"),
        )
        for query in asked:
            with pytest.raises(UserError) as refused:
                seen.query(query)
            told = str(refused.value).replace(f"'{name}'", "")
            assert not any(f"'{h}'" in told for h in ("cost", "cost_share", "ghosts", "kind"))
            assert "customer.since" not in told and "since" not in told.split()

    @pytest.mark.parametrize(
        "where",
        ["customer.country = 'France'", "customer.country <> 'Germany'",
         "customer.country = 'Germany' or customer.country = 'France'",
         "not customer.country = 'Germany'", "customer.country like '%'", "product.name = 'Lamp'",
         "customer.country is null or customer.country is not null"],
    )  # fmt: skip
    def test_no_filter_brings_rows_back(self, engine_for, star, where):
        ann = engine_for(REGIONS, "ann")
        [(lines,)] = ask(ann, "sales", "lines", where=where)
        [(seen,)] = star.by_hand(
            "select count(*) from fact_sales f join dim_customer customer using (customer_key)"
            " join dim_product product using (product_key)"
            f" where customer.country = 'Germany' and ({where.replace('<>', 'is distinct from')})"
        )
        assert lines == seen

    def test_two_people_share_an_engine_and_not_what_they_see(self, engine_for):
        ann = engine_for(REGIONS, "ann")
        cat = ann.seen_by("cat")
        for _ in range(2):
            assert ask(ann, "sales", "lines") == [(4,)]
            assert ask(cat, "sales", "lines") == [(7,)]
        keys = {engine_for(REGIONS, user).repository.seen_as for user in ("ann", "bob", "cat")}
        assert len(keys) == 3 and engine_for(REGIONS, "eve").repository.seen_as == ""

    def test_a_name_that_nobody_bears_sees_nothing(self, engine_for):
        for name in ("nobody", "", "ANN"):
            with pytest.raises(UserError):
                engine_for(REGIONS, name)

    def test_the_last_look_refuses_a_statement_without_the_filter(self, engine_for):
        ann = engine_for(REGIONS, "ann")
        query = Query("sales", ("revenue", "cities"), ("product.name",), totals=True)
        planned = plan(resolve(ann.repository, query))
        statement, filters = compile_plan(planned), filters_of(planned)
        tables = {"fact_sales", "dim_customer", "dim_product"}
        check_statement(statement, tables, filters)
        for where in list(statement.find_all(exp.Where)):
            if where.find(exp.In):
                where.pop()
        with pytest.raises(InternalError, match="filter of access"):
            check_statement(statement, tables, filters)
