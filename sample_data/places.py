"""Where the company sells: countries, regions and cities, with the figures one buys about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Country:
    """One country: its share of customers, money, language, tax and telephone prefix."""

    code: str
    name: str
    currency: str
    language: str
    dial: str
    tax_percent: float
    share: float
    legal_forms: tuple[str, ...]
    domain: str


COUNTRIES = (
    Country("DE", "Germany", "EUR", "de", "+49", 19.0, 0.30, ("GmbH", "AG", "KG"), "de"),
    Country("FR", "France", "EUR", "fr", "+33", 20.0, 0.16, ("SARL", "SA", "SAS"), "fr"),
    Country("GB", "United Kingdom", "GBP", "en", "+44", 20.0, 0.15, ("Ltd", "PLC", "LLP"), "co.uk"),
    Country("ES", "Spain", "EUR", "es", "+34", 21.0, 0.11, ("SL", "SA"), "es"),
    Country("NL", "Netherlands", "EUR", "nl", "+31", 21.0, 0.09, ("BV", "NV"), "nl"),
    Country("SE", "Sweden", "SEK", "sv", "+46", 25.0, 0.07, ("AB",), "se"),
    Country("AT", "Austria", "EUR", "de", "+43", 20.0, 0.07, ("GmbH", "AG", "KG"), "at"),
    Country("CH", "Switzerland", "CHF", "de", "+41", 8.1, 0.05, ("AG", "GmbH", "SA"), "ch"),
)

# country | region | city | postal prefix | latitude | longitude | thousand people | group | income
_CITIES = """
DE|Berlin|Berlin|10|52.52|13.41|3755|METRO|101
DE|Berlin|Potsdam|14|52.39|13.06|185|SUBURBAN|103
DE|Hamburg|Hamburg|20|53.55|9.99|1892|METRO|112
DE|Bavaria|München|80|48.14|11.58|1512|METRO|124
DE|Bavaria|Nürnberg|90|49.45|11.08|523|URBAN|104
DE|Bavaria|Regensburg|93|49.02|12.10|157|SUBURBAN|108
DE|Hesse|Frankfurt am Main|60|50.11|8.68|773|METRO|115
DE|Hesse|Kassel|34|51.31|9.48|204|URBAN|94
DE|North Rhine-Westphalia|Köln|50|50.94|6.96|1084|METRO|103
DE|North Rhine-Westphalia|Düsseldorf|40|51.23|6.78|629|METRO|110
DE|North Rhine-Westphalia|Münster|48|51.96|7.63|320|URBAN|101
DE|Saxony|Leipzig|04|51.34|12.37|616|URBAN|88
DE|Saxony|Görlitz|02|51.15|14.99|57|RURAL|79
FR|Île-de-France|Paris|75|48.86|2.35|2103|METRO|127
FR|Île-de-France|Versailles|78|48.80|2.13|84|SUBURBAN|121
FR|Auvergne-Rhône-Alpes|Lyon|69|45.76|4.84|522|METRO|108
FR|Auvergne-Rhône-Alpes|Aurillac|15|44.93|2.44|26|RURAL|84
FR|Provence-Alpes-Côte d'Azur|Marseille|13|43.30|5.37|873|METRO|95
FR|Provence-Alpes-Côte d'Azur|Nice|06|43.70|7.27|348|URBAN|104
FR|Nouvelle-Aquitaine|Bordeaux|33|44.84|-0.58|261|URBAN|102
FR|Bretagne|Rennes|35|48.12|-1.68|225|URBAN|99
GB|London|London|EC|51.51|-0.13|8866|METRO|128
GB|London|Croydon|CR|51.38|-0.10|390|SUBURBAN|106
GB|North West|Manchester|M1|53.48|-2.24|552|METRO|97
GB|North West|Kendal|LA|54.33|-2.75|29|RURAL|92
GB|Scotland|Edinburgh|EH|55.95|-3.19|514|URBAN|108
GB|Scotland|Inverness|IV|57.48|-4.22|64|RURAL|90
GB|West Midlands|Birmingham|B1|52.48|-1.90|1144|METRO|91
ES|Madrid|Madrid|28|40.42|-3.70|3332|METRO|121
ES|Madrid|Alcalá de Henares|28|40.48|-3.36|199|SUBURBAN|99
ES|Cataluña|Barcelona|08|41.39|2.17|1655|METRO|115
ES|Cataluña|Lleida|25|41.62|0.63|142|RURAL|95
ES|Andalucía|Sevilla|41|37.39|-5.99|684|URBAN|84
ES|Andalucía|Málaga|29|36.72|-4.42|586|URBAN|86
NL|Noord-Holland|Amsterdam|10|52.37|4.90|918|METRO|119
NL|Noord-Holland|Haarlem|20|52.39|4.64|165|SUBURBAN|112
NL|Zuid-Holland|Rotterdam|30|51.92|4.48|664|METRO|98
NL|Utrecht|Utrecht|35|52.09|5.12|368|URBAN|110
NL|Groningen|Groningen|97|53.22|6.57|239|RURAL|90
SE|Stockholm|Stockholm|11|59.33|18.07|985|METRO|122
SE|Stockholm|Södertälje|15|59.20|17.63|74|SUBURBAN|97
SE|Västra Götaland|Göteborg|41|57.71|11.97|597|URBAN|107
SE|Skåne|Malmö|21|55.61|13.00|358|URBAN|95
SE|Norrbotten|Luleå|97|65.58|22.15|49|RURAL|99
AT|Wien|Wien|10|48.21|16.37|2006|METRO|107
AT|Steiermark|Graz|80|47.07|15.44|302|URBAN|100
AT|Salzburg|Salzburg|50|47.81|13.04|157|URBAN|106
AT|Tirol|Lienz|99|46.83|12.77|12|RURAL|92
CH|Zürich|Zürich|80|47.38|8.54|443|METRO|126
CH|Genève|Genève|12|46.20|6.14|206|METRO|121
CH|Bern|Bern|30|46.95|7.45|136|URBAN|108
CH|Graubünden|Chur|70|46.85|9.53|38|RURAL|95
"""


@dataclass(frozen=True)
class Places:
    """Cities as parallel arrays; ``region`` and ``country`` are indexes into their lists."""

    city: list[str]
    region_names: list[str]
    region: np.ndarray
    country: np.ndarray
    region_country: np.ndarray
    postal_prefix: list[str]
    latitude: np.ndarray
    longitude: np.ndarray
    population: np.ndarray
    lifestyle: list[str]
    income_index: np.ndarray
    weight: np.ndarray

    @property
    def country_code(self) -> list[str]:
        """Country code of each city."""
        return [COUNTRIES[c].code for c in self.country]


@cache
def places() -> Places:
    """Every city, read once."""
    rows = [line.split("|") for line in _CITIES.strip().splitlines()]
    codes = [c.code for c in COUNTRIES]
    country = np.array([codes.index(r[0]) for r in rows])
    regions = list(dict.fromkeys((r[0], r[1]) for r in rows))
    population = np.array([int(r[6]) * 1000 for r in rows])
    # The square root keeps small towns on the map; within a country the weights add up to its
    # share of customers.
    weight = np.sqrt(population)
    for number, place in enumerate(COUNTRIES):
        here = country == number
        weight[here] *= place.share / weight[here].sum()
    return Places(
        city=[r[2] for r in rows],
        region_names=[name for _, name in regions],
        region=np.array([regions.index((r[0], r[1])) for r in rows]),
        country=country,
        region_country=np.array([codes.index(code) for code, _ in regions]),
        postal_prefix=[r[3] for r in rows],
        latitude=np.array([float(r[4]) for r in rows]),
        longitude=np.array([float(r[5]) for r in rows]),
        population=population,
        lifestyle=[r[7] for r in rows],
        income_index=np.array([float(r[8]) for r in rows]),
        weight=weight / weight.sum(),
    )
