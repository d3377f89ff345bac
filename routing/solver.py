"""Chooses who sends what: pure, arrays in, a solution out; no database, no clock.

Order of wishes: everything in time; then the fewest shipments; then the lowest price. One node
that has all is exact. Sets of nodes are described in `splits`. When nothing arrives in time, the
fewest shipments win, then the earliest arrival, then the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from routing import splits
from routing.quotes import Network, Quotes, Verdict
from routing.splits import Need, Part, Ways


class Lost(StrEnum):
    """Why a node was not chosen; the closed list of the decision ledger."""

    OUT_OF_STOCK = "out_of_stock"
    PARTIAL_STOCK = "partial_stock"
    CANNOT_SHIP = "cannot_ship"
    NOT_ALLOWED = "not_allowed"
    OTHER_CARRIER = "other_carrier"
    TOO_HEAVY = "too_heavy"
    TOO_FAR = "too_far"
    MISSES_DEADLINE = "misses_deadline"
    MORE_EXPENSIVE = "more_expensive"
    MORE_SPLITS = "more_splits"


REASONS: tuple[Lost | None, ...] = (None, *Lost)
_CODE = {reason: index for index, reason in enumerate(REASONS)}
#: Verdict of a node's services → what to say of the node.
_BY_VERDICT = np.array(
    [
        _CODE[Lost.NOT_ALLOWED],
        _CODE[Lost.OTHER_CARRIER],
        _CODE[Lost.TOO_HEAVY],
        _CODE[Lost.TOO_FAR],
        _CODE[Lost.MISSES_DEADLINE],
        _CODE[Lost.MORE_EXPENSIVE],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """`parts` is empty when nothing serves the demand; `reasons` index REASONS, one per node."""

    parts: tuple[Part, ...]
    is_late: bool
    reasons: NDArray[np.int64]


def solve(
    network: Network, quotes: Quotes, index: int, need: Need, stock: NDArray[np.int64]
) -> Solution:
    """This function will choose for request `index`; `stock` is (row of the need, node)."""
    has_all = np.asarray((stock >= need.quantities[:, None]).all(axis=0))
    able = has_all & network.can_ship
    reasons = _first_reasons(network, quotes.verdict[index], has_all, stock)
    on_time = able & (quotes.verdict[index] == Verdict.FITS)
    if on_time.any():
        node = int(np.where(on_time, quotes.best_key[index], np.inf).argmin())
        reasons[node] = 0
        return Solution((_whole(quotes, index, node, need),), False, reasons)
    for is_late in (False, True):
        ways = Ways.of(network, quotes, index, may_be_late=is_late)
        found = splits.cover(ways, need, stock)
        if found:
            _explain(reasons, found, ways, stock)
            return Solution(found.parts, is_late, reasons)
    return Solution((), False, reasons)


def _first_reasons(
    network: Network,
    verdict: NDArray[np.int8],
    has_all: NDArray[np.bool_],
    stock: NDArray[np.int64],
) -> NDArray[np.int64]:
    reasons = _BY_VERDICT[verdict]
    reasons[~has_all] = _CODE[Lost.PARTIAL_STOCK]
    reasons[~(stock > 0).any(axis=0)] = _CODE[Lost.OUT_OF_STOCK]
    reasons[~network.can_ship] = _CODE[Lost.CANNOT_SHIP]
    return reasons


def _whole(quotes: Quotes, index: int, node: int, need: Need) -> Part:
    service = int(quotes.best[index, node])
    return Part(
        node=node,
        service=service,
        takes=need.quantities,
        price=float(quotes.price[index, node, service]),
        arrives=int(quotes.arrives[index, node, service]),
    )


def _explain(
    reasons: NDArray[np.int64], found: splits.Cover, ways: Ways, stock: NDArray[np.int64]
) -> None:
    if len(found.parts) > 1:
        helps = (stock > 0).any(axis=0) & ways.can_send
        reasons[helps] = _CODE[Lost.MORE_SPLITS]
    for code, nodes in ((Lost.MORE_EXPENSIVE, found.dearer), (Lost.MISSES_DEADLINE, found.later)):
        reasons[list(nodes)] = _CODE[code]
    reasons[[part.node for part in found.parts]] = 0


def reasons_of(solution: Solution) -> Sequence[Lost | None]:
    """This function will return why each node lost, None for the chosen."""
    return [REASONS[code] for code in solution.reasons.tolist()]
