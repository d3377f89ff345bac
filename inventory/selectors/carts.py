"""Availability as a plan: what can be had for a cart, from where, in the form that `reserve` takes.

Judged node by node, as stock is taken: a sum over nodes is never promised from one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from inventory.selectors import availability
from inventory.selectors.availability import Grid
from inventory.types import Leg, Shortage
from oms.core.quantities import require_quantity


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of a cart."""

    line_ref: str
    variant_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Legs to reserve; `short` names lines that cannot be had whole, and what there is of them."""

    legs: tuple[Leg, ...]
    short: tuple[Shortage, ...] = ()


def plan(
    *,
    organization_id: int,
    lines: Sequence[Wanted],
    channel: str = "",
    needed_on: date | None = None,
    node_ids: Iterable[int] | None = None,
) -> Plan:
    """This function will find nodes for all lines: one node for everything where there is one,
    else as few as the stock allows, the fullest first. One statement.

    Lines of one variant add up. A plan without shortages is accepted by `reserve` as long as
    nobody else takes the stock; costs and calendars are routing's affair.

    :raises InvalidQuantity: a line of less than one unit.
    """
    for line in lines:
        require_quantity(line.quantity)
    grid = availability.grid_for(
        organization_id=organization_id,
        variant_ids={line.variant_id for line in lines},
        node_ids=node_ids,
        channel=channel,
        needed_on=needed_on,
    )
    return spread(lines, grid)


def spread(lines: Sequence[Wanted], grid: Grid) -> Plan:
    """This function will do the same over a given grid."""
    row_of = {variant: row for row, variant in enumerate(grid.variant_ids.tolist())}
    left = grid.units.copy()
    columns = _senders(_needs(lines, row_of, len(left)), left, grid.node_ids)
    legs: list[Leg] = []
    short: list[Shortage] = []
    for line in lines:
        row = left[row_of[line.variant_id]]
        missing = line.quantity
        for column in columns:
            units = min(missing, int(row[column]))
            if units:
                row[column] -= units
                missing -= units
                node = int(grid.node_ids[column])
                legs.append(Leg(line.line_ref, line.variant_id, node, units))
        if missing:
            there = line.quantity - missing
            short.append(Shortage("", line.line_ref, line.variant_id, 0, line.quantity, there))
    return Plan(tuple(legs), tuple(short))


def _needs(lines: Sequence[Wanted], row_of: dict[int, int], variants: int) -> NDArray[np.int64]:
    needs = np.zeros(variants, dtype=np.int64)
    for line in lines:
        needs[row_of[line.variant_id]] += line.quantity
    return needs


def _senders(
    needs: NDArray[np.int64], units: NDArray[np.int64], node_ids: NDArray[np.int64]
) -> list[int]:
    """Columns to take from, in order: each time who sends most of what is still missing, of equals
    who keeps most of it; node numbers make the answer repeatable."""
    chosen: list[int] = []
    needs, units = needs.copy(), units.copy()
    while needs.any() and node_ids.size:
        sends = np.minimum(units, needs[:, None])
        keeps = units[needs > 0].sum(axis=0)
        best = int(np.lexsort((node_ids, -keeps, -sends.sum(axis=0)))[0])
        if not sends[:, best].any():
            break
        chosen.append(best)
        needs -= sends[:, best]
        units[:, best] = 0
    return chosen
