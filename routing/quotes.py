"""What every service asks from every node for every demand of a batch: arrays, computed at once.

Axes are always (request, node, service), left out from the right where they do not matter. Days
are proleptic ordinals, as `date.toordinal` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from carriers.types import ServiceFacts
from inventory.nodes.types import NodeFacts
from oms.core import geo
from routing.promise import Calendar, arrival_offsets
from routing.types import RoutingRequest

#: Assumed where the destination has no coordinates: same region, same country, another country.
UNKNOWN_KM = (250.0, 1_000.0, 5_000.0)
#: Decides only between equal prices: half the globe weighs 0.2 cent.
PER_KM = 1e-7
#: Ranks every priced but late service behind all that arrive in time.
LATE = 1e7
#: Services of these speeds fly: nothing hazardous. So do those that cross borders.
FLYING = frozenset({"express"})


class Verdict(IntEnum):
    """How far a service came; a higher one is nearer to being chosen."""

    NOT_ALLOWED = 0
    OTHER_CARRIER = 1
    TOO_HEAVY = 2
    TOO_FAR = 3
    MISSES_DEADLINE = 4
    FITS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The nodes and services of one organization, in order of their codes."""

    nodes: tuple[NodeFacts, ...]
    services: tuple[ServiceFacts, ...]
    can_ship: NDArray[np.bool_]
    countries: NDArray[np.str_]
    regions: NDArray[np.str_]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    calendars: tuple[Calendar, ...]
    calendar_of: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """`key` is price plus tie-break, infinite where there is no price; `rank` adds lateness.

    `reach` tells where a service may go from a node at all, whatever the weight. `best` is the
    service a node would use for the whole demand, `best_key` and `verdict` belong to it.
    """

    km: NDArray[np.float64]
    ship_day: NDArray[np.int64]
    zone: NDArray[np.int64]
    transit: NDArray[np.int64]
    arrives: NDArray[np.int64]
    is_late: NDArray[np.bool_]
    reach: NDArray[np.bool_]
    price: NDArray[np.float64]
    key: NDArray[np.float64]
    verdicts: NDArray[np.int8]
    best: NDArray[np.int64]
    best_key: NDArray[np.float64]
    verdict: NDArray[np.int8]

    def fastest(self, index: int) -> NDArray[np.int64]:
        """The service by which each node would deliver first, the cheaper of equals."""
        days = self.arrives[index] - self.arrives[index].min()
        first: NDArray[np.int64] = (self.key[index] + days * LATE).argmin(axis=1)
        return first


def build_network(nodes: Sequence[NodeFacts], services: Sequence[ServiceFacts]) -> Network:
    """This function will put facts into arrays; a service without a rate is left out."""
    nodes = sorted(nodes, key=lambda node: node.code)
    hours = [
        Calendar(n.timezone, n.cutoff_time, n.processing_minutes, n.working_days) for n in nodes
    ]
    calendars = {hour: index for index, hour in enumerate(dict.fromkeys(hours))}
    return Network(
        nodes=tuple(nodes),
        services=tuple(sorted((s for s in services if s.amounts.size), key=lambda s: s.code)),
        can_ship=np.array([n.can_ship for n in nodes], dtype=bool),
        countries=np.array([n.country for n in nodes], dtype="U2"),
        regions=np.array([n.region for n in nodes], dtype="U60"),
        latitudes=np.array([n.latitude for n in nodes], dtype=float),
        longitudes=np.array([n.longitude for n in nodes], dtype=float),
        calendars=tuple(calendars),
        calendar_of=np.array([calendars[hour] for hour in hours], dtype=np.int64),
    )


def currency_of(network: Network, request: RoutingRequest) -> str:
    """This function will return the one currency whose prices are compared: the demand's, or the
    first service's where no carrier charges in the demand's."""
    currencies = [service.currency for service in network.services]
    if request.currency in currencies or not currencies:
        return request.currency
    return currencies[0]


def quote(network: Network, requests: Sequence[RoutingRequest]) -> Quotes:
    """This function will price every request from every node with every service."""
    km = distances(network, requests)
    ship_day, deadline = _days(network, requests)
    loads = Loads.of(network, requests)
    crosses = loads.countries[:, None] != network.countries
    columns = [
        _quote_one(service, km, ship_day, loads, crosses) for service in network.services
    ] or [_nothing(km)]
    zone, transit, arrives, reach, is_heavy, wanted, allowed, price = (
        np.stack(parts, axis=2) for parts in zip(*columns, strict=True)
    )
    is_late = arrives > deadline[:, :, None]
    verdicts = np.where(is_late, Verdict.MISSES_DEADLINE, Verdict.FITS).astype(np.int8)
    verdicts[~reach] = Verdict.TOO_FAR
    verdicts[is_heavy] = Verdict.TOO_HEAVY
    verdicts[~wanted] = Verdict.OTHER_CARRIER
    verdicts[~allowed] = Verdict.NOT_ALLOWED
    has_price = verdicts >= Verdict.MISSES_DEADLINE
    key = np.where(has_price, price + km[:, :, None] * PER_KM, np.inf)
    rank = key + np.where(is_late, LATE, 0.0)
    best = rank.argmin(axis=2)
    return Quotes(
        km=km,
        ship_day=ship_day,
        zone=zone,
        transit=transit,
        arrives=arrives,
        is_late=is_late,
        reach=reach,
        price=price,
        key=key,
        verdicts=verdicts,
        best=best,
        best_key=np.take_along_axis(key, best[:, :, None], axis=2)[:, :, 0],
        verdict=verdicts.max(axis=2),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Loads:
    """What the requests weigh, which services they may use by nature, and which carriers."""

    countries: NDArray[np.str_]
    currencies: NDArray[np.str_]
    weight_g: NDArray[np.float64]
    volume_cm3: NDArray[np.float64]
    is_hazmat: NDArray[np.bool_]
    carriers: tuple[tuple[str, ...], ...]

    def wants(self, carrier: str) -> NDArray[np.bool_]:
        """Which requests may go with a carrier."""
        return np.array([not own or carrier in own for own in self.carriers])

    @classmethod
    def of(cls, network: Network, requests: Sequence[RoutingRequest]) -> Loads:
        return cls(
            countries=np.array([r.country for r in requests], dtype="U2"),
            currencies=np.array([currency_of(network, r) for r in requests], dtype="U3"),
            weight_g=np.array(
                [sum(line.quantity * line.weight_g for line in r.lines) for r in requests],
                dtype=float,
            ),
            volume_cm3=np.array(
                [sum(line.quantity * line.volume_cm3 for line in r.lines) for r in requests],
                dtype=float,
            ),
            is_hazmat=np.array([any(line.is_hazmat for line in r.lines) for r in requests]),
            carriers=tuple(r.carriers for r in requests),
        )


def weight_step(
    service: ServiceFacts, weight_g: NDArray[np.float64], volume_cm3: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """This function will return the rate's weight column, and whether it is too heavy for it.

    Billable is the larger of actual and dimensional weight, see `oms.core.quantities`.
    """
    billable = np.maximum(weight_g, np.rint(volume_cm3 / service.dim_divisor * 1000))
    step = np.searchsorted(service.weight_steps_g, billable)
    last = service.weight_steps_g.size - 1
    return np.minimum(step, last), (step > last) | (weight_g > service.max_weight_g)


def flies(service: ServiceFacts) -> bool:
    """This function will tell whether hazardous goods are refused."""
    return service.is_international or service.speed in FLYING


def _quote_one(
    service: ServiceFacts,
    km: NDArray[np.float64],
    ship_day: NDArray[np.int64],
    loads: Loads,
    crosses: NDArray[np.bool_],
) -> tuple[NDArray[np.generic], ...]:
    edge = np.searchsorted(service.zone_km, km)
    zone = np.minimum(edge, service.zone_km.size - 1)
    transit = service.transit_days[zone]
    offsets = arrival_offsets(service.delivery_days, int(service.transit_days.max()))
    step, is_heavy = weight_step(service, loads.weight_g, loads.volume_cm3)
    by_nature = loads.currencies == service.currency
    if flies(service):
        by_nature = by_nature & ~loads.is_hazmat
    allowed = (crosses == service.is_international) & by_nature[:, None]
    wanted = np.broadcast_to(loads.wants(service.carrier_code)[:, None], allowed.shape)
    price = service.amounts[zone, step[:, None]]
    return (
        zone,
        transit,
        ship_day + offsets[(ship_day + 6) % 7, transit],
        allowed & wanted & (edge < service.zone_km.size),
        # A rate without this weight in this zone costs infinity.
        is_heavy[:, None] | np.isinf(price),
        wanted,
        allowed,
        price,
    )


def _nothing(km: NDArray[np.float64]) -> tuple[NDArray[np.generic], ...]:
    """A stand-in for an organization without any service: nothing is allowed."""
    none, no = np.zeros(km.shape, dtype=np.int64), np.zeros(km.shape, dtype=bool)
    return none, none, none, no, no, ~no, no, np.zeros(km.shape)


def distances(network: Network, requests: Sequence[RoutingRequest]) -> NDArray[np.float64]:
    """This function will return kilometers (request, node); UNKNOWN_KM without coordinates."""
    points = np.array([[r.latitude, r.longitude] for r in requests], dtype=float)
    km = geo.distances_km(
        points[:, :1], points[:, 1:], network.latitudes[None, :], network.longitudes[None, :]
    )
    unknown = np.isnan(points).any(axis=1)
    if unknown.any():
        places = np.array([[r.country, r.region] for r in requests], dtype="U60")
        near, far, abroad = UNKNOWN_KM
        country = places[:, :1] == network.countries
        region = country & (places[:, 1:] == network.regions) & (network.regions != "")
        guess = np.where(region, near, np.where(country, far, abroad))
        km[unknown] = guess[unknown]
    return km


def _days(
    network: Network, requests: Sequence[RoutingRequest]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(request, node): the day of leaving, and the last day on which it may arrive."""
    times = [request.at for request in requests]
    found = [_of_calendar(calendar, times) for calendar in network.calendars]
    days = np.array(found, dtype=np.int64).reshape(len(found), len(times), 2)
    leaves, today = days.transpose(2, 1, 0)[:, :, network.calendar_of]
    within = np.array([request.deadline_days for request in requests], dtype=np.int64)
    return leaves, today + within[:, None]


def _of_calendar(calendar: Calendar, times: Sequence[datetime]) -> list[tuple[int, int]]:
    """Day of leaving and local day of each time. Both only grow with it: where the first time has
    those of the last, all between have them."""
    first, last = _ends(calendar, min(times)), _ends(calendar, max(times))
    if first == last:
        return [first] * len(times)
    known = {at: _ends(calendar, at) for at in set(times)}
    return [known[at] for at in times]


def _ends(calendar: Calendar, at: datetime) -> tuple[int, int]:
    return calendar.ship_day(at).toordinal(), calendar.local_day(at).toordinal()
