"""What can be sold, where: only at nodes allowed to the seller, never below zero at any of them.

A node that lacks units never takes from what others have: each is clamped before sums are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from inventory.catalog import selectors as catalog
from inventory.selectors import supply
from inventory.types import Availability
from oms.core import clock

_AVAILABLE = "SELECT * FROM inventory_available(%s, %s::bigint[], %s, %s, %s)"

#: Binary arrays: dimensions, flags, type, length, lower bound; then length and value of each.
_HEADER = 20
_EMPTY = 12


@dataclass(frozen=True, slots=True)
class Grid:
    """Units that can be sold: a row per variant, a column per node, both ascending by key."""

    variant_ids: NDArray[np.int64]
    node_ids: NDArray[np.int64]
    units: NDArray[np.int64]
    #: Where there is a position at all.
    is_stocked: NDArray[np.bool_]

    def totals(self) -> dict[int, int]:
        """This function will return the sum over all nodes, by variant."""
        sums = self.units.sum(axis=1).tolist()
        return dict(zip(self.variant_ids.tolist(), sums, strict=True))


@dataclass(frozen=True, slots=True)
class _Question:
    organization_id: int
    channel: str
    day: date
    now: datetime
    #: Count what arrives up to this day, too; None: only what is there.
    arriving_by: date | None


def grid_for(
    *,
    organization_id: int,
    variant_ids: Iterable[int],
    node_ids: Iterable[int] | None = None,
    channel: str = "",
    needed_on: date | None = None,
    arriving_by: date | None = None,
) -> Grid:
    """This function will return what can be sold of the variants now, in one statement.

    `node_ids` (a pool, say) narrows the allowed nodes. `channel` adds what is kept for it and its
    limit of oversell. Goods with lots count when they are good beyond `needed_on` (None: today).
    Holds past their time count as free before the sweep has tidied them. Of a kit, a node has as
    many as its parts there make up: two statements more where a variant has no stock of its own.

    With `arriving_by` it returns what can be promised for that day: what is there, and of the
    purchase orders, transfers and returns expected by then what nobody waits for; two more.
    """
    wanted = np.unique(np.fromiter(variant_ids, dtype=np.int64))
    now = clock.now()
    day = needed_on or arriving_by or now.date()
    question = _Question(organization_id, channel, day, now, arriving_by)
    grid = _ask(question, wanted)
    _make_up_kits(question, grid)
    return grid if node_ids is None else _narrowed(grid, node_ids)


def _ask(question: _Question, wanted: NDArray[np.int64]) -> Grid:
    parameters = [
        question.organization_id, wanted.tolist(), question.channel, question.day, question.now,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_AVAILABLE, parameters)
        nodes, variants, places, free, corrections = cursor.fetchone()
    columns = np.array(nodes or (), dtype=np.int64)
    units, is_stocked = _spread(wanted, columns, variants, places, free)
    for variant, node, change in corrections or ():
        column = int(np.searchsorted(columns, node))
        if column < len(columns) and columns[column] == node:
            units[int(np.searchsorted(wanted, variant)), column] += change
    if question.arriving_by is not None:
        for variant, node, arriving in _arrivals(wanted.tolist(), question.arriving_by):
            column = int(np.searchsorted(columns, node))
            if column < len(columns) and columns[column] == node:
                row = int(np.searchsorted(wanted, variant))
                units[row, column] += arriving
                is_stocked[row, column] = True
    np.maximum(units, 0, out=units)
    return Grid(wanted, columns, units, is_stocked)


def _arrivals(variant_ids: Sequence[int], until: date) -> list[tuple[int, int, int]]:
    """(variant, node, units) that arrive for whoever asks: those who wait without an arrival of
    their own get the first ones."""
    waiting = supply.units_waiting(variant_ids=variant_ids)
    found = []
    for item in sorted(
        supply.list_open(variant_ids=variant_ids, until=until), key=lambda i: i.expected_on
    ):
        taken = min(item.units, waiting.get(item.variant_id, 0))
        if taken:
            waiting[item.variant_id] -= taken
        found.append((item.variant_id, item.node_id, item.units - taken))
    return found


def _make_up_kits(question: _Question, grid: Grid) -> None:
    """Fills the rows of kits, in place: the fewest whole kits that any of the parts allows."""
    unstocked = grid.variant_ids[~grid.is_stocked.any(axis=1)].tolist()
    kits = catalog.components_of(variant_ids=unstocked) if unstocked else {}
    if not kits:
        return
    parts = _ask(question, np.unique([part for pairs in kits.values() for part, _ in pairs]))
    for kit_id, pairs in kits.items():
        rows = np.searchsorted(parts.variant_ids, [part for part, _ in pairs])
        each = np.array([quantity for _, quantity in pairs], dtype=np.int64)
        row = int(np.searchsorted(grid.variant_ids, kit_id))
        grid.units[row] = (parts.units[rows] // each[:, None]).min(axis=0)
        grid.is_stocked[row] = parts.is_stocked[rows].all(axis=0)


def list_for(
    *,
    organization_id: int,
    variant_ids: Sequence[int],
    node_ids: Sequence[int] | None = None,
    channel: str = "",
    needed_on: date | None = None,
) -> list[Availability]:
    """This function will return the same as `grid_for`, as one item per variant and node that has
    a position, by variant and node."""
    grid = grid_for(
        organization_id=organization_id,
        variant_ids=variant_ids,
        node_ids=node_ids,
        channel=channel,
        needed_on=needed_on,
    )
    rows, columns = np.nonzero(grid.is_stocked)
    return [
        Availability(variant, node, units)
        for variant, node, units in zip(
            grid.variant_ids[rows].tolist(),
            grid.node_ids[columns].tolist(),
            grid.units[rows, columns].tolist(),
            strict=True,
        )
    ]


def _narrowed(grid: Grid, node_ids: Iterable[int]) -> Grid:
    kept = np.isin(grid.node_ids, np.fromiter(node_ids, dtype=np.int64))
    return Grid(grid.variant_ids, grid.node_ids[kept], grid.units[:, kept],
                grid.is_stocked[:, kept])  # fmt: skip


def _spread(
    wanted: NDArray[np.int64],
    columns: NDArray[np.int64],
    variants: Sequence[int] | None,
    places: bytes | None,
    free: bytes | None,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The summaries as a grid over the wanted variants and the allowed nodes."""
    units = np.zeros((len(wanted), len(columns)), dtype=np.int64)
    is_stocked = np.zeros(units.shape, dtype=bool)
    if not variants or places is None or free is None or not len(columns):
        return units, is_stocked
    lengths, nodes = _arrays(places, len(variants), 8)
    _, values = _arrays(free, len(variants), 4)
    rows = np.repeat(np.searchsorted(wanted, np.array(variants, dtype=np.int64)), lengths)
    at = np.minimum(np.searchsorted(columns, nodes), len(columns) - 1)
    is_allowed = columns[at] == nodes
    units[rows[is_allowed], at[is_allowed]] = values[is_allowed]
    is_stocked[rows[is_allowed], at[is_allowed]] = True
    return units, is_stocked


def _arrays(data: bytes, count: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lengths, and all values in a row, of `count` integer arrays of `width` bytes each."""
    kind = np.dtype([("length", ">i4"), ("value", f">i{width}")])
    length = int.from_bytes(data[12:16], "big") if len(data) >= _HEADER else 0
    size = _HEADER + length * kind.itemsize
    if length and len(data) == count * size:
        # All of one length, as where every node has every variant: no loop.
        table = np.frombuffer(data, dtype=np.uint8).reshape(count, size)
        lengths = table[:, 12:16].copy().view(">i4")[:, 0].astype(np.int64)
        if (lengths == length).all():
            values = table[:, _HEADER:].copy().view(kind)["value"]
            return lengths, values.astype(np.int64).ravel()
    return _arrays_one_by_one(data, count, kind)


def _arrays_one_by_one(
    data: bytes, count: int, kind: np.dtype[np.void]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    at, lengths, parts = 0, [], []
    for _ in range(count):
        if int.from_bytes(data[at : at + 4], "big") == 0:
            lengths.append(0)
            at += _EMPTY
            continue
        length = int.from_bytes(data[at + 12 : at + 16], "big")
        at += _HEADER
        parts.append(np.frombuffer(data, dtype=kind, count=length, offset=at)["value"])
        lengths.append(length)
        at += length * kind.itemsize
    values = np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)
    return np.array(lengths, dtype=np.int64), values
