"""What the company sells and the lists of codes its systems share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from sample_data.months import Calendar, add_months
from sample_data.rows import pick, rows

SERVICE_LINES = ("MOBILE", "FIXED", "BROADBAND")
COMPETITORS = ("TELORA", "NORDCALL", "VOXANET")

# plan | name | line | P or C | fee in EUR | data GB | Mbps | commitment
_PLANS = """
MOB-S|Mobile S|MOBILE|P|12.99|5|-1|12
MOB-M|Mobile M|MOBILE|P|19.99|15|-1|24
MOB-L|Mobile L|MOBILE|P|34.99|40|-1|24
MOB-XL|Mobile Unlimited|MOBILE|P|54.99|999|-1|24
FIX-H|Home Line|FIXED|P|14.99|-1|-1|12
BB-50|Broadband 50|BROADBAND|P|24.99|-1|50|24
BB-100|Broadband 100|BROADBAND|P|34.99|-1|100|24
BB-500|Fibre 500|BROADBAND|P|49.99|-1|500|24
BMOB-M|Business Mobile|MOBILE|C|24.90|20|-1|24
BMOB-L|Business Mobile Plus|MOBILE|C|44.90|60|-1|24
BFIX|Business Line|FIXED|C|29.90|-1|-1|12
BBB-100|Business Broadband 100|BROADBAND|C|59.90|-1|100|24
BBB-1G|Business Fibre 1G|BROADBAND|C|149.00|-1|1000|24
"""

SEGMENTS = (
    ("P-GOLD", "Gold", "P", "Several services, high income"),
    ("P-SILV", "Silver", "P", "Two services or middle income"),
    ("P-BRON", "Bronze", "P", "One service"),
    ("P-YOUN", "Young", "P", "Under 28"),
    ("C-KEY", "Key account", "C", "More than 250 employees"),
    ("C-MID", "Mid-size", "C", "20 to 250 employees"),
    ("C-SMAL", "Small business", "C", "Fewer than 20 employees"),
)

CODE_LISTS: dict[str, str] = {
    "credit_class": "A Excellent|B Good|C Fair|D Weak|E Poor",
    "income_band": "A Lowest|B Low|C Middle|D High|E Highest",
    "gender": "F Female|M Male|X Other",
    "customer_status": "ACTIVE Active|CHURNED Left|TEST Test record",
    "medium": "PHONE_IN Phone in|PHONE_OUT Phone out|IVR Voice menu|EMAIL E-mail|CHAT Chat"
    "|CALLBACK Call back|FAX Fax|VISIT Visit|SMS Text message|MAIL Letter",
    "cancel_reason": "PRICE Price rise|SERVICE Bad service|NETWORK Network quality"
    "|COMPETITOR Better offer|MOVED Moved away|NO_NEED No longer needed",
    "interaction_reason": "INVOICE Invoice|FAULT Fault|CONTRACT Contract|ORDER Order|MOVE Move"
    "|PRICE Price|CANCEL Cancellation|OFFER Offer|OTHER Other",
    "loss_reason": "PRICE Price|RIVAL Rival|NO_BUDGET No budget|NO_DECISION No decision",
    "fault": "NO_POWER No power|DISPLAY Display|BATTERY Battery|NO_SIGNAL No signal|WATER Water",
    "competitor": "TELORA Telora|NORDCALL NordCall|VOXANET Voxanet|MERIDIAN Meridian Telecom",
    "outcome": "RESOLVED Resolved|FOLLOW_UP Follow-up|ABANDONED Abandoned|SOLD Sold"
    "|TRANSFERRED Transferred|REFUSED Refused|NO_ANSWER No answer",
    "dispute_reason": "WRONG_USAGE Wrong usage|WRONG_FEE Wrong fee|NOT_ORDERED Not ordered"
    "|SERVICE Service",
    "return_reason": "DEFECT Defective|CHANGED_MIND Changed mind|WRONG_ITEM Wrong item|LATE Late",
}

CHANNELS = (
    ("STORE", "Own store", "OWN", True),
    ("DEALER", "Dealer", "PARTNER", True),
    ("WEB", "Web shop", "DIGITAL", False),
    ("APP", "App", "DIGITAL", False),
    ("PHONE", "Telephone sales", "OWN", True),
    ("KEYACC", "Key account team", "OWN", True),
)

# family | line | brand | names | price in EUR of the first and the last | stocked | warranty
_PRODUCTS = """
PHONE|Flagship|Auralis|Auralis 9,Auralis 9 Pro,Auralis 10,Auralis 10 Pro|749|1249|1|24
PHONE|Mid-range|Kestrel|Kestrel A1,Kestrel A2,Kestrel A3,Kestrel A4|249|429|1|24
PHONE|Entry|Pico|Pico 1,Pico 2,Pico 3|79|149|1|24
PHONE|Desk|Linea|Linea 100,Linea 200,Linea Pro|49|189|1|24
TABLET|Slate|Auralis|Slate 8,Slate 10,Slate 12 Pro|299|849|1|24
ROUTER|Home|Havn|Havn Box,Havn Mesh,Havn Fibre|89|229|1|36
ROUTER|Business|Havn|Havn Office,Havn Rack|349|990|1|36
ACCESSORY|Cases|Cover&Co|Case Clear,Case Leather,Case Sport|15|49|1|6
ACCESSORY|Audio|Sono|Sono Buds,Sono Headset,Sono Conference|39|219|1|24
ACCESSORY|Power|Volta|Charger 20W,Charger 65W,Power Bank|19|59|1|12
ACCESSORY|Wear|Auralis|Watch S,Watch X|199|399|1|24
SERVICE|Set-up|Meridian|Installation,Data Transfer,Office Set-up|39|299|0|0
SERVICE|Protection|Meridian|Screen Cover,Full Cover|59|139|0|0
"""

# code | parent | name; a node's level is the length of its way to the top
_INDUSTRIES = {
    "NACE": "C||Manufacturing;F||Construction;G||Trade;H||Transport;I||Hotels;J||Information;"
    "Q||Health;C25|C|Metal products;C21|C|Pharmaceuticals;C18|C|Printing;F41|F|Buildings;"
    "G46|G|Wholesale;G47|G|Retail;H49|H|Land transport;I55|I|Accommodation;J59|J|Film;"
    "J62|J|Programming;Q86|Q|Human health;G47.4|G47|Retail of IT;H49.4|H49|Road freight",
    "SIC": "D||Manufacturing;E||Transport and Utilities;F||Wholesale;G||Retail;I||Services;"
    "34|D|Fabricated metal;28|D|Chemicals;42|E|Trucking;49|E|Electric and gas;50|F|Durable "
    "goods;57|G|Home furniture;70|I|Hotels;73|I|Business services;80|I|Health services;"
    "7371|73|Programming;4213|42|Long-haul trucking;5734|57|Computer stores",
    "HOUSE": "HV||High value verticals;LV||Volume verticals;HV-IT|HV|IT and media;HV-HE|HV|Health;"
    "HV-EN|HV|Energy;LV-RE|LV|Retail and hotels;LV-LO|LV|Logistics;LV-MA|LV|Makers",
}


@dataclass(frozen=True)
class Plans:
    """Plans as parallel arrays, fees in cents."""

    code: list[str]
    line: np.ndarray
    customer_type: list[str]
    fee: np.ndarray
    bandwidth: np.ndarray
    commitment: np.ndarray


@cache
def plans() -> Plans:
    """Every plan, cheapest first within a line and type."""
    read = _plan_rows()
    return Plans(
        code=[r[0] for r in read],
        line=np.array([SERVICE_LINES.index(r[2]) for r in read]),
        customer_type=[r[3] for r in read],
        fee=np.array([round(float(r[4]) * 100) for r in read]),
        bandwidth=np.array([int(r[6]) for r in read]),
        commitment=np.array([int(r[7]) for r in read]),
    )


def _plan_rows() -> list[list[str]]:
    return [line.split("|") for line in _PLANS.strip().splitlines()]


@dataclass(frozen=True)
class Products:
    """Products with their price and cost (cents) in each month."""

    code: list[str]
    name: list[str]
    family: list[str]
    line: list[str]
    brand: list[str]
    stocked: np.ndarray
    warranty: np.ndarray
    launched_month: np.ndarray
    withdrawn_month: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    popularity: np.ndarray


def make_products(rng: np.random.Generator, months: int) -> Products:
    """The assortment: newer models arrive, older ones are withdrawn and get cheaper."""
    named: list[tuple[str, ...]] = []
    prices: list[float] = []
    for line in _PRODUCTS.strip().splitlines():
        family, product_line, brand, models, low, high, stocked, warranty = line.split("|")
        models_list = models.split(",")
        steps = np.linspace(float(low), float(high), len(models_list))
        for model, price in zip(models_list, steps, strict=True):
            named.append((family, product_line, brand, model, stocked, warranty))
            prices.append(round(float(price)) - 0.01)
    count = len(named)
    launched = np.where(rng.random(count) < 0.25, rng.integers(3, months - 4, count), -12)
    withdrawn = np.where(
        (rng.random(count) < 0.12) & (launched < 0),
        rng.integers(months // 2, months, count),
        months + 1,
    )
    steps_taken = np.cumsum(rng.random((count, months)) < 0.06, axis=1)
    drift = np.where(np.array([n[0] == "SERVICE" for n in named]), 1.03, 0.95)
    price = np.round(np.array(prices)[:, None] * drift[:, None] ** steps_taken, 0) * 100 - 1
    cost_steps = np.cumsum(rng.random((count, months)) < 0.05, axis=1)
    cost = np.round(
        np.array(prices)[:, None] * rng.uniform(0.55, 0.78, (count, 1)) * 0.97**cost_steps * 100
    )
    return Products(
        code=[f"{n[0][:2]}-{number + 101}" for number, n in enumerate(named)],
        name=[n[3] for n in named],
        family=[n[0] for n in named],
        line=[n[1] for n in named],
        brand=[n[2] for n in named],
        stocked=np.array([n[4] == "1" for n in named]),
        warranty=np.array([int(n[5]) for n in named]),
        launched_month=launched,
        withdrawn_month=withdrawn,
        price=np.maximum(price, 499).astype(np.int64),
        cost=cost.astype(np.int64),
        popularity=rng.pareto(1.3, count) + 0.3,
    )


def lookup_tables(calendar: Calendar) -> dict[str, pa.Table]:
    """Segments, code lists, industries, plans and channels."""
    founded = calendar.start.astype("datetime64[s]")
    codes = [
        (name, *entry.split(" ", 1), order + 1)
        for name, entries in CODE_LISTS.items()
        for order, entry in enumerate(entries.split("|"))
    ]
    nodes = [
        (tree, *node.split("|")) for tree, text in _INDUSTRIES.items() for node in text.split(";")
    ]
    parents = {(tree, code): parent for tree, code, parent, _ in nodes}
    plan_rows, every = _plan_rows(), plans()

    def stamp(count: int) -> np.ndarray:
        return np.full(count, founded)

    return {
        "crm.segment_code": rows(
            "crm.segment_code",
            segment_code=[s[0] for s in SEGMENTS],
            name=[s[1] for s in SEGMENTS],
            customer_type=[s[2] for s in SEGMENTS],
            description=[s[3] for s in SEGMENTS],
            updated_at=stamp(len(SEGMENTS)),
        ),
        "crm.code_value": rows(
            "crm.code_value",
            code_list=[c[0] for c in codes],
            code=[c[1] for c in codes],
            name=[c[2] for c in codes],
            sort_order=[c[3] for c in codes],
            updated_at=stamp(len(codes)),
        ),
        "crm.industry": rows(
            "crm.industry",
            tree=[n[0] for n in nodes],
            code=[n[1] for n in nodes],
            parent_code=[n[2] or None for n in nodes],
            name=[n[3] for n in nodes],
            level=[_level(parents, n[0], n[1]) for n in nodes],
            updated_at=stamp(len(nodes)),
        ),
        "crm.service_plan": rows(
            "crm.service_plan",
            plan_code=every.code,
            name=[r[1] for r in plan_rows],
            service_line=pick(SERVICE_LINES, every.line),
            customer_type=every.customer_type,
            monthly_fee=every.fee,
            included_data_gb=np.array([int(r[5]) for r in plan_rows]),
            bandwidth_mbps=every.bandwidth,
            commitment_months=every.commitment,
            launched_on=np.full(len(plan_rows), add_months(calendar.start, -96)),
            updated_at=stamp(len(plan_rows)),
        ),
        "sales.channel": rows(
            "sales.channel",
            channel_code=[c[0] for c in CHANNELS],
            channel_name=[c[1] for c in CHANNELS],
            channel_group=[c[2] for c in CHANNELS],
            is_assisted=[c[3] for c in CHANNELS],
        ),
    }


def leaves() -> dict[str, list[str]]:
    """The codes of each industry tree that have no children."""
    found: dict[str, list[str]] = {}
    for tree, text in _INDUSTRIES.items():
        nodes = [node.split("|") for node in text.split(";")]
        parents = {parent for _, parent, _ in nodes}
        found[tree] = [code for code, _, _ in nodes if code not in parents]
    return found


def _level(parents: dict[tuple[str, str], str], tree: str, code: str) -> int:
    level = 1
    while parents[tree, code]:
        code, level = parents[tree, code], level + 1
    return level
