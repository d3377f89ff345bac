"""A parcel's way as a list of scans in business time; a pure function, always in time order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from carriers.adapters.sandbox.simulator import world
from carriers.adapters.sandbox.simulator.outcomes import Outcome
from carriers.adapters.sandbox.simulator.world import Place

_DAY: Final = timedelta(days=1)
_LOST_AFTER: Final = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Route:
    """What the plan needs to know of a parcel; `seed` varies the minutes, never the order."""

    origin: Place
    destination: Place
    distance_km: float
    transit_days: int
    outcome: Outcome
    seed: int


@dataclass(frozen=True, slots=True)
class Scan:
    code: str
    at: datetime
    place: Place


def plan(route: Route, *, handed_over_at: datetime) -> list[Scan]:
    """This function will return all scans of the journey that starts at the hand-over."""
    arrival = _arrival(route, handed_over_at)
    way = _way(route, handed_over_at, arrival)
    match route.outcome:
        case Outcome.ATTEMPT:
            return way + _doorstep(route, arrival, "DA") + _doorstep(route, arrival + _DAY, "DL")
        case Outcome.EXCEPTION:
            return _held_up(way) + _doorstep(route, arrival + _DAY, "DL")
        case Outcome.PICKUP:
            place = route.destination
            return [*way, Scan("AP", arrival, place), Scan("DL", arrival + _DAY / 3, place)]
        case Outcome.RETURN:
            return way + _doorstep(route, arrival, "DA") + _back(route, handed_over_at, arrival)
        case Outcome.LOST:
            # Everything but the arrival in the recipient's town.
            return [*way[:-1], Scan("LO", arrival + _LOST_AFTER, way[-2].place)]
        case _:
            return way + _doorstep(route, arrival, "DL")


def _arrival(route: Route, start: datetime) -> datetime:
    """This function will return the moment at the door: by day in the recipient's town."""
    if route.transit_days == 0:
        return start + timedelta(minutes=150 + route.seed % 120)
    offset = timedelta(hours=world.utc_offset_h(route.destination))
    day = (start + offset).date() + route.transit_days * _DAY
    local = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return local - offset + timedelta(minutes=route.seed % 480)


def _way(route: Route, start: datetime, arrival: datetime) -> list[Scan]:
    total = arrival - start
    scans = [
        Scan(
            "PU", start + min(timedelta(minutes=10 + route.seed % 15), total * 0.08), route.origin
        ),
        Scan("DP", start + total * 0.12, route.origin),
    ]
    hubs = world.hubs_between(
        route.origin, route.destination, km=route.distance_km, seed=route.seed
    )
    for index, hub in enumerate(hubs):
        part = 0.25 + 0.27 * index
        scans.append(Scan("AR", start + total * part, hub))
        scans.append(Scan("DP", start + total * (part + 0.08), hub))
    scans.append(Scan("AR", start + total * 0.70, route.destination))
    return scans


def _doorstep(route: Route, arrival: datetime, code: str) -> list[Scan]:
    out = arrival - timedelta(minutes=20 + route.seed % 20)
    return [Scan("OD", out, route.destination), Scan(code, arrival, route.destination)]


def _held_up(way: list[Scan]) -> list[Scan]:
    """This function will add an exception half way and push what follows to the next day."""
    middle = len(way) // 2
    before = way[middle - 1]
    exception = Scan("EX", before.at + (way[middle].at - before.at) / 2, before.place)
    later = [Scan(scan.code, scan.at + _DAY, scan.place) for scan in way[middle:]]
    return [*way[:middle], exception, *later]


def _back(route: Route, start: datetime, arrival: datetime) -> list[Scan]:
    turned = arrival + _DAY
    return [
        Scan("RS", turned, route.destination),
        Scan("RD", turned + max(arrival - start, _DAY / 2), route.origin),
    ]
