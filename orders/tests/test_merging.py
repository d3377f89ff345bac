"""Several orders in one parcel: one label, each order its own number and counters; and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from carriers.adapters.sandbox import testing
from carriers.models import Shipment
from carriers.services import labels
from inventory.services import ledger
from inventory.warehouse.models import Parcel, WorkOrder
from inventory.warehouse.services import floor as floor_steps
from oms.core.errors import OmsError
from oms.core.transactions import consumer
from oms.infra.outbox.services import relaying
from orders.models import FulfillmentOrder, Order, TimelineEntry
from orders.services import cancellation, fulfillment, holds, merging, parting, splitting
from orders.services.merging import Shared
from orders.services.splitting import WorkPart
from orders.tests.factories import ADA, World, a_world
from orders.tests.works import counters, floor, floor_refs, held, place, work_of, works

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def carrier(settings: Any, tmp_path: Path, transactional_db: None) -> Iterator[None]:
    with testing.running(tmp_path) as running:
        settings.OMS = {
            **settings.OMS,
            "SANDBOX_CARRIER_URL": running.url,
            "SANDBOX_CARRIER_SECRET": testing.SECRET,
        }
        yield


def _two(world: World, **changes: Any) -> tuple[Order, Order]:
    return place(world, "R-1", lines={"A": 2}), place(
        world, "R-2", **{"lines": {"A": 1}, **changes}
    )


def _merge(*orders: Order) -> str:
    refs = [work_of(order).public_id for order in orders]
    [lead] = merging.merge(parcels=[Shared(refs)])
    return lead


def _everything(*orders: Order) -> list[Any]:
    return [
        (
            counters(order), works(order), held(order), floor(order),
            list(FulfillmentOrder.objects.filter(order=order).values_list(
                "merged_into", "service_code", "latest_ship_at")),
            list(WorkOrder.objects.filter(correlation_id=order.public_id).values_list(
                "merged_into", "merged_count", "priority", "due_at", "label")),
        )
        for order in orders
    ]  # fmt: skip


def _send(order: Order) -> str:
    """Picks, packs, labels and hands over the order's work; the parcel's reference."""
    [work] = floor_refs(order)
    floor_steps.pick(work_refs=[work], picker="rosa")
    [parcel] = floor_steps.pack(work_refs=[work], packer="rosa")
    relaying.drain()
    labels.buy_due(limit=10)
    relaying.drain()
    floor_steps.hand_over(work_refs=[work])
    relaying.drain()
    return parcel


def test_one_parcel_with_one_label_serves_both_orders_once() -> None:
    world = a_world()
    first, second = _two(world)
    lead = _merge(first, second)

    parcel = _send(first)

    assert lead == work_of(first).public_id
    assert Parcel.objects.count() == 1
    [shipment] = Shipment.objects.all()
    assert (shipment.parcel_ref, shipment.demand_ref) == (parcel, lead)
    assert shipment.weight_g == 120 + 3 * 400
    assert shipment.tracking_number
    assert [counters(order)[1]["shipped"] for order in (first, second)] == [2, 1]
    assert [status for o in (first, second) for _, _, _, status, _ in works(o)] == ["closed"] * 2
    assert ledger.verify().differences == []


def test_each_order_is_delivered_and_completed_once() -> None:
    world = a_world()
    first, second = _two(world)
    lead = _merge(first, second)
    _send(first)
    at = {lead: Order.objects.get(pk=first.pk).placed_at}

    for _ in range(2):
        with consumer():
            fulfillment.deliver(at=at)

    assert [counters(order)[1]["delivered"] for order in (first, second)] == [2, 1]
    assert set(Order.objects.values_list("status", flat=True)) == {"completed"}


def test_each_story_tells_of_the_parcel() -> None:
    world = a_world()
    first, second = _two(world)
    _merge(first, second)

    _send(first)

    for order, other in ((first, second), (second, first)):
        told = TimelineEntry.objects.filter(order=order)
        kinds = list(told.values_list("kind", flat=True))
        for kind in ("warehouse.work.packed.v1", "carriers.label.bought.v1",
                     "warehouse.work.handed_over.v1"):  # fmt: skip
            assert kinds.count(kind) == 1
        merged = told.get(kind="orders.work.merged.v1")
        assert merged.data["with_numbers"] == [str(other.number)]


def test_taking_a_parcel_apart_restores_both_orders_exactly() -> None:
    world = a_world()
    first, second = _two(world)
    before = _everything(first, second)
    _merge(first, second)
    assert _everything(first, second) != before

    merging.unmerge(work_refs=[work_of(second).public_id])

    assert _everything(first, second) == before


def test_of_three_the_others_stay_together() -> None:
    world = a_world()
    first, second = _two(world)
    third = place(world, "R-3")
    _merge(first, second, third)

    merging.unmerge(work_refs=[work_of(first).public_id])

    lead = work_of(second)
    assert [work_of(o).merged_into_id for o in (first, second, third)] == [None, None, lead.pk]
    assert [
        (w.merged_count, w.merged_into_id is not None) for w in WorkOrder.objects.order_by("pk")
    ] == [(0, False), (1, False), (0, True)]


def test_only_the_lead_waits_in_the_queue() -> None:
    world = a_world()
    first, second = _two(world)
    _merge(first, second)

    assert floor_steps.claim_next(status="open", limit=5) == floor_refs(first)
    with pytest.raises(floor_steps.WorkMerged):
        floor_steps.pick(work_refs=floor_refs(second), picker="rosa")


def test_a_hold_on_one_stops_the_parcel_until_it_is_lifted() -> None:
    world = a_world()
    first, second = _two(world)
    _merge(first, second)
    holds.place_hold(order_id=second.pk, type="operator", reason="Call first.")

    assert floor_steps.claim_next(status="open", limit=5) == []
    with pytest.raises(floor_steps.WorkBlocked):
        floor_steps.pick(work_refs=floor_refs(first), picker="rosa")
    holds.release_hold(order_id=second.pk, type="operator", reason="Called.")
    _send(first)

    assert [counters(order)[1]["shipped"] for order in (first, second)] == [2, 1]


@pytest.mark.parametrize("leaver", [0, 1])
def test_cancelling_one_leaves_the_other_alone(leaver: int) -> None:
    world = a_world()
    orders = _two(world)
    _merge(*orders)
    gone, stays = orders[leaver], orders[1 - leaver]

    cancellation.cancel(order_id=gone.pk, reason="Changed my mind.")
    _send(stays)

    assert held(gone) == {}
    assert Parcel.objects.get().work_order.correlation_id == stays.public_id
    assert Shipment.objects.get().demand_ref == work_of(stays).public_id
    assert Order.objects.get(pk=gone.pk).status == "cancelled"
    assert ledger.verify().differences == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"recipient": replace(ADA, lines=("2 Main Street",))}, merging.OtherAddress),
        ({"recipient": replace(ADA, name="Bob Example")}, merging.OtherAddress),
        ({"tier": "economy"}, merging.OtherTier),
        ({"lines": {"B": 1}}, merging.OtherNode),
    ],
)
def test_what_does_not_belong_together_is_refused(
    changes: dict[str, Any], error: type[OmsError]
) -> None:
    world = a_world(stock_at={"reno": {"A": 5}, "dallas": {"B": 5}})
    first, second = _two(world, **changes)
    before = _everything(first, second)

    with pytest.raises(error):
        _merge(first, second)

    assert _everything(first, second) == before


def test_the_same_door_written_otherwise_is_the_same() -> None:
    world = a_world()
    again = replace(ADA, name="ADA  example", lines=("1 main street",), email="a@example.com")
    first, second = _two(world, recipient=again)

    assert _merge(first, second)


def test_another_service_is_refused() -> None:
    world = a_world()
    first, second = _two(world)
    FulfillmentOrder.objects.filter(order=second).update(service_code="sandbox_other")

    with pytest.raises(merging.OtherService):
        _merge(first, second)


def test_orders_on_hold_merged_picked_or_cancelled_are_refused() -> None:
    world = a_world()
    first, second = _two(world)
    holds.place_hold(order_id=second.pk, type="operator", reason="Call first.")
    with pytest.raises(merging.OrderOnHold):
        _merge(first, second)
    holds.release_hold(order_id=second.pk, type="operator", reason="Called.")

    _merge(first, second)
    third = place(world, "R-3")
    with pytest.raises(parting.MergedAlready):
        _merge(first, third)
    with pytest.raises(parting.MergedAlready):
        _merge(third, second)
    with pytest.raises(parting.MergedAlready):
        splitting.split_work(parts=[WorkPart(work_of(first).public_id, {1: 1})])

    fourth, fifth = place(world, "R-4"), place(world, "R-5")
    floor_steps.pick(work_refs=floor_refs(fourth), picker="rosa")
    with pytest.raises(parting.PickedAlready):
        _merge(third, fourth)
    closed = work_of(fifth).public_id
    cancellation.cancel(order_id=fifth.pk, reason="Changed my mind.")
    with pytest.raises(parting.WorkClosed):
        merging.merge(parcels=[Shared([work_of(third).public_id, closed])])
    with pytest.raises(merging.NothingToMerge):
        merging.merge(parcels=[Shared([work_of(third).public_id])])
    assert work_of(third).merged_into_id is None


def test_what_was_picked_is_not_taken_apart() -> None:
    world = a_world()
    first, second = _two(world)
    with pytest.raises(merging.NotMerged):
        merging.unmerge(work_refs=[work_of(first).public_id])
    _merge(first, second)
    floor_steps.pick(work_refs=floor_refs(first), picker="rosa")

    with pytest.raises(parting.PickedAlready):
        merging.unmerge(work_refs=[work_of(first).public_id])
    with pytest.raises(cancellation.CannotCancel):
        relaying.drain()
        cancellation.cancel(order_id=second.pk, reason="Changed my mind.")


def test_the_database_refuses_what_does_not_belong_together() -> None:
    world = a_world()
    first, second = _two(world, tier="economy")
    works_of = FulfillmentOrder.objects.filter(pk=work_of(second).pk)

    for lead in (work_of(first).pk, work_of(second).pk):
        with pytest.raises(IntegrityError), transaction.atomic():
            works_of.update(merged_into=lead)


def test_statements_do_not_grow_with_the_number_of_parcels() -> None:
    world = a_world(stock_at={"reno": {"A": 100}})

    def spent(count: int, label: str) -> list[int]:
        pairs = [[place(world, f"{label}-{n}-{m}") for m in range(2)] for n in range(count)]
        refs = [[work_of(order).public_id for order in pair] for pair in pairs]
        counted = []
        with CaptureQueriesContext(connection) as seen:
            assert len(merging.merge(parcels=[Shared(pair) for pair in refs])) == count
        counted.append(len(seen))
        with CaptureQueriesContext(connection) as seen:
            merging.unmerge(work_refs=[pair[0] for pair in refs])
        return [*counted, len(seen)]

    assert spent(1, "few") == spent(6, "many")
