"""The sandbox carrier's services and prices as data: distance zones by weight steps.

A cell costs what the carrier's own formula gives at the cell's far corner, and takes at least as
many days as the carrier does, so that a promise made from the sheet can be kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

#: Far edges of the zones. Waits of imports reach back years, hence the early date below.
ZONES_KM: Final = (50, 150, 300, 600, 1000, 1600, 2400, 3600, 5000, 9000, 20_000)
WEIGHTS_G: Final = (250, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 70_000)
VALID_FROM: Final = date(2015, 1, 1)
DIM_DIVISOR: Final = 5000

#: The way's share of the price: twice the price at 4,000 km.
_KM_THAT_DOUBLE: Final = 4000
_WORKWEEK: Final = 0b0011111
_WITH_SATURDAY: Final = 0b0111111
_EVERY_DAY: Final = 0b1111111

#: Rough levels of prices against US dollars, for sheets in other currencies.
FACTORS: Final = {
    "USD": Decimal("1.00"),
    "EUR": Decimal("0.90"),
    "GBP": Decimal("0.80"),
    "CAD": Decimal("1.35"),
    "BRL": Decimal("4.00"),
}


@dataclass(frozen=True, slots=True)
class Tariff:
    """One service; `days` has one figure per zone, as many as the service reaches."""

    code: str
    name: str
    speed: str
    base: Decimal
    per_kg: Decimal
    days: tuple[int, ...]
    delivery_days: int
    max_weight_g: int
    max_distance_km: int | None = None
    is_international: bool = False

    def cells(self, currency: str) -> Iterator[Cell]:
        """This function will yield every cell of the sheet; unlisted currencies cost as dollars."""
        factor = FACTORS.get(currency, Decimal(1))
        for zone, days in enumerate(self.days):
            way = 1 + Decimal(ZONES_KM[zone]) / _KM_THAT_DOUBLE
            for weight_g in WEIGHTS_G:
                if weight_g <= self.max_weight_g:
                    price = (self.base + self.per_kg * weight_g / 1000) * way * factor
                    amount = price.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
                    yield Cell(zone + 1, ZONES_KM[zone], weight_g, amount, days)


@dataclass(frozen=True, slots=True)
class Cell:
    zone: int
    max_distance_km: int
    max_weight_g: int
    amount: Decimal
    transit_days: int


#: The carrier reads a code from its end: `sandbox_express` is its `express`.
SANDBOX: Final = (
    Tariff(
        code="sandbox_ground",
        name="Ground",
        speed="standard",
        base=Decimal("5.40"),
        per_kg=Decimal("0.70"),
        days=(1, 1, 1, 1, 2, 2, 3, 5, 6, 9, 9),
        delivery_days=_WITH_SATURDAY,
        max_weight_g=70_000,
    ),
    Tariff(
        code="sandbox_express",
        name="Express",
        speed="express",
        base=Decimal("16.50"),
        per_kg=Decimal("2.90"),
        days=(1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 6),
        delivery_days=_WITH_SATURDAY,
        max_weight_g=30_000,
    ),
    Tariff(
        code="sandbox_economy",
        name="Economy",
        speed="economy",
        base=Decimal("4.10"),
        per_kg=Decimal("0.55"),
        days=(3, 3, 3, 3, 4, 5, 6, 8, 9, 9, 9),
        delivery_days=_WORKWEEK,
        max_weight_g=70_000,
    ),
    Tariff(
        code="sandbox_same_day",
        name="Same day, local",
        speed="same_day",
        base=Decimal("12.00"),
        per_kg=Decimal("1.20"),
        days=(0,),
        delivery_days=_EVERY_DAY,
        max_weight_g=30_000,
        max_distance_km=50,
    ),
    # Two days more than the carrier takes: customs.
    Tariff(
        code="sandbox_international_expedited",
        name="International",
        speed="standard",
        base=Decimal("24.00"),
        per_kg=Decimal("6.50"),
        days=(4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 8),
        delivery_days=_WORKWEEK,
        max_weight_g=30_000,
        is_international=True,
    ),
)
