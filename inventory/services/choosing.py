"""Chooses whose promise ends when stock is missing. Pure: rows in, names and units out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from inventory.models import Reservation

Status = Reservation.Status

#: Who goes first: a cart before an order, an order without work before one with.
_RANK = {Status.HELD: 0, Status.CONFIRMED: 1, Status.ALLOCATED: 2}


@dataclass(frozen=True, slots=True)
class Need:
    """Promised units of a position that will not be there; `by_lot`: those that a lot lacks."""

    position_id: int
    units: int
    by_lot: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """`units` that a reservation loses; `earmarked` of them came from its channel's reserve."""

    row: Reservation
    units: int
    earmarked: int


@dataclass(frozen=True, slots=True)
class Given:
    """What is given up at one position; `missing` units could not be found."""

    position_id: int
    expired: Sequence[Reservation]
    losses: Sequence[Loss]
    #: Units that channels lose of what is kept for them.
    kept: Mapping[str, int]
    missing: int


def choose(
    need: Need, rows: Sequence[Reservation], kept: Mapping[str, int], now: datetime
) -> Given:
    """This function will choose from the unpicked reservations of one position and from what is
    kept for channels there, until what is left fits.

    What an ended reservation had taken from its channel's reserve returns there only as far as
    units are left for it.
    """
    choice = _Choice(need, kept)
    over = [row for row in rows if _is_over(row, now)]
    order = sorted((row for row in rows if not _is_over(row, now)), key=_turn)
    for lot_id, units in need.by_lot.items():
        choice.take_from_lot([row for row in order if row.lot_id == lot_id], units)
    choice.expire(over)
    choice.take_kept()
    choice.take(order)
    return choice.answer()


def _is_over(row: Reservation, now: datetime) -> bool:
    return row.status == Status.HELD and row.expires_at is not None and row.expires_at <= now


def _turn(row: Reservation) -> tuple[int, float, int]:
    return _RANK[Status(row.status)], -row.created_at.timestamp(), -row.pk


class _Choice:
    """Counts down what is still missing."""

    def __init__(self, need: Need, kept: Mapping[str, int]) -> None:
        self._position_id = need.position_id
        self._left = need.units
        self._kept = dict(kept)
        self._given_up: dict[str, int] = {}
        self._expired: list[Reservation] = []
        self._losses: dict[int, Loss] = {}
        self._lot_missing = 0

    def take_from_lot(self, rows: Sequence[Reservation], units: int) -> None:
        """Whatever the position still has of other lots, this one lacks its units."""
        for row in rows:
            taken = min(units, row.quantity)
            if taken:
                units -= taken
                self._end(row, taken)
        self._lot_missing += units

    def expire(self, rows: Sequence[Reservation]) -> None:
        for row in rows:
            if self._left > 0:
                self._expired.append(row)
                self._free(row.channel, row.quantity, row.earmarked)

    def take_kept(self) -> None:
        for channel, units in self._kept.items():
            taken = min(self._left, units)
            if taken > 0:
                self._left -= taken
                self._kept[channel] -= taken
                self._given_up[channel] = self._given_up.get(channel, 0) + taken

    def take(self, rows: Sequence[Reservation]) -> None:
        for row in rows:
            taken = min(self._left, self._units_left(row))
            if taken > 0:
                self._end(row, taken)
                self.take_kept()

    def answer(self) -> Given:
        return Given(
            position_id=self._position_id,
            expired=self._expired,
            losses=list(self._losses.values()),
            kept=self._given_up,
            missing=max(self._lot_missing, self._left, 0),
        )

    def _units_left(self, row: Reservation) -> int:
        loss = self._losses.get(row.pk)
        return row.quantity - (loss.units if loss else 0)

    def _end(self, row: Reservation, units: int) -> None:
        """A reservation that loses a part keeps what it had from its channel's reserve longest."""
        before = self._losses.get(row.pk, Loss(row, 0, 0))
        total = before.units + units
        earmarked = max(0, row.earmarked - (row.quantity - total))
        self._losses[row.pk] = Loss(row, total, earmarked)
        self._free(row.channel, units, earmarked - before.earmarked)

    def _free(self, channel: str, units: int, earmarked: int) -> None:
        self._left -= units - earmarked
        if earmarked:
            self._kept[channel] = self._kept.get(channel, 0) + earmarked
