"""What a change of stock must name: the lot where lots are tracked, and no lot elsewhere. No
balance of a lot falls below what is promised of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from django.db.models.functions import Coalesce

from inventory.models import Lot, LotBalance
from inventory.selectors.lots import UnknownLot
from inventory.services.balances import Entry, Place, Position
from oms.core.errors import Conflict, FieldError, Invalid

_BALANCES = ("on_hand", "quarantined", "damaged", "returned")


class Named(Protocol):
    """A change that may name a lot."""

    @property
    def node_id(self) -> int: ...
    @property
    def variant_id(self) -> int: ...
    @property
    def lot_id(self) -> int | None: ...


class LotRequired(Invalid):
    """The variant is tracked by lot, so every unit belongs to one."""

    code = "inventory.lot_required"


class LotNotTracked(Invalid):
    """The variant is not tracked by lot, so a lot would be lost at once."""

    code = "inventory.lot_not_tracked"


class SerialsRequired(Invalid):
    """The variant is tracked by serial number: each unit comes and goes by its own."""

    code = "inventory.serials_required"


class LotExpired(Invalid):
    """The lot's last day of sale is over; what comes in could never be sold."""

    code = "inventory.lot_expired"


class NotEnoughInLot(Conflict):
    """Fewer units of a lot would be left than none, or than are promised of it."""

    code = "inventory.not_enough_in_lot"


def require_lots(
    *,
    changes: Sequence[Named],
    positions: Mapping[Place, Position],
    unexpired_on: date | None = None,
) -> None:
    """This function will accept changes that name a lot of their variant exactly where lots are
    tracked; with `unexpired_on`, one that may still be sold after that day.

    At most one statement, none where nothing is tracked.

    :raises LotRequired: a variant is tracked by lot and the change names none.
    :raises SerialsRequired: a variant is tracked by serial number.
    :raises LotNotTracked: a variant is not tracked by lot and the change names one.
    :raises UnknownLot: the variant has no such lot.
    :raises LotExpired: the last day of sale of a lot is `unexpired_on` or before.
    """
    for index, change in enumerate(changes):
        _require_named(index, change, positions[change.node_id, change.variant_id].tracking)
    require_known(changes=changes, unexpired_on=unexpired_on)


def require_known(*, changes: Sequence[Named], unexpired_on: date | None = None) -> None:
    """This function will accept changes whose lots, where they name one, are of their variants.

    :raises UnknownLot: the variant has no such lot.
    :raises LotExpired: the last day of sale of a lot is `unexpired_on` or before.
    """
    named = {change.lot_id for change in changes if change.lot_id is not None}
    if not named:
        return
    rows = Lot.objects.filter(pk__in=named).annotate(last_day=Coalesce("removal_on", "expires_on"))
    known = {row.pk: row for row in rows}
    for index, change in enumerate(changes):
        if change.lot_id is None:
            continue
        lot = known.get(change.lot_id)
        if lot is None or lot.variant_id != change.variant_id:
            detail = f"Variant {change.variant_id} has no lot {change.lot_id}."
            raise UnknownLot(detail, errors=[_fault(index, "unknown_lot", detail)])
        if unexpired_on and lot.last_day and lot.last_day <= unexpired_on:
            detail = f"Lot {lot.code} may not be sold from {lot.last_day.isoformat()} on."
            raise LotExpired(detail, errors=[_fault(index, "lot_expired", detail)])


def require_left(*, entries: Sequence[Entry]) -> None:
    """This function will accept entries that leave no lot with less than is promised of it, or than
    nothing. The positions must be locked; one statement, none without lots that shrink.

    :raises NotEnoughInLot: names the lot and what it has.
    """
    sums: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: dict.fromkeys(_BALANCES, 0))
    for entry in entries:
        if entry.lot_id is not None:
            for name in _BALANCES:
                sums[entry.position_id, entry.lot_id][name] += getattr(entry, name)
    shrinking = {key: total for key, total in sums.items() if min(total.values()) < 0}
    if not shrinking:
        return
    rows = LotBalance.objects.select_related("lot").filter(
        position_id__in={position for position, _ in shrinking},
        lot_id__in={lot for _, lot in shrinking},
    )
    standing = {(row.position_id, row.lot_id): row for row in rows}
    for key, total in sorted(shrinking.items()):
        _require_left(standing.get(key), key[1], total)


def _require_left(standing: LotBalance | None, lot_id: int, total: Mapping[str, int]) -> None:
    for name, delta in total.items():
        has = getattr(standing, name) if standing else 0
        promised = standing.allocated if standing and name == "on_hand" else 0
        if delta < 0 and has + delta < promised:
            code = standing.lot.code if standing else str(lot_id)
            raise NotEnoughInLot(
                f"Lot {code} has {has} {name.replace('_', ' ')} there, {promised} of them "
                f"promised; they cannot fall by {-delta}.",
                data={"lot": code, "balance": name, "units": has, "promised": promised,
                      "change": delta},
            )  # fmt: skip


def _require_named(index: int, change: Named, tracking: str) -> None:
    if tracking == "serial":
        detail = "This variant is tracked by serial number: name each unit's."
        raise SerialsRequired(detail, errors=[_fault(index, "serials_required", detail, "serial")])
    if tracking == "lot" and change.lot_id is None:
        detail = "This variant is tracked by lot: name the lot."
        raise LotRequired(detail, errors=[_fault(index, "lot_required", detail)])
    if tracking == "none" and change.lot_id is not None:
        detail = "This variant is not tracked by lot: leave the lot out."
        raise LotNotTracked(detail, errors=[_fault(index, "lot_not_tracked", detail)])


def _fault(index: int, code: str, detail: str, field: str = "lot_id") -> FieldError:
    return FieldError(f"/{index}/{field}", code, detail)
