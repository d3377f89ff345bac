"""Reads of orders for the API, the admin and the public page."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Count, Prefetch, Q, QuerySet

from oms.core import transitions
from oms.core.errors import NotFound
from orders.models import FulfillmentLine, FulfillmentOrder, Order, OrderLine, TimelineEntry


class UnknownOrder(NotFound):
    code = "orders.unknown"


def list_for(*, organization_id: int) -> QuerySet[Order]:
    """This function will return the organization's orders, newest first."""
    return _placed().filter(organization_id=organization_id).order_by("-id")


def _placed() -> QuerySet[Order]:
    """Drafts are no orders yet."""
    return Order.objects.exclude(status=Order.Status.DRAFT)


def list_drafts(*, organization_id: int) -> QuerySet[Order]:
    """This function will return the organization's drafts with their lines, newest first."""
    drafts = Order.objects.filter(organization_id=organization_id, status=Order.Status.DRAFT)
    lines = OrderLine.objects.order_by("position")
    return (
        drafts.select_related("channel").prefetch_related(Prefetch("lines", lines)).order_by("-id")
    )


def get_for(*, organization_id: int, public_id: str) -> Order:
    """This function will return one order with lines, holds and work, in a constant number of
    statements.

    :raises UnknownOrder: the organization has none with this identifier.
    """
    order = (
        _complete(_placed().filter(organization_id=organization_id))
        .filter(public_id=public_id)
        .first()
    )
    if order is None:
        raise UnknownOrder("There is no such order.")
    return order


def keys_by_ref(*, organization_id: int, references: Collection[str]) -> dict[str, int]:
    """This function will return the keys of the organization's orders among the references."""
    found = Order.objects.filter(organization_id=organization_id, public_id__in=set(references))
    return dict(found.values_list("public_id", "pk"))


def get_key(*, organization_id: int, public_id: str) -> int:
    """This function will return the primary key of one of the organization's orders.

    :raises UnknownOrder: the organization has none with this identifier.
    """
    rows = Order.objects.filter(organization_id=organization_id, public_id=public_id)
    key = rows.values_list("pk", flat=True).first()
    if key is None:
        raise UnknownOrder("There is no such order.")
    return key


def find_by_tracking_hash(*, tracking_hash: str) -> Order | None:
    """This function will return the order behind a tracking link, or None."""
    return _complete(_placed().filter(tracking_hash=tracking_hash)).first()


def has_tracking_hash(*, tracking_hash: str) -> bool:
    """This function will tell whether a tracking link leads to an order."""
    return _placed().filter(tracking_hash=tracking_hash).exists()


def _complete(orders: QuerySet[Order]) -> QuerySet[Order]:
    work = FulfillmentOrder.objects.order_by("pk").select_related("node", "merged_into")
    lines = FulfillmentLine.objects.order_by("pk")
    return orders.select_related("channel", "organization", "replaces").prefetch_related(
        Prefetch("replacements", Order.objects.only("public_id", "number", "replaces")),
        Prefetch("lines", OrderLine.objects.order_by("position").select_related("variant")),
        "holds",
        Prefetch("fulfillment_orders", work.prefetch_related(Prefetch("lines", lines))),
    )


def parcel_refs(works: Iterable[FulfillmentOrder]) -> list[str]:
    """This function will return under which works the parcels of these are known: their own, or
    those they share a parcel with."""
    return sorted({(work.merged_into or work).public_id for work in works})


def sharing_order_refs(*, work_refs: Collection[str]) -> set[str]:
    """This function will return the orders in the parcels of some works beside those works' own."""
    rows = FulfillmentOrder.objects.filter(merged_into__public_id__in=set(work_refs))
    return set(rows.values_list("order__public_id", flat=True))


def list_timeline(*, order_id: int) -> QuerySet[TimelineEntry]:
    """This function will return the order's story, oldest first."""
    return TimelineEntry.objects.filter(order_id=order_id).order_by("at", "pk")


def allowed_actions(order: Order) -> list[str]:
    """This function will return what a partner may do with the order now."""
    owes = any(line.ordered > line.cancelled + line.shipped for line in order.lines.all())
    can_cancel = "cancel" in transitions.allowed_triggers(order) and owes
    allowed = {"cancel": can_cancel, "edit": is_editable(order)}
    return [name for name, is_open in allowed.items() if is_open]


#: What stands and is not closed may be changed.
EDITABLE = (Order.Status.VERIFYING, Order.Status.CONFIRMED, Order.Status.RELEASED)


def is_editable(order: Order) -> bool:
    """This function will tell whether anything about the order may still be changed."""
    return order.status in EDITABLE


def is_cancellation_pending(order: Order) -> bool:
    """This function will tell whether a floor was asked to cancel units and has not answered."""
    works = order.fulfillment_orders.all()
    return any(work.request == FulfillmentOrder.Request.CANCEL_REQUESTED for work in works)


def count_by_status() -> dict[str, int]:
    """This function will return how many orders stand in each status, and how many arrived."""
    counts = dict(_placed().values_list("status").annotate(n=Count("id")).order_by())
    counts["delivered"] = Order.objects.filter(delivered_at__isnull=False).count()
    counts["on_hold"] = (
        Order.objects.filter(Q(holds__released_at=None), holds__isnull=False).distinct().count()
    )
    return counts


def derived_fulfillment(order: Order) -> str:
    """This function will return the word for where the goods are, from the line counters."""
    lines = list(order.lines.all())
    wanted = sum(line.ordered - line.cancelled for line in lines)
    shipped = sum(line.shipped for line in lines)
    if wanted == 0:
        return "cancelled"
    if sum(line.delivered for line in lines) >= wanted:
        return "delivered"
    if shipped >= wanted:
        return "shipped"
    if shipped:
        return "partial"
    if any(line.backordered for line in lines):
        return "backordered"
    if sum(line.allocated for line in lines) < wanted:
        return "unallocated"
    begun = any(f.status in ("in_progress", "packed") for f in order.fulfillment_orders.all())
    return "in_progress" if begun else "allocated"


def find_moving_public_id() -> str:
    """This function will return the newest order that is with a node or a carrier, or ""."""
    moving = Order.objects.filter(status=Order.Status.RELEASED).order_by("-id")
    return moving.values_list("public_id", flat=True).first() or ""
