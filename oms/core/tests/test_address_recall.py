"""How many bad addresses are found, and how many good ones are doubted: 200 and 800 that are made
here from tables of our own, and real places where their list is at hand."""

from __future__ import annotations

import csv
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oms.core.addresses import PostalAddress, judge

RECALL, FALSE_ALARMS = 0.95, 0.02
BAD, GOOD = 200, 800

#: country, region, town, the postcode with `#` for any digit
PLACES = [
    ("US", "NV", "Reno", "895##"),
    ("US", "TX", "Dallas", "752##"),
    ("US", "NY", "Albany", "122##"),
    ("US", "WA", "Seattle", "981##"),
    ("US", "FL", "Tampa", "336##"),
    ("US", "ME", "Bangor", "044##"),
    ("US", "Ohio", "Dayton", "454##"),
    ("US", "georgia", "Macon", "312##"),
    ("CA", "ON", "Toronto", "M5V #T#"),
    ("CA", "QC", "Montréal", "H2X #Y#"),
    ("CA", "BC", "Kelowna", "V1Y#A#"),
    ("AU", "NSW", "Newcastle", "2300"),
    ("AU", "VIC", "Geelong", "3220"),
    ("BR", "SP", "Campinas", "13###-###"),
    ("BR", "Rio de Janeiro", "Niterói", "24###-###"),
    ("BR", "PR", "Londrina", "86######"),
    ("DE", "", "Kassel", "341##"),
    ("DE", "", "Köln", "506##"),
    ("FR", "", "Angers", "490##"),
    ("FR", "", "Lyon Cedex 03", "694##"),
    ("GB", "", "Bristol", "BS# #AA"),
    ("GB", "", "Leeds", "LS##AB"),
    ("NL", "", "Utrecht", "35## AB"),
    ("NL", "", "Breda", "48##XK"),
    ("IT", "BO", "Bologna", "401##"),
    ("IT", "TO", "Torino", "101##"),
    ("ES", "Sevilla", "Sevilla", "410##"),
    ("MX", "Jalisco", "Guadalajara", "44###"),
    ("IN", "Karnataka", "Mysuru", "5700##"),
    ("JP", "Osaka", "Sakai", "59#-####"),
    ("SE", "", "Lund", "22# ##"),
    ("PL", "", "Gdynia", "81-###"),
    ("PT", "", "Braga", "47##-###"),
    ("CH", "", "Chur", "70##"),
    ("AT", "", "Graz", "80##"),
]
#: {n} is a house number; a street is written as in its part of the world.
STREETS = {
    "US": [
        "{n} Juniper Hill Rd",
        "{n} W 5th St Apt {n}",
        "PO Box {n}",
        "{n}B Canyon View Ln",
        "HC 61 Box {n}",
        "One Harbor Plaza",
        "{n} County Road 12",
        "{n} Testament Ct",
    ],
    "CA": ["{n} Rue des Érables", "{n}-12 King St W", "RR {n} Site 4"],
    "AU": ["Unit {n}/4 Banksia Pde", "{n} Wattle Gr"],
    "BR": [
        "Rua das Acácias, {n}",
        "Av. Central {n} apto 3",
        "Rodovia BR-116, km {n}",
        "Sítio Boa Vista, s/n",
    ],
    "DE": ["Lindenallee {n}", "Am Alten Markt {n}a", "Postfach {n}"],
    "FR": ["{n} rue du Moulin", "{n} bis, allée des Tilleuls"],
    "GB": [
        "{n} Mill Lane",
        "Rose Cottage, Church Lane",
        "Flat {n}, The Old Bakery",
        "Manor Farm, Ferry Road",
    ],
    "NL": ["Dorpsstraat {n}", "Prins Hendrikkade {n}-II"],
    "IT": ["Via Garibaldi {n}", "Piazza Maggiore, {n}/b"],
    "ES": ["Calle Mayor {n}, 2º izq.", "Avenida del Puerto {n}"],
    "MX": ["Calle Hidalgo {n} Int. 4", "Av. Juárez {n}"],
    "IN": ["{n}, 4th Cross, Gandhi Nagar", "Flat {n}, Lotus Towers"],
    "JP": ["{n}-2-3 Sakaimachi", "{n}-chome 5-1"],
}
ELSEWHERE = ["{n} Lipowa", "Rua Nova {n}", "Bahnhofstrasse {n}", "Storgatan {n} B"]

Spoiler = Callable[[PostalAddress, random.Random], PostalAddress]


def _filled(pattern: str, chance: random.Random) -> str:
    return "".join(str(chance.randint(1, 9)) if c == "#" else c for c in pattern)


def _good(chance: random.Random) -> PostalAddress:
    country, region, city, postcode = chance.choice(PLACES)
    street = chance.choice(STREETS.get(country, ELSEWHERE)).format(n=chance.randint(1, 4000))
    city = chance.choice((city, city, city.upper(), city.lower(), f" {city} "))
    return PostalAddress(country, city, region, _filled(postcode, chance), (street,))


def _line(*texts: str) -> Spoiler:
    return lambda good, chance: replace(good, lines=(chance.choice(texts),))


def _city(*texts: str) -> Spoiler:
    return lambda good, chance: replace(good, city=chance.choice(texts))


def _far_postcode(good: PostalAddress, chance: random.Random) -> PostalAddress:
    """A postcode of the same country, at the other end of it."""
    far = {
        "US": "995##",
        "CA": "A1A #A#",
        "AU": "6###",
        "BR": "69###-###",
        "IT": "951##",
        "ES": "070##",
        "MX": "97###",
        "IN": "79####",
        "JP": "0##-####",
    }
    region = [p for p in PLACES if p[0] in far]
    country, area, city, _ = chance.choice(region)
    return PostalAddress(country, city, area, _filled(far[country], chance), ("7 Long Street",))


#: What goes wrong, by its name.
SPOILERS: dict[str, Spoiler] = {
    "no street": lambda good, _: replace(good, lines=()),
    "blank street": lambda good, _: replace(good, lines=(" ", "")),
    "no number": _line("Juniper Hill Rd", "Rua das Acácias", "Lindenallee", "Via Garibaldi"),
    "nonsense street": _line(
        "test", "n/a", "asdf", "xxxx", "-", "Test Street 1", "N/A N/A", "qwertz"
    ),
    "mail in street": _line("me@example.com", "www.example.org 12"),
    "number only": _line("12", "4711 22", "#5"),
    "town as street": lambda good, _: replace(good, lines=(good.city,)),
    "unprintable street": _line("12 Mill\x07 Lane", "12 \u202emill Lane", "1\ufffd Main St"),
    "nonsense town": _city("test", "xxxxx", "n/a", "asdfgh", "12345", "."),
    "no town": lambda good, _: replace(good, city="", country="US", region="NV", postcode="89501"),
    "no postcode": lambda good, _: replace(good, postcode=""),
    "short postcode": lambda good, _: replace(good, postcode=good.postcode[:-2]),
    "long postcode": lambda good, _: replace(good, postcode=f"{good.postcode}99"),
    "letters in postcode": lambda good, _: replace(good, postcode="QQQQQ"),
    "swapped": lambda good, _: replace(good, city=good.postcode, postcode=good.city),
    "unknown region": lambda good, _: replace(
        good, country="US", region="Bavaria", postcode="89501"
    ),
    "postcode of another region": _far_postcode,
    "town of another region": lambda good, _: PostalAddress(
        "BR", "Curitiba", "SP", "01310-100", ("Rua A 5",)
    ),
}


def _alarms(addresses: list[PostalAddress]) -> list[bool]:
    return [judge(a).level in ("doubtful", "undeliverable") for a in addresses]


def test_bad_addresses_are_found() -> None:
    chance = random.Random(1)
    kinds = [list(SPOILERS)[i % len(SPOILERS)] for i in range(BAD)]
    alarms = _alarms([SPOILERS[kind](_good(chance), chance) for kind in kinds])

    missed = Counter(kind for kind, alarm in zip(kinds, alarms, strict=True) if not alarm)
    assert sum(alarms) / BAD >= RECALL, missed


def test_good_addresses_are_left_alone() -> None:
    chance = random.Random(2)
    addresses = [_good(chance) for _ in range(GOOD)]
    wrong = [judge(a) for a, alarm in zip(addresses, _alarms(addresses), strict=True) if alarm]

    assert len(wrong) / GOOD <= FALSE_ALARMS, Counter(v.address.lines for v in wrong)


def test_the_measure_can_fail() -> None:
    chance = random.Random(3)
    addresses = [_good(chance) for _ in range(GOOD)]

    assert sum(_alarms(addresses)) / GOOD < RECALL
    assert all(_alarms([SPOILERS["no street"](a, chance) for a in addresses]))


SHARED = Path(os.environ.get("OMS_SHARED") or Path(__file__).parents[4] / "shared")
REAL = SHARED / "data" / "postal" / "us_zipcodes_geonames.csv"


@pytest.mark.skipif(not REAL.exists(), reason="the list of real postcodes is not here")
def test_real_places_are_known_and_their_postcodes_belong_to_their_states() -> None:
    with REAL.open(newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["state"] and row["city"]]
    chance = random.Random(4)
    seen = chance.sample(rows, 2_000)
    good = [
        PostalAddress("US", row["city"], row["state"], row["code"], (f"{i + 1} Elm St",))
        for i, row in enumerate(seen)
    ]
    states = sorted({row["state"] for row in rows})
    moved = [replace(a, region=chance.choice([s for s in states if s != a.region])) for a in good]

    assert sum(_alarms(good)) / len(good) <= FALSE_ALARMS
    assert sum(_alarms(moved)) / len(moved) >= RECALL
