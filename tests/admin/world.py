"""A small world with a row in every table that staff can open; more orders on request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from carriers.models import LabelIntent, Shipment, TrackingEvent
from inventory.catalog import services as catalog
from inventory.catalog.models import Variant
from inventory.models import SellingRule, StockPosition
from inventory.nodes import services as nodes
from inventory.nodes.types import PoolDraft
from inventory.services import (
    backlog,
    counts,
    lots,
    policies,
    recalls,
    serials,
    stock,
    supply,
    syncing,
)
from inventory.tests.factories import VARIANT
from inventory.types import (
    BacklogLine,
    ChannelReserve,
    LotDraft,
    RecallScope,
    SafetyLimit,
    SellingLimit,
    SerialUnit,
    StockChange,
    SupplyDraft,
    SupplyRef,
)
from inventory.warehouse.models import PutBack, WorkOrder
from inventory.warehouse.services import floor
from oms.cockpit.control_tower.models import Case
from oms.core import clock, ids
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.accounts.services import keys
from oms.infra.jobs import services as jobs
from oms.infra.outbox.models import OutboxEvent, Receipt, Redelivery, RelayHeartbeat
from orders.channels.models import ServiceLevel
from orders.models import Approval, FulfillmentOrder, Hold, ImportFile, Order, TimelineEntry
from orders.services import fulfillment, holds, release, rulebook
from orders.tests.factories import World, a_draft, a_world
from returns.models import Return, ReturnLine
from routing.models import Decision

SECRET_NAME = "Ada Example"


def _set_rule(world: World) -> None:
    with acting(actor="staff:1"):
        rulebook.change(
            organization_id=world.organization_id, channel="", rule="quantity", verdict="hold",
            settings={"line_units": 300}, is_enabled=True, reason="Large orders are usual.",
            based_on=0,
        )  # fmt: skip


def build() -> World:
    """This function will make the parts that orders need, and the machinery's rows."""
    world = a_world(stock_at={"reno": {"A": 900, "B": 900}})
    _track(world)
    RelayHeartbeat.objects.create(name="relay-1", at=clock.real_now(), delivered=7)
    _limit(world)
    _set_rule(world)
    ServiceLevel.objects.create(
        organization_id=world.organization_id, code="gold", name="Gold", rank=35, deadline_days=2
    )
    ImportFile.objects.create(
        organization_id=world.organization_id,
        channel_id=world.channel.id,
        name="orders.csv",
        format="csv",
        size_bytes=100,
        columns=["sku"],
        created_by="staff:1",
    )
    with unit():
        counts.start(node_id=world.node_ids["reno"], variant_ids=[world.variant_ids["B"]])
    return world


def _limit(world: World) -> None:
    node, variant = world.node_ids["reno"], world.variant_ids["B"]
    with acting(actor="staff:1"), unit():
        policies.set_safety_rules(rules=[SafetyLimit(node, 2, variant)])
        policies.set_selling_rules(rules=[SellingLimit(world.organization_id, variant, "web", 1)])
        policies.keep_for_channel(reserves=[ChannelReserve(node, variant, "web", 5, "Launch")])
        nodes.upsert_pools(
            organization_id=world.organization_id, drafts=[PoolDraft("west", "West", ("reno",))]
        )


def _track(world: World) -> None:
    """Two variants of their own, so that orders need not name lots."""
    with unit():
        made = catalog.upsert_variants(
            organization_id=world.organization_id,
            drafts=[replace(VARIANT, sku=sku, name=sku) for sku in ("LOTTED", "NUMBERED")],
        )
    for sku, how in (("LOTTED", "lot"), ("NUMBERED", "serial")):
        Variant.objects.filter(pk=made[sku]).update(tracking=how)


def _tracked(world: World, order: Order) -> None:
    """A lot, a numbered unit and a recall, each of its own."""
    node = world.node_ids["reno"]
    lotted, numbered = (
        Variant.objects.get(organization_id=world.organization_id, sku=sku).pk
        for sku in ("LOTTED", "NUMBERED")
    )
    with unit():
        code = f"L-{order.pk}"
        lot_id = lots.register(drafts=[LotDraft(lotted, code)])[lotted, code]
        stock.receive(changes=[StockChange(node, lotted, 5, lot_id=lot_id)])
        serials.receive(serials=[SerialUnit(node, numbered, f"N-{order.pk}")])
        recalls.call_back(
            organization_id=world.organization_id, scope=RecallScope((lot_id,)), reason="Breaks."
        )


def grow(world: World, count: int, *, label: str) -> list[Order]:
    """This function will add `count` orders with everything that hangs on an order."""
    now = clock.now()
    refs = [f"{label}-{n}" for n in range(count)]
    placed = world.place(*(a_draft(ref, lines={"A": 1, "B": 2}, placed_at=now) for ref in refs))
    assert all(p.is_placed and not p.holds for p in placed), placed
    release.release_orders(at={p.public_id: now for p in placed})
    _work(placed=[p.public_id for p in placed])
    orders = list(Order.objects.filter(external_ref__in=refs).order_by("pk"))
    for order in orders:
        _hang(world, order)
        _feed(world, f"erp-{order.pk}")

        _tracked(world, order)
        holds.place_hold(order_id=order.pk, type=Hold.Type.OPERATOR, reason="Look at it.")
    return orders


def _work(placed: list[str]) -> None:
    now = clock.now()
    works = list(FulfillmentOrder.objects.filter(order__public_id__in=placed))
    refs = [work.public_id for work in works]
    floor_refs = list(
        WorkOrder.objects.filter(demand_ref__in=refs).values_list("public_id", flat=True)
    )
    floor.pick(work_refs=floor_refs, picker="clerk:1")
    floor.pack(work_refs=floor_refs, packer="clerk:1")
    with unit():
        fulfillment.start(at={ref: now for ref in refs})
        fulfillment.pack(
            cartons={ref: fulfillment.Carton(f"pcl_{ref}", 500, 200, 150, 80, now) for ref in refs}
        )


def _hang(world: World, order: Order) -> None:
    now = clock.now()
    owner = world.organization_id
    shipment = Shipment.objects.get(order_number=str(order.number))
    Shipment.objects.filter(pk=shipment.pk).update(
        tracking_number=f"TRK{order.pk}", cost_amount=Decimal("7.50"), cost_currency="USD"
    )
    TrackingEvent.objects.create(
        carrier=shipment.service.carrier,
        event_key=f"k-{order.pk}",
        tracking_number=f"TRK{order.pk}",
        shipment=shipment,
        carrier_code="PU",
        status="in_transit",
        city="Reno",
        occurred_at=now,
        received_at=now,
    )
    LabelIntent.objects.filter(shipment=shipment).update(state="in_doubt")
    event = OutboxEvent.objects.filter(correlation_id=order.public_id).latest("pk")
    Receipt.objects.create(consumer="test.consumer", event=event, at=now)
    Redelivery.objects.create(
        consumer="test.consumer", event=event, attempts=12, available_at=now, parked_at=now
    )
    TimelineEntry.objects.create(
        order=order,
        event_id=uuid4(),
        kind="warehouse.work.picked.v1",
        actor="relay:test",
        source="floor",
        data={"node_id": world.node_ids["reno"]},
        at=now,
    )
    Approval.objects.create(
        order=order,
        reason="Above the limit.",
        amount=order.owed_amount,
        currency=order.currency,
        requested_by="system:rules",
        expires_at=now + timedelta(hours=24),
    )
    Case.objects.create(
        public_id=ids.public_id("cas"),
        organization_id=owner,
        kind=Case.Kind.LABEL_FAILED,
        subject_kind="shipment",
        subject_ref=shipment.public_id,
        correlation_id=order.public_id,
        label=str(order.number),
        why="The carrier refused it.",
        opened_at=now,
        due_at=now + timedelta(hours=1),
    )
    back = Return.objects.create(
        organization_id=owner, order=order, node_id=world.node_ids["reno"], reason="unwanted"
    )
    line = order.lines.first()
    assert line is not None
    ReturnLine.objects.create(parent=back, order_line=line, variant=line.variant, quantity=1)
    PutBack.objects.create(
        work_order=WorkOrder.objects.filter(correlation_id=order.public_id).latest("pk"),
        node_id=world.node_ids["reno"],
        variant=line.variant,
        quantity=1,
    )
    _let_wait(world, order)
    jobs.start(
        kind="import", key=str(order.pk), organization_id=owner, total=9, created_by="staff:1"
    )
    keys.create(
        organization_id=owner, name=f"Key {order.pk}", scopes=["orders:read"], created_by="staff:1"
    )


def _feed(world: World, code: str) -> None:
    """Another system that counts one unit of A too few."""
    with unit():
        syncing.add_source(organization_id=world.organization_id, code=code, kind="erp")
    counts = [{"node": "reno", "sku": "A", "on_hand": position(world).on_hand - 1}]
    snapshot = {"sequence": 1, "kind": "snapshot", "places": counts}
    syncing.deliver(organization_id=world.organization_id, source=code, items=[snapshot])


def _let_wait(world: World, order: Order) -> None:
    """An arrival, and somebody who waits for it."""
    variant_id = world.variant_ids["B"]
    SellingRule.objects.get_or_create(
        organization_id=world.organization_id, variant_id=variant_id, backorder_limit=None
    )
    ref = SupplyRef(world.organization_id, "purchase_order", f"PO-{order.pk}")
    line = BacklogLine(world.organization_id, "order", f"later-{order.pk}", "1", variant_id, 1)
    with unit():
        supply.announce(
            lines=[
                SupplyDraft(
                    ref, world.node_ids["reno"], variant_id, 5, clock.now().date() + timedelta(9)
                )
            ]
        )
        backlog.enqueue(lines=[line])


def decision_of(order: Order) -> Decision:
    return Decision.objects.get(demand_ref=order.public_id)


def position(world: World, sku: str = "A") -> StockPosition:
    return StockPosition.objects.get(
        node_id=world.node_ids["reno"], variant_id=world.variant_ids[sku]
    )
