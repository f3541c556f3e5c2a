"""Few rows judged alone end as they did among all, and their steps lead to what was staged."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms import STAGING
from transforms.narrowing import landed_rows, rows_of_join, rows_of_keys
from transforms.staging import judged_rows
from transforms.statements import create_table
from transforms.tracing import trace_rows

MODEL = """\
entity: thing
key: [id, part]
columns: {id: string, part: integer, name: string, price: "decimal(18,2)", owner: string}
"""
MAPPINGS = """\
entity: thing
from: s.sale
join:
  who: {table: s.other, on: {no: owner}, order_by: [since desc]}
  boss: {table: s.other, on: {no: who.boss}}
columns:
  id: {from: code, clean: [trim, upper], check: {satisfies: "name <> 'bad'"}, otherwise: "null"}
  part: part
  name: {from: name, clean: [trim], default: nameless}
  price: {from: price, clean: [{replace: {find: ",", with: "."}}], check: {at_least: 0}}
  owner: {expr: "coalesce(boss.name, who.name, '?')"}
where: coalesce(who.name, '') <> 'hidden'
keep: [price desc]
---
entity: thing
from: s.customer
priority: 200
columns: {id: code, part: part, name: name}
"""
KEYS = st.sampled_from(["a", " A ", "b", "B", "c", None])
SALES = st.fixed_dictionaries(
    {
        "code": KEYS,
        "part": st.sampled_from(["1", "2", "x"]),
        "name": st.sampled_from([" n", "bad", "", None]),
        "price": st.sampled_from(["1", "2,50", "-1", "much", None]),
        "owner": st.sampled_from(["o1", "o2", "o3", "o9", None]),
    }
)
OTHERS = [
    {"no": "o1", "name": "Ada", "boss": "o2", "since": "1"},
    {"no": "o1", "name": "Bob", "boss": "o3", "since": "2"},
    {"no": "o2", "name": "hidden", "boss": None, "since": "1"},
    {"no": "o3", "name": "Cy", "boss": None, "since": "1"},
]
SEEDS = st.lists(
    st.fixed_dictionaries({"code": KEYS, "part": st.just("1"), "name": st.just("late")}), max_size=4
)


def judge(lab, wanted):
    """All rows judged, and those of wanted keys judged alone; as rows of text."""
    repository = lab.repository
    entity, mappings = repository.entity("thing"), repository.mappings_of("thing")
    full = judged_rows(repository, mappings, entity, lab.landed)
    lab.connection.execute(create_table("full_rows", STAGING, full).sql("duckdb"))
    lab.connection.execute("create or replace table staging.wanted (id varchar, part bigint)")
    lab.connection.executemany("insert into staging.wanted values (?, ?)", wanted or [("-", 0)])
    narrow = {}

    def bring(mapping, alias, query):
        table = mapping.definition.join[alias].table if alias else mapping.definition.from_
        name = f"{mapping.table}_{alias or 'rows'}"
        lab.connection.execute(create_table(f"{name}_l", STAGING, query).sql("duckdb"))
        files = [str(path) for path in sorted(lab.path.glob(f"{table[2:]}-*.parquet"))]
        rows = landed_rows(files, lab.landed[table], f"{name}_l")
        lab.connection.execute(create_table(name, STAGING, rows).sql("duckdb"))
        narrow[(mapping.name, alias)] = name

    def reading(mapping, alias):
        return narrow[(mapping.name, alias)]

    for mapping in mappings:
        bring(mapping, "", rows_of_keys(repository, mapping, entity, lab.landed, "wanted"))
        for alias in mapping.definition.join:
            bring(mapping, alias, rows_of_join(mapping, alias, lab.landed, reading))
    few = judged_rows(repository, mappings, entity, lab.landed, reading)
    lab.connection.execute(create_table("few_rows", STAGING, few).sql("duckdb"))
    return reading


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sales=st.lists(SALES, min_size=1, max_size=12), late=SEEDS, data=st.data())
def test_the_rows_of_some_keys_end_as_they_do_among_all(lab, sales, late, data):
    found = lab(
        {
            "model/m.yaml": MODEL,
            "mappings/m.yaml": MAPPINGS,
            "sources/s.yaml": "source: s\nurl: x\ntables: {sale: , other: , customer: }\n",
        }
    )
    found.land("sale", sales)
    found.land("other", OTHERS)
    found.land("customer", late or [{"code": None, "part": "1", "name": "late"}])
    keys = found.rows(
        "select distinct id, part from (values ('A', 1), ('B', 1), ('C', 2)) v(id, part)"
    )
    wanted = data.draw(st.lists(st.sampled_from(sorted(keys)), unique=True, max_size=3))
    reading = judge(found, wanted)
    same = "select * from staging.{} where (id, part) in (select id, part from staging.wanted) order by _mapping, _row"
    assert found.rows(same.format("few_rows")) == found.rows(same.format("full_rows"))
    repository = found.repository
    entity = repository.entity("thing")
    for mapping in repository.mappings_of("thing"):
        trace = trace_rows(repository, mapping, entity, found.landed, list(entity.columns), reading)
        for each in trace.columns:
            final = each.steps[-1].output
            steps = found.rows(
                f'select t._row, "{final}", f."{each.column}"::varchar'
                f" from ({trace.sql.sql('duckdb')}) t join staging.few_rows f"
                f" on f._mapping = '{mapping.name}' and f._row = t._row"
            )
            assert all(shown == staged for _, shown, staged in steps)


def test_a_value_is_shown_after_each_of_its_steps(lab):
    found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": MAPPINGS.split("---")[0]})
    found.land("sale", [{"code": " a", "part": "1", "name": None, "price": "2,50", "owner": "o1"}])
    found.land("other", OTHERS)
    repository = found.repository
    [mapping] = repository.mappings_of("thing")
    columns = ["id", "name", "price", "owner", "unheard_of"]
    trace = trace_rows(repository, mapping, repository.entity("thing"), found.landed, columns)
    cursor = found.connection.execute(trace.sql.sql("duckdb"))
    [row] = cursor.fetchall()
    values = dict(zip([each[0] for each in cursor.description], row, strict=True))
    told = {
        each.column: [(step.kind, step.name, values[step.output]) for step in each.steps]
        for each in trace.columns
    }
    assert told == {
        "id": [("came", "from", " a"), ("clean", "trim", "a"), ("clean", "upper", "A"),
               ("otherwise", "null", "A")],
        "name": [("came", "from", None), ("clean", "trim", None), ("default", "default", "nameless"),
                 ("otherwise", "quarantine", "nameless")],
        "price": [("came", "from", "2,50"), ("clean", "replace", "2.50"),
                  ("type", "decimal(18,2)", "2.50"), ("otherwise", "quarantine", "2.50")],
        "owner": [("came", "expr", "Cy"), ("otherwise", "quarantine", "Cy")],
    }  # fmt: skip
    owner = next(each for each in trace.columns if each.column == "owner")
    assert {(r.alias, r.column): values[r.output] for r in owner.reads} == {
        ("boss", "name"): "Cy", ("who", "name"): "Bob",
    }  # fmt: skip
    assert {alias: values[place[1]] for alias, place in trace.joins.items()} == {
        "boss": 4,
        "who": 2,
    }
    assert [(r.alias, r.column, values[r.output]) for r in trace.filter] == [("who", "name", "Bob")]
    assert values["_let_in"] is True
