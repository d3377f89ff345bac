"""What the open holds of orders stop, told to the floor and the carriers as it stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Exists, OuterRef, Q

from carriers.services import stops
from inventory.warehouse.services import work
from oms.core.transactions import needs_transaction
from orders.models import FulfillmentOrder, Hold, Order

ROUTING, LABEL = Hold.Scope.ROUTING, Hold.Scope.LABEL


def list_stopped(*, orders: Collection[Order], scope: str = ROUTING) -> set[int]:
    """This function will return the keys of the orders of which a hold stops this, in one
    statement."""
    waiting = Hold.objects.filter(order__in=orders, released_at=None, scopes__contains=[scope])
    return set(waiting.values_list("order_id", flat=True))


@needs_transaction
def tell(*, orders: Sequence[Order]) -> None:
    """This function will stop exactly what the open holds of the orders stop, on the floor and at
    the carriers, and let everything else of them go on. The caller has locked the orders.

    Constant statements for any number of orders.
    """
    if not orders:
        return
    found = _stops(orders)
    _tell(orders, {order.pk: found.get(order.pk, {}) for order in orders})


@needs_transaction
def tell_of_new_work(*, orders: Sequence[Order]) -> None:
    """This function will stop what was just given to floor or carriers and is on hold; one
    statement where nothing is."""
    found = _stops(orders)
    _tell([order for order in orders if order.pk in found], found)


def _stops(orders: Collection[Order]) -> dict[int, dict[str, str]]:
    """Scope → the type of the oldest hold that stops it, by order."""
    found: dict[int, dict[str, str]] = {}
    rows = Hold.objects.filter(order__in=orders, released_at=None).order_by("pk")
    for order_id, kind, scopes in rows.values_list("order_id", "type", "scopes"):
        for scope in scopes:
            found.setdefault(order_id, {}).setdefault(scope, kind)
    return found


def _tell(orders: Sequence[Order], found: dict[int, dict[str, str]]) -> None:
    if not orders:
        return
    work.block(stops={order.public_id: found[order.pk] for order in orders})
    stops.stop_labels(codes=_labels(orders, found))


def _labels(orders: Sequence[Order], found: dict[int, dict[str, str]]) -> dict[str, str]:
    """What stops the label of each parcel, by the work it is known by; a shared one is stopped by
    a hold on any of its orders."""
    shares = FulfillmentOrder.objects.filter(merged_into=OuterRef("pk"))
    works = list(
        FulfillmentOrder.objects.filter(order__in=orders)
        .annotate(is_lead=Exists(shares))
        .values_list("public_id", "order_id", "pk", "merged_into_id", "is_lead")
    )
    codes = {
        ref: found[order_id].get(LABEL, "") for ref, order_id, _, lead, _ in works if lead is None
    }
    shared = {lead or key for _, _, key, lead, is_lead in works if lead or is_lead}
    return codes | _shared_labels(shared) if shared else codes


def _shared_labels(leads: Collection[int]) -> dict[str, str]:
    members = FulfillmentOrder.objects.filter(Q(pk__in=leads) | Q(merged_into__in=leads))
    rows = list(members.order_by("pk").values_list("public_id", "order_id", "pk", "merged_into_id"))
    names = {key: ref for ref, _, key, lead in rows if lead is None}
    found = _stops(Order.objects.filter(pk__in={order_id for _, order_id, _, _ in rows}))
    codes = dict.fromkeys(names.values(), "")
    for _, order_id, key, lead in rows:
        parcel = names[lead or key]
        codes[parcel] = codes[parcel] or found.get(order_id, {}).get(LABEL, "")
    return codes
