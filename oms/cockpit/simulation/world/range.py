"""The demo shop's range, made from a few word lists and a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

#: Kind, category, base price, weight g, length, width, height mm.
_KINDS = (
    ("Trail jacket", "Jackets", 129, 620, 350, 260, 60),
    ("Rain shell", "Jackets", 149, 420, 320, 240, 50),
    ("Merino socks", "Socks", 19, 90, 180, 100, 40),
    ("Hiking boots", "Footwear", 159, 1450, 340, 230, 130),
    ("Trail runners", "Footwear", 119, 680, 330, 210, 120),
    ("Day pack 20 l", "Packs", 89, 760, 480, 300, 120),
    ("Trek pack 55 l", "Packs", 219, 1980, 700, 380, 220),
    ("Two-person tent", "Camping", 299, 2350, 480, 180, 180),
    ("Sleeping bag", "Camping", 179, 1150, 360, 220, 220),
    ("Camp stove", "Kitchen", 64, 380, 160, 120, 110),
    ("Titanium mug", "Kitchen", 29, 110, 110, 110, 100),
    ("Head lamp", "Light", 49, 95, 110, 80, 60),
    ("Water filter", "Kitchen", 39, 210, 240, 70, 70),
    ("Trekking poles", "Gear", 99, 520, 660, 110, 60),
    ("Fleece pullover", "Fleece", 79, 390, 320, 260, 70),
    ("Wool hat", "Accessories", 27, 80, 200, 180, 40),
    ("Gloves", "Accessories", 35, 120, 240, 120, 50),
    ("Dry bag 10 l", "Accessories", 24, 130, 300, 200, 30),
)
_COLORS = ("moss", "slate", "clay", "sand", "night", "frost")


@dataclass(frozen=True, slots=True)
class Item:
    sku: str
    name: str
    product_code: str
    product_name: str
    category: str
    price: Decimal
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


def build(count: int, seed: int) -> list[Item]:
    """This function will return `count` variants; the same arguments give the same range."""
    chance = random.Random(seed)
    items = []
    for number in range(count):
        kind, category, price, weight, length, width, height = _KINDS[number % len(_KINDS)]
        series = number // len(_KINDS)
        color = _COLORS[series % len(_COLORS)]
        edition = series // len(_COLORS)
        name = f"{kind}, {color}" + (f", series {edition + 1}" if edition else "")
        code = f"{''.join(word[0] for word in kind.split()).upper()}{number % len(_KINDS):02d}"
        items.append(
            Item(
                sku=f"{code}-{color[:2].upper()}{edition or ''}",
                name=name,
                product_code=code,
                product_name=kind,
                category=category,
                price=Decimal(price + chance.randint(0, 9)) - Decimal("0.05"),
                weight_g=round(weight * chance.uniform(0.95, 1.1)),
                length_mm=length,
                width_mm=width,
                height_mm=height,
            )
        )
    return items
