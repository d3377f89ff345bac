"""Invented people and streets."""

from __future__ import annotations

import random
from dataclasses import dataclass

_FIRST = (
    "Ada", "Ben", "Carla", "Dan", "Elin", "Farid", "Gwen", "Hugo", "Ines", "Jon", "Kaya", "Liam",
    "Mona", "Nils", "Olga", "Pat", "Quinn", "Rosa", "Sam", "Tess", "Uma", "Vera", "Will", "Yara",
)  # fmt: skip
_LAST = (
    "Abbott", "Brandt", "Castro", "Dalton", "Ekman", "Farrow", "Grant", "Holm", "Ibarra", "Jansen",
    "Keller", "Lindt", "Moreau", "Novak", "Okafor", "Parker", "Quist", "Ramos", "Sato", "Tanaka",
    "Ulrich", "Varga", "Weber", "Young",
)  # fmt: skip
#: Area codes of large cities in the North American numbering plan.
_AREAS = (
    202, 203, 205, 206, 210, 212, 213, 214, 215, 216, 301, 303, 305, 312, 313, 314, 315, 317, 401,
    402, 404, 405, 407, 410, 412, 414, 415, 501, 502, 503, 504, 505, 512, 513, 515, 601, 602, 603,
    612, 614, 615, 617, 619, 702, 703, 704, 713, 714, 716, 718, 801, 802, 804, 808, 813, 816, 818,
    901, 904, 907, 916, 919,
)  # fmt: skip
_STREETS = ("Maple Avenue", "Oak Street", "Cedar Lane", "River Road", "Hill Street", "Lake Drive")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    phone: str
    street: str


def invent(chance: random.Random) -> Person:
    """This function will return a person who does not exist and cannot be reached."""
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    number = chance.randint(1, 999)
    return Person(
        name=f"{first} {last}",
        email=f"{first}.{last}{number}@example.com".lower(),
        # 555-01xx is set aside for fiction in the North American numbering plan.
        phone=f"+1 {_AREAS[number % len(_AREAS)]} 555 01{chance.randint(0, 99):02d}",
        street=f"{number} {chance.choice(_STREETS)}",
    )
