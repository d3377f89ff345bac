"""What time does to holds: those that end by themselves end, and lateness is told once.

Each call deals with one bounded batch in a constant number of statements.
"""

from __future__ import annotations

from collections import defaultdict

from django.db import connection

from oms.core import clock
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.events import HoldOverdue
from orders.models import Hold, Order
from orders.services import holds

#: Stock ends a stock hold; nobody is late with an answer. Rows that another caller has are his.
_ESCALATE = """
UPDATE orders_hold SET escalated_at = %(now)s
WHERE id IN (
    SELECT id FROM orders_hold
    WHERE released_at IS NULL AND escalated_at IS NULL AND due_at <= %(now)s AND type <> 'stock'
    ORDER BY due_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


@use_case
def release_due(*, limit: int) -> int:
    """This function will lift holds whose time has come, the longest over first.

    :returns: how many were lifted.
    """
    now = clock.now()
    over = {"released_at": None, "releases_at__lte": now}
    due = Hold.objects.filter(**over).order_by("releases_at")
    keys = set(due.values_list("order_id", flat=True)[:limit])
    orders = list(Order.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    types: dict[int, set[str]] = defaultdict(set)
    # Read again behind the locks: a person may have moved or lifted one meanwhile.
    for order_id, kind in Hold.objects.filter(order__in=orders, **over).values_list(
        "order_id", "type"
    ):
        types[order_id].add(kind)
    reason = "Its time was over."
    return len(holds.lift_many(orders=orders, types=types, reason=reason))


@use_case
def escalate_due(*, limit: int) -> int:
    """This function will tell of holds whose answer is late, each once.

    :returns: how many were told.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ESCALATE, {"now": clock.now(), "limit": limit})
        keys = [row[0] for row in cursor.fetchall()]
    late = Hold.objects.filter(pk__in=keys).select_related("order").order_by("due_at", "pk")
    emitting.emit_many([_overdue(hold) for hold in late])
    return len(keys)


def _overdue(hold: Hold) -> HoldOverdue:
    assert hold.due_at is not None and hold.escalated_at is not None
    return HoldOverdue(
        organization_id=hold.order.organization_id,
        order_ref=hold.order.public_id,
        number=str(hold.order.number),
        occurred_at=hold.escalated_at,
        hold_type=hold.type,
        reason=hold.reason,
        due_at=hold.due_at,
    )
