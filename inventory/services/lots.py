"""Keeps lots: what they are, and whether they may be sold. A blocked lot is not promised from the
commit on; what was promised before stays, and is told.

All services need the caller's transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from inventory.catalog import selectors as catalog
from inventory.events import LotBlocked, LotDemand, LotUnblocked
from inventory.models import Lot, RecallItem
from inventory.models.lots import Block
from inventory.selectors import lots as selectors
from inventory.selectors.lots import UnknownLot
from inventory.services import balances
from inventory.services.tracking import LotNotTracked
from inventory.types import LotDraft, OpenWork
from oms.core import clock
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid
from oms.core.events import Event
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

__all__ = ["UnknownLot", "block", "register", "unblock"]

#: Found by variant and code.
LotKey = tuple[int, str]

_FIELDS = ("expires_on", "removal_on", "cost_amount", "cost_currency")
_MAX_CODE = 60
_MAX_REASON = 100
_BATCH = 2_000

#: Demands in one event; a lot may be promised to tens of thousands.
EVENT_DEMANDS = 1_000


class InvalidLot(Invalid):
    code = "inventory.invalid_lot"


class LotRecalled(Conflict):
    """The lot is under an open recall; it is free for sale again only after that is closed."""

    code = "inventory.lot_recalled"


class LotIsBlocked(Conflict):
    """Units of a blocked lot stay where they are, also those that were promised before."""

    code = "inventory.lot_is_blocked"


@needs_transaction
def require_unblocked(*, lot_ids: Collection[int]) -> None:
    """This function will refuse lots that may not leave their shelves; nothing asked, no statement.

    :raises LotIsBlocked: names them.
    """
    blocked = Lot.objects.filter(pk__in=set(lot_ids)).exclude(block="") if lot_ids else ()
    codes = sorted(lot.code for lot in blocked)
    if codes:
        raise LotIsBlocked(
            f"Lot {codes[0]} is blocked; give its units back and pick others.", data={"lots": codes}
        )


@needs_transaction
def register(*, drafts: Sequence[LotDraft]) -> dict[LotKey, int]:
    """This function will make the lots that are new and change those that differ.

    Equal ones are not written. Edits are kept as history. Two who register the same lot at once
    take turns.

    :returns: primary keys by (variant, code).
    :raises InvalidLot: a draft is wrong, or a lot occurs twice; nothing is written.
    :raises LotNotTracked: a variant is unknown, or counted without lots.
    """
    _check(drafts)
    _require_tracked(drafts)
    existing = {
        (lot.variant_id, lot.code): lot
        for lot in Lot.objects.select_for_update()
        .filter(
            variant_id__in={draft.variant_id for draft in drafts},
            code__in={draft.code for draft in drafts},
        )
        .order_by("pk")
    }
    new = [_lot(draft) for draft in drafts if (draft.variant_id, draft.code) not in existing]
    changed = [
        existing[draft.variant_id, draft.code]
        for draft in drafts
        if (draft.variant_id, draft.code) in existing
        and _change(existing[draft.variant_id, draft.code], draft)
    ]
    if new:
        new = bulk_create_with_history(
            new, Lot, batch_size=_BATCH, default_change_reason=current().actor
        )
    _update(changed, _FIELDS, current().actor)
    made = {(lot.variant_id, lot.code): lot for lot in new}
    known = {**existing, **made}
    return {(d.variant_id, d.code): known[d.variant_id, d.code].pk for d in drafts}


@needs_transaction
def block(
    *, lot_ids: Collection[int], block: str, reason: str, at: datetime | None = None
) -> list[OpenWork]:
    """This function will keep lots from being sold, everywhere, from the commit on.

    What is allocated or picked stays; it is told in `LotBlocked`, so that it may be routed again. A
    lot that is blocked so already is left as it is.

    :returns: the allocated and picked units of the lots.
    :raises InvalidLot: no such kind of block.
    :raises UnknownLot: there is no such lot.
    :raises LotRecalled: an open recall blocks a lot for another reason.
    """
    if block not in Block.values or not block:
        raise InvalidLot(f"A lot cannot be blocked as {block!r}.")
    return _set(lot_ids, block, reason, at or clock.now())


@needs_transaction
def unblock(*, lot_ids: Collection[int], reason: str, at: datetime | None = None) -> list[OpenWork]:
    """This function will let lots be sold again.

    :returns: the allocated and picked units of the lots.
    :raises UnknownLot: there is no such lot.
    :raises LotRecalled: a lot is under an open recall.
    """
    return _set(lot_ids, Block.NONE, reason, at or clock.now())


def _set(lot_ids: Collection[int], block: str, reason: str, at: datetime) -> list[OpenWork]:
    # Who is reserving right now is done before, and told of; who comes after sees the block.
    positions = balances.lock_ids(position_ids=selectors.position_ids(lot_ids=lot_ids))
    rows = list(
        Lot.objects.select_for_update(of=("self",))
        .select_related("variant")
        .filter(pk__in=set(lot_ids))
        .order_by("pk")
    )
    if len(rows) != len(set(lot_ids)):
        raise UnknownLot("There is no such lot.")
    changed = [lot for lot in rows if lot.block != block]
    _refuse_recalled([lot for lot in changed if block != Block.RECALLED])
    for lot in changed:
        lot.block = block
    _update(changed, ("block",), f"{current().actor}: {reason}")
    work = selectors.list_open_work(lot_ids=lot_ids)
    nodes = _nodes([lot.pk for lot in changed], {p.id: p.node_id for p in positions})
    emitting.emit_many(list(_events(changed, work, nodes, at)))
    return work


def _refuse_recalled(lots: Sequence[Lot]) -> None:
    recalled = [lot for lot in lots if lot.block == Block.RECALLED]
    if not recalled:
        return
    items = RecallItem.objects.filter(lot__in=recalled, recall__closed_at__isnull=True)
    item = items.select_related("lot", "recall").order_by("pk").first()
    if item is not None and item.lot is not None:
        raise LotRecalled(
            f"Lot {item.lot.code} is under recall {item.recall.public_id}; close that first.",
            data={"lot": item.lot.code, "recall": item.recall.public_id},
        )


def _nodes(lot_ids: Collection[int], node_of: Mapping[int, int]) -> dict[int, list[int]]:
    nodes: dict[int, list[int]] = defaultdict(list)
    for lot_id, position_id in selectors.list_places(lot_ids=lot_ids):
        if position_id in node_of:
            nodes[lot_id].append(node_of[position_id])
    return nodes


def _events(
    lots: Sequence[Lot], work: Sequence[OpenWork], nodes: Mapping[int, list[int]], at: datetime
) -> Iterator[Event]:
    demands: dict[int, list[LotDemand]] = defaultdict(list)
    for item in work:
        if item.status == "allocated" and item.lot_id is not None:
            demands[item.lot_id].append(
                LotDemand(
                    demand_kind=item.demand_kind,
                    demand_ref=item.demand_ref,
                    node_id=item.node_id,
                    units=item.quantity,
                )
            )
    for lot in lots:
        owner, places = lot.variant.organization_id, sorted(nodes.get(lot.pk, ()))
        if not lot.block:
            yield LotUnblocked(
                organization_id=owner,
                lot_id=lot.pk,
                variant_id=lot.variant_id,
                node_ids=places,
                occurred_at=at,
            )
            continue
        told = demands[lot.pk]
        for start in range(0, len(told) or 1, EVENT_DEMANDS):
            yield LotBlocked(
                organization_id=owner,
                lot_id=lot.pk,
                variant_id=lot.variant_id,
                block=lot.block,
                node_ids=places,
                demands=told[start : start + EVENT_DEMANDS],
                occurred_at=at,
            )


def _check(drafts: Sequence[LotDraft]) -> None:
    seen: set[LotKey] = set()
    for index, draft in enumerate(drafts):
        key = (draft.variant_id, draft.code)
        if key in seen:
            raise _invalid(index, "code", f"Lot {draft.code} occurs twice.")
        seen.add(key)
        if draft.code != draft.code.strip() or not 1 <= len(draft.code) <= _MAX_CODE:
            raise _invalid(index, "code", f"Give the lot a code of 1 to {_MAX_CODE} characters.")
        if draft.removal_on and draft.expires_on and draft.removal_on > draft.expires_on:
            raise _invalid(index, "removal_on", f"Lot {draft.code} is removed after it expires.")
        _check_cost(index, draft)


def _check_cost(index: int, draft: LotDraft) -> None:
    if draft.cost_amount is None:
        return
    if not Decimal(0) <= draft.cost_amount < Decimal(10) ** 14:
        raise _invalid(index, "cost_amount", f"Lot {draft.code}: no such unit cost.")
    if len(draft.cost_currency) != 3:
        raise _invalid(index, "cost_currency", f"Lot {draft.code}: name the currency of its cost.")


def _require_tracked(drafts: Sequence[LotDraft]) -> None:
    tracking = catalog.lock_tracking(variant_ids={draft.variant_id for draft in drafts})
    for index, draft in enumerate(drafts):
        if tracking.get(draft.variant_id, "none") == "none":
            detail = f"Variant {draft.variant_id} is not tracked by lot."
            raise LotNotTracked(
                detail, errors=[FieldError(f"/{index}/variant_id", "lot_not_tracked", detail)]
            )


def _invalid(index: int, field: str, detail: str) -> InvalidLot:
    return InvalidLot(detail, errors=[FieldError(f"/{index}/{field}", "invalid", detail)])


def _lot(draft: LotDraft) -> Lot:
    return Lot(
        variant_id=draft.variant_id,
        code=draft.code,
        **{name: getattr(draft, name) for name in _FIELDS},
    )


def _change(lot: Lot, draft: LotDraft) -> bool:
    """Sets what differs; tells whether anything did."""
    differing = [name for name in _FIELDS if getattr(lot, name) != getattr(draft, name)]
    for name in differing:
        setattr(lot, name, getattr(draft, name))
    return bool(differing)


def _update(lots: Sequence[Lot], fields: Sequence[str], reason: str) -> None:
    if lots:
        bulk_update_with_history(
            lots, Lot, fields, batch_size=_BATCH, default_change_reason=reason[:_MAX_REASON]
        )
