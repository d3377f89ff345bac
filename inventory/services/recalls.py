"""Calls goods back: what remains is blocked at once, and who has them is told. The same call again
is the same recall.

All services need the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from inventory.events import RecalledDemand, StockRecalled
from inventory.models import Lot, Recall, RecallItem, Serial
from inventory.models.lots import Block
from inventory.selectors import lots as lot_selectors
from inventory.selectors import recalls as selectors
from inventory.selectors.lots import UnknownLot
from inventory.selectors.serials import UnknownSerial
from inventory.services import balances, lots, numbered, serials
from inventory.types import RecallBoard, RecallScope
from oms.core import clock
from oms.core.context import current
from oms.core.errors import Conflict, Invalid, NotFound
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

_MAX_REASON = 200


class NothingRecalled(Invalid):
    """A recall is about at least one lot or serial number, and has a reason."""

    code = "inventory.nothing_recalled"


class UnknownRecall(NotFound):
    code = "inventory.unknown_recall"


class RecallUnfinished(Conflict):
    """Units are promised still, or not accounted for."""

    code = "inventory.recall_unfinished"


@needs_transaction
def call_back(
    *, organization_id: int, scope: RecallScope, reason: str, at: datetime | None = None
) -> Recall:
    """This function will block what remains of the lots and serial numbers, everywhere, and tell
    whom it is promised to and whom it was shipped to.

    An open recall of exactly the same is the answer, and nothing is written. Promised and shipped
    units stay what they are; `recalls.get_board` accounts for all.

    :raises NothingRecalled: neither a lot nor a serial number is named, or no reason.
    :raises UnknownLot, UnknownSerial: the organization has no such goods.
    """
    require_something(scope=scope, reason=reason)
    said = reason.strip()
    moment = at or clock.now()
    variants = _lock(organization_id, scope)
    standing = _standing(scope)
    if standing is not None:
        return standing
    if scope.lot_ids:
        lots.block(lot_ids=scope.lot_ids, block=Block.RECALLED, reason=said, at=moment)
    if scope.serial_ids:
        serials.block(serial_ids=scope.serial_ids, block=Block.RECALLED)
    recall = Recall.objects.create(
        organization_id=organization_id,
        reason=said[:_MAX_REASON],
        actor=current().actor,
        created_at=moment,
    )
    RecallItem.objects.bulk_create(
        [
            *(RecallItem(recall=recall, lot_id=lot_id) for lot_id in scope.lot_ids),
            *(RecallItem(recall=recall, serial_id=unit) for unit in scope.serial_ids),
        ]
    )
    board = selectors.get_board(scope=scope)
    emitting.emit_many(list(_events(recall, scope, sorted(variants), board)))
    return recall


def require_something(*, scope: RecallScope, reason: str) -> None:
    """This function will accept a recall that names goods and a reason.

    :raises NothingRecalled: it does not.
    """
    if not reason.strip() or not (scope.lot_ids or scope.serial_ids):
        raise NothingRecalled("Name a lot or serial number, and why it is recalled.")


@needs_transaction
def close(*, recall_id: int, at: datetime | None = None) -> None:
    """This function will end a recall when nothing of it is promised and every unit is accounted
    for. Its goods stay blocked until somebody unblocks them; closing again changes nothing.

    :raises UnknownRecall: there is none.
    :raises RecallUnfinished: units are promised, or the sum is not what was received.
    """
    recall = Recall.objects.select_for_update().filter(pk=recall_id).first()
    if recall is None:
        raise UnknownRecall("There is no such recall.")
    if recall.closed_at is not None:
        return
    board = selectors.get_board(scope=selectors.scope_of_recall(recall_id=recall_id))
    promised = sum(item.quantity for item in board.open_work)
    if promised or not board.is_balanced:
        raise RecallUnfinished(
            f"{promised} units are promised still, and {board.received - board.accounted} are not "
            "accounted for.",
            data={"promised": promised, "missing": board.received - board.accounted},
        )
    recall.closed_at = at or clock.now()
    recall.save(update_fields=["closed_at"])


def _lock(organization_id: int, scope: RecallScope) -> set[int]:
    """Locks positions, then lots, then units, all in the order of keys; returns the variants."""
    places = {
        *lot_selectors.position_ids(lot_ids=scope.lot_ids),
        *numbered.list_positions(serial_ids=scope.serial_ids),
    }
    balances.lock_ids(position_ids=places)
    found = Lot.objects.select_for_update(of=("self",)).order_by("pk")
    of_lots = dict(
        found.filter(pk__in=scope.lot_ids, variant__organization_id=organization_id).values_list(
            "pk", "variant_id"
        )
    )
    if len(of_lots) != len(set(scope.lot_ids)):
        raise UnknownLot("There is no such lot.")
    units = Serial.objects.select_for_update(of=("self",)).order_by("pk")
    of_units = dict(
        units.filter(pk__in=scope.serial_ids, variant__organization_id=organization_id).values_list(
            "pk", "variant_id"
        )
    )
    if len(of_units) != len(set(scope.serial_ids)):
        raise UnknownSerial("There is no such serial number.")
    return {*of_lots.values(), *of_units.values()}


def _standing(scope: RecallScope) -> Recall | None:
    """The open recall of exactly these goods."""
    wanted: set[tuple[int | None, int | None]] = {(lot_id, None) for lot_id in scope.lot_ids}
    wanted |= {(None, unit) for unit in scope.serial_ids}
    open_items = RecallItem.objects.filter(recall__closed_at__isnull=True)
    named = open_items.filter(lot_id__in=scope.lot_ids) | open_items.filter(
        serial_id__in=scope.serial_ids
    )
    items: dict[int, set[tuple[int | None, int | None]]] = {}
    rows = open_items.filter(recall__in=named.values("recall"))
    for recall_id, lot_id, serial_id in rows.values_list("recall_id", "lot_id", "serial_id"):
        items.setdefault(recall_id, set()).add((lot_id, serial_id))
    same = [recall_id for recall_id, found in items.items() if found == wanted]
    return Recall.objects.filter(pk__in=same).order_by("pk").first() if same else None


def _events(
    recall: Recall, scope: RecallScope, variant_ids: list[int], board: RecallBoard
) -> Iterator[StockRecalled]:
    """One event, more where the list of demands grows long."""
    demands = [
        *(_demand(work.demand_kind, work.demand_ref, work.quantity) for work in board.open_work),
        *(
            _demand(row.demand_kind, row.demand_ref, row.quantity, is_shipped=True)
            for row in board.shipped
        ),
    ]
    for start in range(0, len(demands) or 1, lots.EVENT_DEMANDS):
        yield StockRecalled(
            organization_id=recall.organization_id,
            recall_ref=recall.public_id,
            lot_ids=list(scope.lot_ids),
            serial_ids=list(scope.serial_ids),
            variant_ids=variant_ids,
            demands=demands[start : start + lots.EVENT_DEMANDS],
            occurred_at=recall.created_at,
        )


def _demand(kind: str, ref: str, units: int, *, is_shipped: bool = False) -> RecalledDemand:
    return RecalledDemand(demand_kind=kind, demand_ref=ref, units=units, is_shipped=is_shipped)
