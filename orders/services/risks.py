"""Sees orders that will miss their last moment to ship while somebody can still act."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.events import OrderAtRisk
from orders.milestones import FLAGGED, HISTORY, LEADS, LONGEST, WARNING
from orders.models import Order
from orders.services import _milestones_sql


@use_case
def flag(*, now: datetime, limit: int) -> int:
    """This function will flag the orders that missed a milestone on their way to leave in time, or
    have not left shortly before they must; it takes flags back that do not hold any more.

    One statement for all; each order that is newly at risk is told once, until it is out of risk.

    :returns: how many flags changed, `limit` at most.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _milestones_sql.FLAG,
            {
                "now": now,
                "limit": limit,
                "longest": LONGEST.total_seconds(),
                "warning": WARNING.total_seconds(),
                "horizon": now + LONGEST,
                "oldest": now - HISTORY,
                **{milestone.value: LEADS[milestone].total_seconds() for milestone in FLAGGED},
            },
        )
        changed = cursor.fetchall()
    fresh = {key: milestone for key, was, milestone in changed if not was and milestone}
    orders = Order.objects.filter(pk__in=list(fresh)).order_by("pk") if fresh else []
    emitting.emit_many([_at_risk(order, fresh[order.pk], now) for order in orders])
    return len(changed)


def _at_risk(order: Order, milestone: str, now: datetime) -> OrderAtRisk:
    return OrderAtRisk(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=now,
        milestone=milestone,
        latest_ship_at=order.latest_ship_at,
    )
