from __future__ import annotations

SOURCE = "source: shop\nurl: data\ntables:\n  client: {primary_key: [id]}\n  sale: {}\n  code: {}\n"
ENTITY = """\
entity: person
key: person_id
columns:
  person_id: string
  name: string
  born: date
  seen_at: timestamp
  age: integer
  score: double
  limit_amount: decimal(10,2)
  active: boolean
"""


def company(found, columns, extra="", driver="shop.sale", more=None):
    mapping = f"entity: person\nfrom: {driver}\n{extra}columns:\n  person_id: id\n"
    mapping += "".join(f"  {line}\n" for line in columns)
    files = {"sources/shop.yaml": SOURCE, "model/p.yaml": ENTITY, "mappings/p.yaml": mapping}
    return found(files | (more or {}))


def test_probe(found):
    import pyarrow as pa
    def tryit(label, fn):
        try:
            print(label, '=>', fn())
        except Exception as e:
            print(label, '!!', type(e).__name__, str(e)[:300])
    def one(columns, rows, types=None, extra="", more=None):
        c = company(found, columns, extra, more=more)
        c.land("shop.sale", rows, types=types)
        out = c.stage("person")
        return out, c.outcomes("person"), c.refusals("person"), c.warnings("person")
    tryit('default rule', lambda: one(["name: {from: n, clean: [{default: 0}]}"], [{"id":"a","n":"abc"},{"id":"b","n":None}]))
    tryit('negate text', lambda: one(["limit_amount: {from: n, clean: negate}"], [{"id":"a","n":"abc"},{"id":"b","n":"5"}]))
    tryit('int 12.5', lambda: one(["age: n"], [{"id":"a","n":"12.5"},{"id":"b","n":"12.0"},{"id":"c","n":"12"}]))
    tryit('float int 12.5', lambda: one(["age: n"], [{"id":"a","n":12.5},{"id":"b","n":12.0}]))
    tryit('nan', lambda: one(["score: n"], [{"id":"a","n":"nan"},{"id":"b","n":"inf"}]))
    tryit('infinity', lambda: one(["born: n"], [{"id":"a","n":"infinity"}]))
    tryit('default masks', lambda: one(["age: {from: n, default: 0}"], [{"id":"a","n":"abc"},{"id":"b","n":None}]))
    tryit('keep lookup', lambda: one(["name: {from: n, lookup: {a: A}, otherwise: keep}"], [{"id":"a","n":"a"},{"id":"b","n":"zz"}]))
    tryit('int date fmt', lambda: one(["born: {from: n, format: '%Y%m%d'}"], [{"id":"a","n":20250131}]))
    tryit('int date', lambda: one(["born: n"], [{"id":"a","n":20250131}]))
    tryit('float id', lambda: one(["name: n"], [{"id":"a","n":123.0}]))
    tryit('float bool', lambda: one(["active: n"], [{"id":"a","n":1.0}]))
    tryit('guarded cast', lambda: one(["age: {expr: \"CASE WHEN n ~ '^[0-9]+$' THEN CAST(n AS INTEGER) END\"}"], [{"id":"a","n":"x"},{"id":"b","n":"3"}]))
    tryit('where cast', lambda: one(["age: n"], [{"id":"a","n":"x"},{"id":"b","n":"3"}], extra="where: CAST(n AS INTEGER) > 1\n"))
    tryit('sep', lambda: one(["age: n"], [{"id":"a","n":"x\x1ey\x1fz"}]))
    tryit('zone', lambda: one(["seen_at: n"], [{"id":"a","n":"2025-01-01T10:00:00+05:00"},{"id":"b","n":"2025-07-01 10:00"},{"id":"c","n":"2025-07-01T10:00:00Z"}]))
    tryit('title', lambda: one(["name: {from: n, clean: [trim, collapse_spaces, title_case]}"], [{"id":"a","n":"  jean-LUC  o'neil\u00a0müller "}]))
    tryit('case column', lambda: one(["name: N"], [{"id":"a","n":"x"}]))
    tryit('lookup then bad type', lambda: one(["age: {from: n, lookup: {a: A}}"], [{"id":"a","n":"a"}]))
    tryit('lookup table missing', lambda: one(["name: {from: n, lookup: codes}"], [{"id":"a","n":"a"}], more={"lookups/c.yaml":"lookup: codes\nfrom: shop.code\nkey: k\nvalue: v\n"}))
    tryit('phone', lambda: one(["name: {from: n, clean: [{phone: '+49'}]}"], [{"id":"a","n":"0049 (0)30 12+3"},{"id":"b","n":"030/123"},{"id":"c","n":"--"},{"id":"d","n":"+49 (0)30 5"}]))
    tryit('between ts', lambda: one(["seen_at: {from: n, check: between 2020-01-01 and 2025-12-31}"], [{"id":"a","n":"2025-12-31 23:00"}]))
    tryit('bad bound', lambda: one(["born: {from: n, check: between foo and 2025-12-31}"], [{"id":"a","n":"2025-12-31"}]))
    tryit('text num', lambda: one(["name: {from: n, check: between 1 and 100}"], [{"id":"a","n":"20"}]))
    tryit('string landed reserved', lambda: one(["name: select"], [{"id":"a","select":"20"}]))
