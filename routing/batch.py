"""Solves a batch in order of arrival: what an earlier demand takes, a later one cannot have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inventory.types import Availability, SoftlyHeld
from oms.core import clock
from routing import reasons
from routing.quotes import Network, Quotes, quote
from routing.solver import Solution, solve
from routing.splits import Need
from routing.types import RoutingRequest


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is free (variant row, node), less with every demand that is served.

    What a demand holds already lies on the shelf while that demand is solved, and after it too if
    it was served: then it takes the plan instead.
    """

    rows: dict[int, int]
    free: NDArray[np.int64]
    own: dict[tuple[str, str], list[tuple[int, int, int]]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        network: Network,
        variant_ids: Sequence[int],
        found: Iterable[Availability],
        held: Iterable[SoftlyHeld] = (),
    ) -> Shelf:
        columns = {node.id: index for index, node in enumerate(network.nodes)}
        rows = {variant: index for index, variant in enumerate(variant_ids)}
        free = np.zeros((len(rows), len(columns)), dtype=np.int64)
        cells = [
            (rows[item.variant_id], columns[item.node_id], item.available)
            for item in found
            if item.node_id in columns
        ]
        if cells:
            row, column, available = np.array(cells, dtype=np.int64).T
            free[row, column] = available
        own: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
        for item in held:
            if item.node_id in columns and item.variant_id in rows:
                cell = (rows[item.variant_id], columns[item.node_id], item.units)
                own[item.demand_kind, item.demand_ref].append(cell)
        return cls(rows, free, own)

    def lay(self, request: RoutingRequest, sign: int) -> None:
        for row, column, units in self.own.get((request.demand_kind, request.demand_ref), ()):
            self.free[row, column] += sign * units

    def look(self, need: Need) -> NDArray[np.int64]:
        return self.free[[self.rows[variant] for variant in need.variant_ids]]

    def take(self, need: Need, solution: Solution) -> None:
        rows = [self.rows[variant] for variant in need.variant_ids]
        for part in solution.parts:
            self.free[rows, part.node] -= part.takes


@dataclass(frozen=True, slots=True)
class Solved:
    """A request's solution, what it took to find, and why there is none."""

    request: RoutingRequest
    solution: Solution
    spent_s: float
    failure: reasons.Failure | None


def solve_batch(
    network: Network, requests: Sequence[RoutingRequest], shelf: Shelf
) -> tuple[Quotes, list[Solved]]:
    """This function will solve all requests and leave on the shelf what nobody took."""
    started = clock.monotonic()
    quotes = quote(network, requests)
    shared_s = (clock.monotonic() - started) / len(requests)
    solved = []
    for index, request in enumerate(requests):
        started = clock.monotonic()
        need = need_of(request)
        shelf.lay(request, 1)
        stock = _allowed(network, request, shelf.look(need))
        solution = solve(network, quotes, index, need, stock)
        failure = None
        if solution.parts:
            shelf.take(need, solution)
        else:
            shelf.lay(request, -1)
            failure = reasons.examine(network, quotes.verdict[index], need, stock)
        solved.append(Solved(request, solution, shared_s + clock.monotonic() - started, failure))
    return quotes, solved


def _allowed(
    network: Network, request: RoutingRequest, stock: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where the request says which nodes, the others have nothing for it."""
    if not request.only_nodes and not request.not_nodes:
        return stock
    return stock * np.array([request.may_come_from(node.id) for node in network.nodes])


def need_of(request: RoutingRequest) -> Need:
    """This function will sum the lines by variant, in the order of their first appearance."""
    asked: dict[int, tuple[int, float, float]] = {}
    for line in request.lines:
        before = asked.get(line.variant_id, (0,))[0]
        asked[line.variant_id] = (before + line.quantity, line.weight_g, line.volume_cm3)
    quantities, weights, volumes = zip(*asked.values(), strict=True)
    return Need(
        variant_ids=tuple(asked),
        quantities=np.array(quantities, dtype=np.int64),
        weights_g=np.array(weights, dtype=float),
        volumes_cm3=np.array(volumes, dtype=float),
    )
