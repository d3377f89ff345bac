"""Which works could go in one parcel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import FulfillmentOrder
from orders.selectors import parcels
from orders.services import holds, merging
from orders.tests.factories import ADA, a_world
from orders.tests.works import place, work_of

pytestmark = pytest.mark.django_db(transaction=True)


def _numbers(**scope: object) -> list[list[int]]:
    found = parcels.list_mergeable(**scope)  # type: ignore[arg-type]
    return [[work.number for work in group] for group in found]


def test_works_of_one_recipient_within_the_window_are_suggested_together() -> None:
    world = a_world(stock_at={"reno": {"A": 50}})
    first = place(world, "R-1")
    second = place(world, "R-2", minutes=20)
    third = place(world, "R-3", minutes=35)
    fourth = place(world, "R-4", minutes=50)
    place(world, "R-5", minutes=5, recipient=replace(ADA, lines=("2 Main Street",)))
    place(world, "R-6", minutes=5, tier="economy")

    assert _numbers() == [[first.number, second.number], [third.number, fourth.number]]
    assert _numbers(organization_id=world.organization_id) == _numbers()
    assert _numbers(organization_id=world.organization_id + 1) == []
    assert _numbers(node_codes=["dallas"]) == []


def test_merged_held_and_begun_works_are_not_suggested() -> None:
    world = a_world(stock_at={"reno": {"A": 50}})
    orders = [place(world, f"R-{n}") for n in range(2)]
    holds.place_hold(order_id=orders[0].pk, type="operator", reason="Call first.")
    assert _numbers() == []
    holds.release_hold(order_id=orders[0].pk, type="operator", reason="Called.")
    assert len(_numbers()) == 1

    merging.merge(parcels=[merging.Shared([work_of(order).public_id for order in orders])])

    assert _numbers() == []


def test_one_statement_and_an_index_of_open_work() -> None:
    world = a_world(stock_at={"reno": {"A": 50}})
    for n in range(3):
        place(world, f"R-{n}")

    with CaptureQueriesContext(connection) as seen:
        [group] = parcels.list_mergeable()

    assert (len(seen), len(group)) == (1, 3)
    sql, params = parcels.newest_open().query.sql_with_params()
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET enable_{way} = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET ALL")
    assert "orders_work_mergeable" in plan
    assert FulfillmentOrder.objects.count() == 3
