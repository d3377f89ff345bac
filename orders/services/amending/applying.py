"""Carries an edit out: order and lines changed, stock and work with them, the rules asked again,
and what is left routed. The preview runs the very same and takes it back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from inventory.catalog import selectors as catalog
from oms.core import bulk, clock
from oms.core.errors import FieldError
from oms.core.transactions import needs_transaction
from orders import amounts
from orders.channels import selectors as channels
from orders.models import Order, OrderLine
from orders.services import (
    fulfillment,
    marking,
    merging,
    paying,
    prioritizing,
    recording,
    verification,
)
from orders.services.amending import actions as kinds
from orders.services.amending import continuing, editing, outcomes, standing, taking_back
from orders.services.amending.actions import Action, refuse
from orders.services.amending.addressing import Destination, find
from orders.services.amending.editing import Edited
from orders.services.amending.standing import Standing


@needs_transaction
def apply(*, order_id: int, actions: Sequence[Action]) -> dict[str, Any]:
    """This function will change the order as the actions say and return what that did.

    :raises NotEditable: the order is closed.
    :raises InvalidAmendment: an action is wrong; every wrong one is named.
    :raises CannotRemove: units are picked, shipped or worked on.
    """
    stands = standing.lock(order_id)
    before = outcomes.take(order_id)
    edited = _edit(stands, actions)
    is_planned_anew = _is_planned_anew(stands, edited)
    since = taking_back.take_back(standing=stands, edited=edited, is_planned_anew=is_planned_anew)
    _save_lines(edited)
    _save_order(stands, edited)
    prioritizing.recompute(order_ids=[order_id])
    verification.verify_again(orders=[Order.objects.get(pk=order_id)])
    paying.settle(order_ids=[order_id])
    continuing.move_on(order_id=order_id, since=since)
    marking.mark(at={order_id: clock.now()})
    if edited.removed:
        fulfillment.conclude(order_ids=[order_id])
    return outcomes.compare(before, outcomes.take(order_id))


def _edit(stands: Standing, actions: Sequence[Action]) -> Edited:
    skus = sorted({action.sku for action in actions if isinstance(action, kinds.AddLine)})
    facts = (
        catalog.facts_by_sku(organization_id=stands.order.organization_id, skus=skus)
        if skus
        else {}
    )
    contacts = {a.contact for a in actions if isinstance(a, kinds.ChangeAddress)}
    destinations = {contact: find(stands.order, contact) for contact in contacts}
    tiers = _tiers(stands) if any(isinstance(a, kinds.ChangeTier) for a in actions) else ()
    return editing.Editor(stands, facts, destinations, tiers).take(actions)


def _tiers(stands: Standing) -> tuple[str, ...]:
    order = stands.order
    return channels.offered_tiers(
        organization_id=order.organization_id, channel_id=order.channel_id
    )


def _is_planned_anew(stands: Standing, edited: Edited) -> bool:
    """Whether what no node has begun with needs another plan.

    :raises InvalidAmendment: what is begun could not follow.
    """
    is_elsewhere = edited.destination is not None and _is_elsewhere(
        stands.order, edited.destination
    )
    if edited.destination is not None:
        _require_unlabeled(stands, is_elsewhere=is_elsewhere)
        merging.go_alone(works=[*stands.free_works, *stands.begun_works])
    if "tier" in edited.values:
        _require_plannable(stands)
    return is_elsewhere or bool({"tier", "is_partial_allowed"} & edited.values.keys())


def _is_elsewhere(order: Order, to: Destination) -> bool:
    address = to.verdict.address
    where = (address.country, address.region, address.city, _coarse(to.latitude),
             _coarse(to.longitude))  # fmt: skip
    return where != (order.country, order.region, order.city, order.latitude, order.longitude)


def _coarse(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 2)


def _require_unlabeled(stands: Standing, *, is_elsewhere: bool) -> None:
    begun = stands.begun_works
    if any(line.shipped for line in stands.lines) or any(_is_packed(stands, w) for w in begun):
        detail = (
            "A parcel is packed or on its way to the old address. Ask the carrier to redirect it, "
            "or cancel what is left and send that as a replacement to the new address."
        )
        raise refuse([FieldError("/actions", "label_bought", detail)])
    if begun and is_elsewhere:
        detail = (
            "A node is picking for the old place. Ask the floor to stop and take the work back "
            "first; the name and street may be changed at any time until it is packed."
        )
        raise refuse([FieldError("/actions", "work_begun", detail)])


def _is_packed(stands: Standing, node_work: Any) -> bool:
    far = ("packed", "labeled", "handed_over")
    return node_work.status == "packed" or stands.floor.get(node_work.public_id, "") in far


def _require_plannable(stands: Standing) -> None:
    if not any(stands.removable().values()):
        detail = "Every unit is with a node or has left; the service level cannot change any more."
        raise refuse([FieldError("/actions", "nothing_to_plan", detail)])


_COUNTS = (
    "ordered", "cancelled", "unallocated", "backordered", "allocated", "unit_amount",
    "discount_amount", "tax_amount",
)  # fmt: skip


def _save_lines(edited: Edited) -> None:
    bulk.update_rows(
        OrderLine,
        [
            {"id": line.pk, **{name: getattr(line, name) for name in _COUNTS}}
            for line in edited.lines
        ],
    )
    if edited.added:
        recording.insert_lines(edited.added)


def _save_order(stands: Standing, edited: Edited) -> None:
    order = stands.order
    for name, value in {**_sums(stands, edited), **_where(edited), **edited.values}.items():
        setattr(order, name, value)
    order.version += 1
    fields = [*_SUMS, *_WHERE, *_VALUES, "version"]
    bulk.update_rows(Order, [{"id": order.pk, **{name: getattr(order, name) for name in fields}}])


_SUMS = ("total_amount", "cancelled_amount", "line_count", "unit_count", "content_hash")
_WHERE = ("ship_to_id", "country", "region", "city", "latitude", "longitude", "address_verdict")
_VALUES = ("shipping_amount", "shipping_tax_amount", "tier", "is_partial_allowed")


def _sums(stands: Standing, edited: Edited) -> dict[str, Any]:
    """Amounts by what the edit adds to them: other parts of the total stay as they are."""
    order = stands.order
    old_total, old_gone = _worth(stands.lines, order.currency)
    new_total, new_gone = _worth(edited.every_line, order.currency)
    shipping = sum(
        (
            edited.values[name] - getattr(order, name)
            for name in ("shipping_amount", "shipping_tax_amount")
            if name in edited.values
        ),
        Decimal(0),
    )
    wanted = [line for line in edited.every_line if line.wanted]
    return {
        "total_amount": order.total_amount + new_total - old_total + shipping,
        "cancelled_amount": order.cancelled_amount + new_gone - old_gone,
        "line_count": len(wanted),
        "unit_count": sum(line.wanted for line in wanted),
        "content_hash": _content_hash(wanted),
    }


def _worth(lines: Sequence[OrderLine], currency: str) -> tuple[Decimal, Decimal]:
    """What all ordered units cost, and the part of it that is cancelled."""
    total = sum((amounts.of_line(line) for line in lines), Decimal(0))
    gone = sum(
        (amounts.of_units(line, line.wanted, line.ordered, currency=currency) for line in lines),
        Decimal(0),
    )
    return total, gone


def _content_hash(lines: Sequence[OrderLine]) -> str:
    pairs = sorted((line.sku, line.wanted) for line in lines)
    return hashlib.blake2b(repr(pairs).encode(), digest_size=16).hexdigest()


def _where(edited: Edited) -> Mapping[str, Any]:
    to = edited.destination
    if to is None:
        return {}
    address = to.verdict.address
    return {
        "ship_to_id": to.contact_id,
        "country": address.country,
        "region": address.region[:60],
        "city": address.city[:120],
        "latitude": _coarse(to.latitude),
        "longitude": _coarse(to.longitude),
        "address_verdict": to.verdict.level,
    }
