"""The smallest and then cheapest set of nodes that together have everything.

Exact for up to three nodes among SHORTLIST candidates: every order in which a set can fill the
demand is priced, each node taking all it can in its turn. With more candidates the shortlist is the
greedy cover plus the nodes that have most. Four and more nodes are the greedy cover: the node that
covers most of what is left comes next, the cheaper of equals first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from carriers.types import ServiceFacts
from routing.quotes import LATE, PER_KM, Network, Quotes, weight_step

SHORTLIST = 12
#: For demands of more than LONG_DEMAND variants, so that the search stays within milliseconds.
SHORT_SHORTLIST = 5
LONG_DEMAND = 50
EXACT = 3


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """Quantity, unit weight and unit volume of each variant of a demand."""

    variant_ids: tuple[int, ...]
    quantities: NDArray[np.int64]
    weights_g: NDArray[np.float64]
    volumes_cm3: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one node sends: `takes[row]` of each variant, by index of node and service."""

    node: int
    service: int
    takes: NDArray[np.int64]
    price: float
    arrives: int


@dataclass(frozen=True, slots=True)
class Cover:
    """The chosen parts, and the nodes of sets as small that lost by price or by arrival."""

    parts: tuple[Part, ...]
    dearer: frozenset[int] = frozenset()
    later: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The services open from each node (node, service) for one request, in time or at any time."""

    services: tuple[ServiceFacts, ...]
    is_open: NDArray[np.bool_]
    zone: NDArray[np.int64]
    arrives: NDArray[np.int64]
    km: NDArray[np.float64]
    nearness: NDArray[np.float64]
    may_be_late: bool

    @classmethod
    def of(cls, network: Network, quotes: Quotes, index: int, *, may_be_late: bool) -> Ways:
        is_open = quotes.reach[index] & network.can_ship[:, None]
        if not may_be_late:
            is_open = is_open & ~quotes.is_late[index]
        return cls(
            services=network.services,
            is_open=is_open,
            zone=quotes.zone[index],
            arrives=quotes.arrives[index],
            km=quotes.km[index],
            nearness=quotes.price[index].min(axis=1) + quotes.km[index] * PER_KM,
            may_be_late=may_be_late,
        )

    @property
    def can_send(self) -> NDArray[np.bool_]:
        return np.asarray(self.is_open.any(axis=1))


def cover(ways: Ways, need: Need, stock: NDArray[np.int64]) -> Cover | None:
    """This function will return the best set, or None when no set serves the demand."""
    usable = np.where(ways.can_send, stock, 0)
    if (usable.sum(axis=1) < need.quantities).any():
        return None
    greedy = _greedy(ways, need, usable)
    for orders in _searches(need, usable, greedy):
        found = _best(ways, need, usable, orders)
        if found:
            return found
    return None


def _searches(
    need: Need, usable: NDArray[np.int64], greedy: list[int]
) -> Iterator[NDArray[np.int64]]:
    """Fill orders to try, smallest sets first; a set without a price leads to larger ones."""
    yield np.flatnonzero((usable >= need.quantities[:, None]).all(axis=0))[:, None]
    shortlist = np.array(_shortlist(need, usable, greedy))
    for size in range(2, min(EXACT, shortlist.size) + 1):
        yield shortlist[_permutations(shortlist.size, size)]
    if len(greedy) > EXACT:
        yield np.array([greedy])


@lru_cache(maxsize=64)
def _permutations(count: int, size: int) -> NDArray[np.int64]:
    return np.array(list(permutations(range(count), size)), dtype=np.int64)


def _greedy(ways: Ways, need: Need, usable: NDArray[np.int64]) -> list[int]:
    left, usable, chosen = need.quantities.copy(), usable.copy(), []
    while left.any():
        covers = np.minimum(usable, left[:, None]).sum(axis=0)
        node = int(np.lexsort((ways.nearness, -covers))[0])
        chosen.append(node)
        left -= np.minimum(usable[:, node], left)
        usable[:, node] = 0
    return chosen


def _shortlist(need: Need, usable: NDArray[np.int64], greedy: list[int]) -> list[int]:
    room = SHORTLIST if need.quantities.size <= LONG_DEMAND else SHORT_SHORTLIST
    covers = np.minimum(usable, need.quantities[:, None]).sum(axis=0)
    by_cover = np.argsort(-covers, kind="stable").tolist()
    others = [node for node in by_cover if covers[node] and node not in greedy]
    return (greedy + others)[:room]


def _fill(
    need: Need, usable: NDArray[np.int64], orders: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Takes (set, turn, row), and which sets have everything with no idle member."""
    left = np.broadcast_to(need.quantities, (len(orders), need.quantities.size)).copy()
    takes = np.empty((*orders.shape, need.quantities.size), dtype=np.int64)
    for turn in range(orders.shape[1]):
        takes[:, turn] = np.minimum(usable.T[orders[:, turn]], left)
        left -= takes[:, turn]
    has_idle = (takes.sum(axis=2) == 0).sum(axis=1) > 0
    return takes, (left.sum(axis=1) == 0) & ~has_idle


def _best(
    ways: Ways, need: Need, usable: NDArray[np.int64], orders: NDArray[np.int64]
) -> Cover | None:
    takes, is_complete = _fill(need, usable, orders)
    orders, takes = orders[is_complete], takes[is_complete]
    if not len(orders):
        return None
    service, price, arrives = _price(ways, need, orders, takes)
    total = (price + ways.km[orders] * PER_KM).sum(axis=1)
    latest = arrives.max(axis=1)
    rank = total + (latest - latest.min()) * LATE * ways.may_be_late
    winner = int(rank.argmin())
    if not np.isfinite(rank[winner]):
        return None
    parts = tuple(
        Part(
            node=int(orders[winner, turn]),
            service=int(service[winner, turn]),
            takes=takes[winner, turn],
            price=float(price[winner, turn]),
            arrives=int(arrives[winner, turn]),
        )
        for turn in range(orders.shape[1])
    )
    return _with_rivals(parts, orders, total, latest > latest[winner], ways.may_be_late)


def _price(
    ways: Ways, need: Need, orders: NDArray[np.int64], takes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Each part's best service, its price (infinite without any) and its day of arrival."""
    weight, volume = takes @ need.weights_g, takes @ need.volumes_cm3
    prices = np.full((*orders.shape, len(ways.services)), np.inf)
    for column, service in enumerate(ways.services):
        step, is_heavy = weight_step(service, weight, volume)
        amounts = service.amounts[ways.zone[orders, column], step]
        prices[..., column] = np.where(ways.is_open[orders, column] & ~is_heavy, amounts, np.inf)
    days = ways.arrives[orders]
    best = (prices + (days - days.min()) * LATE * ways.may_be_late).argmin(axis=-1)
    pick = best[..., None]
    return (
        best,
        np.take_along_axis(prices, pick, axis=-1)[..., 0],
        np.take_along_axis(days, pick, axis=-1)[..., 0],
    )


def _with_rivals(
    parts: tuple[Part, ...],
    orders: NDArray[np.int64],
    total: NDArray[np.float64],
    is_later: NDArray[np.bool_],
    may_be_late: bool,
) -> Cover:
    chosen = {part.node for part in parts}
    priced = np.isfinite(total)
    is_later = is_later & may_be_late
    dearer = set(orders[priced & ~is_later].ravel().tolist()) - chosen
    later = set(orders[priced & is_later].ravel().tolist()) - chosen - dearer
    return Cover(parts, frozenset(dearer), frozenset(later))
