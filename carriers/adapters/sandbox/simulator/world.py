"""The carrier's network: services, hubs, distances and prices, all invented and all stable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np

from oms.core import geo


@dataclass(frozen=True, slots=True)
class Place:
    """A town as scans name it; coordinates only where the request or the hub table has them."""

    city: str
    region: str
    country: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """`days` plus one for each full `km_per_day` of distance; weights in grams."""

    code: str
    name: str
    letter: str
    days: int
    km_per_day: int
    base: Decimal
    per_kg: Decimal
    max_weight_g: int = 70_000


SERVICES: Final = {
    service.code: service
    for service in (
        Service("economy", "Economy", "E", 3, 700, Decimal("4.10"), Decimal("0.55")),
        Service("ground", "Ground", "G", 1, 900, Decimal("5.40"), Decimal("0.70")),
        Service("expedited", "Expedited", "2", 2, 5000, Decimal("9.80"), Decimal("1.60")),
        Service("express", "Express", "1", 1, 4000, Decimal("16.50"), Decimal("2.90")),
        Service("same_day", "Same Day", "S", 0, 4000, Decimal("12.00"), Decimal("1.20")),
    )
}
_ALIASES: Final = {
    "standard": "ground",
    "two_day": "expedited",
    "2day": "expedited",
    "next_day": "express",
    "overnight": "express",
    "priority": "express",
    "sameday": "same_day",
}
_MAX_DAYS: Final = 9

_HUBS: Final = (
    Place("Memphis", "TN", "US", 35.1, -90.0),
    Place("Louisville", "KY", "US", 38.2, -85.7),
    Place("Columbus", "OH", "US", 40.0, -83.0),
    Place("Atlanta", "GA", "US", 33.7, -84.4),
    Place("Dallas", "TX", "US", 32.8, -96.8),
    Place("Denver", "CO", "US", 39.7, -105.0),
    Place("Ontario", "CA", "US", 34.1, -117.6),
    Place("Chicago", "IL", "US", 41.9, -87.6),
    Place("Newark", "NJ", "US", 40.7, -74.2),
    Place("Portland", "OR", "US", 45.5, -122.7),
    Place("Charlotte", "NC", "US", 35.2, -80.8),
    Place("Cajamar", "SP", "BR", -23.4, -46.9),
    Place("Contagem", "MG", "BR", -19.9, -44.1),
    Place("Duque de Caxias", "RJ", "BR", -22.8, -43.3),
    Place("Curitiba", "PR", "BR", -25.4, -49.3),
    Place("Feira de Santana", "BA", "BR", -12.3, -39.0),
    Place("Recife", "PE", "BR", -8.1, -34.9),
    Place("Brasília", "DF", "BR", -15.8, -47.9),
    Place("Porto Alegre", "RS", "BR", -30.0, -51.2),
    Place("Leipzig", "SN", "DE", 51.4, 12.2),
    Place("Hannover", "NI", "DE", 52.4, 9.7),
    Place("Coventry", "", "GB", 52.4, -1.5),
    Place("Lyon", "", "FR", 45.8, 4.8),
    Place("Zaragoza", "Z", "ES", 41.7, -0.9),
    Place("Piacenza", "PC", "IT", 45.1, 9.7),
    Place("Mississauga", "ON", "CA", 43.6, -79.6),
    Place("Calgary", "AB", "CA", 51.0, -114.1),
)
_OFFSETS: Final = {"US": -6, "CA": -6, "BR": -3, "DE": 1, "FR": 1, "ES": 1, "IT": 1}
_CURRENCIES: Final = {
    "US": ("USD", Decimal("1.00")),
    "BR": ("BRL", Decimal("4.00")),
    "GB": ("GBP", Decimal("0.80")),
    "CA": ("CAD", Decimal("1.35")),
    "DE": ("EUR", Decimal("0.90")),
    "FR": ("EUR", Decimal("0.90")),
    "ES": ("EUR", Decimal("0.90")),
    "IT": ("EUR", Decimal("0.90")),
}


def find_service(code: str) -> Service | None:
    """This function will return the service of a code; a shipper's prefix before it is ignored."""
    words = code.lower().replace("-", "_").split("_")
    for start in range(len(words)):
        plain = "_".join(words[start:])
        found = SERVICES.get(_ALIASES.get(plain, plain))
        if found is not None:
            return found
    return None


def distance_km(origin: Place, destination: Place) -> float:
    """This function will return the way's length, guessed from the regions where coordinates are
    unknown."""
    if _is_located(origin) and _is_located(destination):
        return _haversine(origin, destination)
    if origin.country != destination.country:
        return 6000.0
    return 120.0 if origin.region == destination.region else 900.0


def _is_located(place: Place) -> bool:
    return place.latitude is not None and place.longitude is not None


def _haversine(origin: Place, destination: Place) -> float:
    return float(
        geo.distances_km(
            float(origin.latitude or 0.0),
            float(origin.longitude or 0.0),
            np.array([float(destination.latitude or 0.0)]),
            np.array([float(destination.longitude or 0.0)]),
        )[0]
    )


def transit_days(service: Service, km: float) -> int:
    return min(service.days + math.floor(km / service.km_per_day), _MAX_DAYS)


def price(
    service: Service, *, km: float, weight_g: int, volume_mm3: int, country: str
) -> tuple[Decimal, str]:
    """This function will return cost and currency; 5,000 cm³ weigh as much as a kilogram."""
    currency, factor = _CURRENCIES.get(country, ("USD", Decimal("1.00")))
    billed_kg = max(Decimal(weight_g) / 1000, Decimal(volume_mm3) / 5_000_000)
    way = 1 + Decimal(str(round(km))) / 4000
    cost = (service.base + service.per_kg * billed_kg) * way * factor
    return cost.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP), currency


def utc_offset_h(place: Place) -> int:
    """This function will return roughly the local time's offset, so that vans drive by day."""
    if place.longitude is not None:
        return round(place.longitude / 15)
    return _OFFSETS.get(place.country, 0)


def hubs_between(origin: Place, destination: Place, *, km: float, seed: int) -> list[Place]:
    """This function will return 0 to 2 hubs on the way: none nearby, two on a long way."""
    if km < 150:
        return []
    count = 1 if km < 900 else 2
    free = [hub for hub in _HUBS if hub.city not in (origin.city, destination.city)]
    chosen: list[Place] = []
    for index in range(count):
        country = origin.country if index == 0 else destination.country
        candidates = [hub for hub in free if hub.country == country and hub not in chosen]
        if candidates:
            part = (index + 1) / (count + 1)
            chosen.append(_hub_at(candidates, origin, destination, part=part, seed=seed + index))
    return chosen


def _hub_at(
    candidates: list[Place], origin: Place, destination: Place, *, part: float, seed: int
) -> Place:
    if not (_is_located(origin) and _is_located(destination)):
        return candidates[seed % len(candidates)]
    point = Place(
        "",
        "",
        "",
        _between(origin.latitude, destination.latitude, part),
        _between(origin.longitude, destination.longitude, part),
    )
    return min(candidates, key=lambda hub: _haversine(point, hub))


def _between(start: float | None, end: float | None, part: float) -> float:
    return (start or 0.0) + ((end or 0.0) - (start or 0.0)) * part
