"""Placement: what is accepted, refused, answered again, held and promised."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog import services as catalog
from inventory.models import Reservation
from inventory.selectors import availability
from inventory.selectors.carts import Wanted
from inventory.services import carts
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent
from orders.customers.models import Customer
from orders.models import FulfillmentOrder, Hold, Order, OrderLine, RuleResult
from orders.tests.factories import ADA, NOW, World, _variant, a_draft, a_world
from orders.types import LineDraft

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def _free(world: World, sku: str) -> int:
    rows = availability.list_for(
        organization_id=world.organization_id, variant_ids=[world.variant_ids[sku]]
    )
    return sum(row.available for row in rows)


def test_place_confirms_reserves_promises_and_proposes_work(world: World) -> None:
    [answer] = world.place(a_draft(lines={"A": 2, "B": 1}))

    order = Order.objects.get(public_id=answer.public_id)
    assert (answer.status, answer.holds, answer.error) == ("confirmed", (), None)
    assert order.total_amount == Decimal("60.00")
    assert order.promised_on is not None and order.promised_on >= NOW.date()
    assert order.latest_ship_at is not None and order.latest_ship_at > NOW
    assert (_free(world, "A"), _free(world, "B")) == (8, 9)
    counters = OrderLine.objects.filter(order=order).values_list("sku", "ordered", "allocated")
    assert sorted(counters) == [("A", 2, 2), ("B", 1, 1)]
    work = FulfillmentOrder.objects.get(order=order)
    assert (work.node_id, work.status) == (world.node_ids["reno"], "proposed")
    names = list(OutboxEvent.objects.order_by("id").values_list("name", flat=True))
    assert names[-4:] == [
        "orders.order.received.v1",
        "routing.decision.made.v1",
        "inventory.stock.reserved.v1",
        "orders.order.confirmed.v1",
    ]


def test_place_answers_the_same_reference_with_the_same_order(world: World) -> None:
    [first] = world.place(a_draft())
    [again] = world.place(a_draft())

    assert (again.public_id, again.is_replay) == (first.public_id, True)
    assert Order.objects.count() == 1
    assert _free(world, "A") == 9


def test_place_answers_one_reference_twice_in_a_batch_with_one_order(world: World) -> None:
    first, again = world.place(a_draft(), a_draft())

    assert first.public_id == again.public_id
    assert (first.is_replay, again.is_replay) == (False, True)
    assert Order.objects.count() == 1


def test_place_refuses_a_taken_reference_with_other_lines(world: World) -> None:
    world.place(a_draft())
    [answer] = world.place(a_draft(lines={"A": 2}))

    assert answer.error is not None
    assert (answer.error.code, answer.error.status) == ("orders.reference_taken", 409)
    assert _free(world, "A") == 9


def test_place_merges_lines_of_one_sku_before_the_stock_is_checked(world: World) -> None:
    [answer] = world.place(a_draft(lines=(LineDraft("A", 6), LineDraft("A", 6))))

    order = Order.objects.get(public_id=answer.public_id)
    assert list(order.lines.values_list("ordered", flat=True)) == [12]
    assert answer.holds == ("stock",)
    assert _free(world, "A") == 10


def test_place_refuses_each_wrong_draft_by_itself_and_names_every_field(world: World) -> None:
    wrong = replace(
        a_draft("R-2", lines=(LineDraft("NOPE", 1), LineDraft("A", 0))),
        currency="XXQ",
        recipient=replace(ADA, country="XX"),
    )
    good, bad = world.place(a_draft("R-1"), wrong)

    assert good.is_placed
    assert bad.error is not None and bad.error.status == 422
    assert sorted((e.pointer, e.code) for e in bad.error.errors) == [
        ("/currency", "unknown_currency"),
        ("/lines/0/sku", "unknown_sku"),
        ("/lines/1/quantity", "invalid_quantity"),
        ("/ship_to/country", "unknown_country"),
    ]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"lines": ()}, "/lines", "empty_order"),
        ({"lines": tuple(LineDraft("A", 1) for _ in range(501))}, "/lines", "too_many_lines"),
        ({"tier": "yesterday"}, "/tier", "unknown_tier"),
        ({"shipping_amount": Decimal("1.005")}, "/shipping_amount", "invalid_amount"),
        ({"shipping_amount": Decimal("-1")}, "/shipping_amount", "invalid_amount"),
        ({"shipping_amount": Decimal("NaN")}, "/shipping_amount", "invalid_amount"),
        ({"external_ref": " "}, "/external_ref", "required"),
    ],
)
def test_place_refuses(world: World, changes: dict[str, object], pointer: str, code: str) -> None:
    [answer] = world.place(replace(a_draft(), **changes))  # type: ignore[arg-type]

    assert answer.error is not None
    assert [(e.pointer, e.code) for e in answer.error.errors] == [(pointer, code)]
    assert (
        Order.objects.count(),
        OutboxEvent.objects.filter(name__startswith="orders").count(),
    ) == (0, 0)


def test_place_holds_an_address_that_does_not_fit_its_country(world: World) -> None:
    [answer] = world.place(a_draft(recipient=replace(ADA, region="HI")))

    hold = Hold.objects.get(order__public_id=answer.public_id)
    assert (answer.status, answer.holds, hold.type) == ("verifying", ("address",), "address")
    assert _free(world, "A") == 10
    verdicts = RuleResult.objects.filter(order_id=hold.order_id).values_list("rule", "verdict")
    assert set(verdicts) == {
        ("address", "hold"),
        *((rule, "pass") for rule in ("contact", "embargo", "quantity", "duplicate")),
        *((rule, "pass") for rule in ("price", "tax", "fraud")),
    }


def test_place_holds_the_second_of_two_equal_orders_of_one_customer(world: World) -> None:
    first = a_draft("R-1", customer_ref="ada")
    second = a_draft("R-2", customer_ref="ada")
    one, two = world.place(first, second)

    assert (one.holds, two.holds) == ((), ("duplicate",))


def test_place_confirms_without_stock_but_on_hold(world: World) -> None:
    [answer] = world.place(a_draft(lines={"A": 11}))

    line = OrderLine.objects.get(order__public_id=answer.public_id)
    assert (answer.status, answer.holds) == ("confirmed", ("stock",))
    assert (line.unallocated, line.allocated) == (11, 0)


def test_place_never_gives_a_batch_more_than_there_is(world: World) -> None:
    answers = world.place(*[a_draft(f"R-{n}", lines={"A": 3}) for n in range(4)])

    assert [answer.holds for answer in answers] == [(), (), (), ("stock",)]
    assert _free(world, "A") == 1


def test_place_splits_over_nodes_when_no_node_has_everything() -> None:
    world = a_world(stock_at={"reno": {"A": 5}, "dallas": {"B": 5}})
    [answer] = world.place(a_draft(lines={"A": 1, "B": 1}))

    work = FulfillmentOrder.objects.filter(order__public_id=answer.public_id)
    assert answer.holds == ()
    assert set(work.values_list("node_id", flat=True)) == set(world.node_ids.values())


def test_place_costs_the_same_number_of_statements_for_one_and_for_forty(world: World) -> None:
    world.receive("reno", "A", 1_000)
    world.place(a_draft("warm-up"))
    counts = []
    for size in (1, 40):
        with CaptureQueriesContext(connection) as queries:
            world.place(*[a_draft(f"{size}-{n}") for n in range(size)])
        counts.append(len(queries))

    assert counts[0] == counts[1]


#: Savepoint of the test included. More lines, nodes or orders cost none more.
STATEMENTS = 43


def test_five_lines_over_two_nodes_cost_as_many_statements_as_one_line() -> None:
    world = a_world(stock_at={"reno": {"A": 9}})
    with unit():
        made = catalog.upsert_variants(
            organization_id=world.organization_id, drafts=[_variant(sku) for sku in "CDEF"]
        )
    world.variant_ids.update(made)
    for node, sku in (("reno", "C"), ("reno", "D"), ("dallas", "E"), ("dallas", "F")):
        world.receive(node, sku, 9)
    world.place(a_draft("warm-up"))
    counts = {}
    for reference, lines in (("one", "A"), ("five", "ACDEF")):
        with CaptureQueriesContext(connection) as queries:
            world.place(a_draft(reference, lines=dict.fromkeys(lines, 1)))
        counts[reference] = len(queries)

    five = Order.objects.get(external_ref="five")
    assert FulfillmentOrder.objects.filter(order=five).count() == 2
    assert Reservation.objects.filter(demand_ref=five.public_id).count() == 5
    assert counts == {"one": STATEMENTS, "five": STATEMENTS}


def test_place_rolls_everything_back_when_the_caller_cannot_store_its_part(world: World) -> None:
    from orders.services import placement

    def fail(_answers: object) -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        placement.place(channel=world.channel, drafts=[a_draft()], within=fail)

    assert Order.objects.count() == 0
    assert _free(world, "A") == 10


def test_personal_data_is_in_no_event_and_no_order_column(world: World) -> None:
    world.place(a_draft())

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(o::text, ' ') FROM orders_order o")
        orders = str(cursor.fetchone())
        cursor.execute("SELECT string_agg(e::text, ' ') FROM outbox_outboxevent e")
        events = str(cursor.fetchone())
    for secret in ("Ada Example", "ada@example.com", "555 0101", "1 Main Street", "89501"):
        assert secret not in orders
        assert secret not in events


@pytest.mark.parametrize("reference", ["ada@example.com", "Ada Example", "+12025550101"])
def test_a_customer_reference_that_is_a_person_is_stored_as_a_hash(
    world: World, reference: str
) -> None:
    world.place(a_draft("R-1", customer_ref=reference))
    world.place(a_draft("R-2", customer_ref=reference, lines={"B": 1}))

    [customer] = Customer.objects.all()
    assert reference not in customer.reference
    assert customer.reference.startswith("buyer:")


def test_an_opaque_customer_reference_is_kept(world: World) -> None:
    world.place(a_draft(customer_ref="C-1001"))

    assert Customer.objects.get().reference == "C-1001"


def test_a_carts_held_stock_becomes_the_orders() -> None:
    world = a_world(stock_at={"reno": {"A": 2}})
    variant = world.variant_ids["A"]
    carts.hold(
        organization_id=world.organization_id,
        reference="cart-1",
        lines=[Wanted("1", variant, 2)],
        minutes=30,
    )
    [stranger] = world.place(a_draft("R-1", lines={"A": 1}))

    [answer] = world.place(a_draft("R-2", lines={"A": 2}, reservation="cart-1"))

    assert (stranger.holds, answer.holds) == (("stock",), ())
    rows = Reservation.objects.order_by("pk").values_list("demand_kind", "status", "quantity")
    assert list(rows) == [("cart", "released", 2), ("order", "allocated", 2)]
