"""Orders that may ship in parts: what is there goes at once, and only the rest waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from inventory.selectors import availability
from oms.core.transactions import needs_transaction
from orders.models import Hold, Order
from orders.services import holding, release, stopping
from orders.services.recording import Recorded

#: What a hold for missing units stops once the others are on their way.
ONLY_THE_REST = ["routing"]


@needs_transaction
def with_something_there(*, items: Sequence[Recorded], waiting: Collection[int]) -> list[Recorded]:
    """This function will return the orders that may ship in parts and of which a part can go now,
    each with that part noted. What orders that wait keep is theirs; for the others, the free units
    are shared out in the order given. One statement per organization.
    """
    allowed = [item for item in items if item.order.is_partial_allowed]
    found = [item for item in allowed if item.order.pk in waiting]
    for item in found:
        item.may_hold = True
        item.part = {line.position: line.unallocated for line in item.lines}
    by_seller: dict[int, list[Recorded]] = defaultdict(list)
    for item in allowed:
        if item.order.pk not in waiting and item.part is None:
            by_seller[item.order.organization_id].append(item)
    for organization_id, mine in by_seller.items():
        _share_out(organization_id, mine)
        found += mine
    return [item for item in found if any(item.asked(line) for line in item.lines)]


def _share_out(organization_id: int, items: Sequence[Recorded]) -> None:
    variants = {line.variant_id for item in items for line in item.lines if line.unallocated}
    free: Counter[int] = Counter()
    for place in availability.list_for(
        organization_id=organization_id, variant_ids=sorted(variants)
    ):
        free[place.variant_id] += place.available
    for item in items:
        item.part = {}
        for line in item.lines:
            units = min(line.unallocated, max(0, free[line.variant_id]))
            free[line.variant_id] -= units
            item.part[line.position] = units


@needs_transaction
def go_ahead(*, orders: Sequence[Order]) -> None:
    """This function will release what found its way of orders whose rest is still missing: their
    hold stops only that rest from now on."""
    if not orders:
        return
    Hold.objects.filter(order__in=orders, type__in=holding.ROUTED_HOLDS, released_at=None).update(
        scopes=ONLY_THE_REST
    )
    stopping.tell(orders=orders)
    release.release(orders=release.not_stopped(orders=orders), at={})
