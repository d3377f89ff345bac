"""The candidates of a decision as JSON: every node with why it lost, bounded for large networks.

Up to KEPT nodes stand in full: {node, km, lost, service, cost, days, on}. `service` is what the
node would use for the whole demand (a chosen one: for its part), `cost` its price, `days` its
transit, `on` the promised day; all None when no service has a price. A chosen node also tells of
its other services: [cost, days, reason], or only the reason without a price. In larger networks
the chosen come first, then those that could serve, by price, then those with a part; the others
are counted by reason in `rest`.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.quotes import Network, Quotes, Verdict
from routing.solver import REASONS, Lost, Solution
from routing.splits import Part

KEPT = 30

_UNPRICED = {"service": None, "cost": None, "days": None, "on": None}

_VERDICT_WORDS = {
    Verdict.NOT_ALLOWED: Lost.NOT_ALLOWED.value,
    Verdict.OTHER_CARRIER: Lost.OTHER_CARRIER.value,
    Verdict.TOO_HEAVY: Lost.TOO_HEAVY.value,
    Verdict.TOO_FAR: Lost.TOO_FAR.value,
}
#: Reason code → place in the queue for room: chosen, could serve, has a part; None: only counted.
_ORDER = np.array(
    [
        {
            None: 0,
            Lost.MORE_EXPENSIVE: 1,
            Lost.MISSES_DEADLINE: 1,
            Lost.MORE_SPLITS: 1,
            Lost.PARTIAL_STOCK: 2,
        }.get(reason, 3)
        for reason in REASONS
    ]
)


def describe(network: Network, quotes: Quotes, index: int, solution: Solution) -> dict[str, Any]:
    """This function will return {"nodes": […], "rest": {reason: count}} of one request."""
    best = quotes.fastest(index) if solution.is_late else quotes.best[index]
    kept = _kept(quotes.best_key[index], solution)
    parts = {part.node: part for part in solution.parts}
    services = best[kept]
    rows = zip(
        kept.tolist(),
        solution.reasons[kept].tolist(),
        np.rint(quotes.km[index, kept]).astype(int).tolist(),
        services.tolist(),
        (quotes.verdicts[index, kept, services] >= Verdict.MISSES_DEADLINE).tolist(),
        np.round(quotes.price[index, kept, services], 2).tolist(),
        quotes.transit[index, kept, services].tolist(),
        quotes.arrives[index, kept, services].tolist(),
        strict=True,
    )
    nodes: list[dict[str, Any]] = []
    for node, reason, km, service, has_price, price, days, arrives in rows:
        head = {"node": network.nodes[node].code, "km": km, "lost": REASONS[reason]}
        if node in parts:
            nodes.append(head | _won(network, quotes, index, parts[node], solution.is_late))
        elif has_price:
            code = network.services[service].code
            nodes.append(head | {"service": code, "cost": price, "days": days, "on": _iso(arrives)})
        else:
            nodes.append(head | _UNPRICED)
    return {"nodes": nodes, "rest": _rest(solution, kept)}


def _won(network: Network, quotes: Quotes, index: int, part: Part, is_late: bool) -> dict[str, Any]:
    """The chosen service at the price of the part, and why others of its currency were not."""
    at = (index, part.node)
    chosen = network.services[part.service]
    others = zip(
        network.services,
        quotes.verdicts[at].tolist(),
        np.round(quotes.price[at], 2).tolist(),
        quotes.transit[at].tolist(),
        strict=True,
    )
    return {
        "service": chosen.code,
        "cost": round(part.price, 2),
        "days": int(quotes.transit[at][part.service]),
        "on": _iso(part.arrives),
        "services": {
            service.code: _other(verdict, price, days)
            for service, verdict, price, days in others
            if service is not chosen and service.currency == chosen.currency
        },
        **({"deadline_missed": True} if is_late else {}),
    }


def _kept(best_key: NDArray[np.float64], solution: Solution) -> NDArray[np.int64]:
    order = _ORDER[solution.reasons]
    if best_key.size <= KEPT:
        return np.lexsort((best_key, order))
    # Most nodes of a large network are only counted; they need no place in a queue.
    told = np.flatnonzero(order < 3)
    ranked = told[np.lexsort((best_key[told], order[told]))]
    return ranked[: max(KEPT, len(solution.parts))]


def _rest(solution: Solution, kept: NDArray[np.int64]) -> dict[str, int]:
    if kept.size == solution.reasons.size:
        return {}
    left = _counts(solution.reasons) - _counts(solution.reasons[kept])
    return {str(REASONS[code]): count for code, count in enumerate(left.tolist()) if count}


def _counts(reasons: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(reasons, minlength=len(REASONS))


def _other(verdict: int, price: float, days: int) -> str | list[Any]:
    if verdict < Verdict.MISSES_DEADLINE:
        return _VERDICT_WORDS[Verdict(verdict)]
    is_late = verdict == Verdict.MISSES_DEADLINE
    return [price, days, (Lost.MISSES_DEADLINE if is_late else Lost.MORE_EXPENSIVE).value]


@lru_cache(maxsize=4096)
def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
