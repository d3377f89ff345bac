"""Verification of new and of stored orders: answers, holds, rejections, and what lifts them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog import services as catalog
from inventory.models import Reservation
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.contacts.services import vault
from oms.infra.outbox.models import OutboxEvent
from orders.channels.models import Channel
from orders.channels.selectors import get_facts
from orders.models import FulfillmentOrder, Hold, Order, OrderLine, RuleResult
from orders.services import holds, overriding, placement, rulebook, verification
from orders.tests.factories import ADA, NOW, World, _variant, a_draft, a_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def _order(world: World, *args: Any, **changes: Any) -> Order:
    [answer] = world.place(a_draft(*args, **changes))
    assert answer.is_placed, answer.error
    return Order.objects.get(public_id=answer.public_id)


def _set(world: World, rule: str, **changes: Any) -> None:
    with acting(actor="staff:1"):
        rulebook.change(
            organization_id=world.organization_id,
            rule=rule,
            reason="We know better.",
            **{
                "channel": "",
                "settings": {},
                "verdict": "hold",
                "is_enabled": True,
                "based_on": 0,
                **changes,
            },
        )


def _open(order: Order) -> dict[str, str]:
    rows = Hold.objects.filter(order=order, released_at=None)
    return dict(rows.values_list("type", "rule"))


def _verify_again(*orders: Order) -> dict[int, set[str]]:
    with unit():
        keys = [order.pk for order in orders]
        locked = Order.objects.select_for_update().filter(pk__in=keys).order_by("pk")
        return verification.verify_again(orders=list(locked))


def _move(order: Order, **changes: Any) -> None:
    """Gives the order another recipient, as an edit does."""
    person = replace(ADA, **changes)
    with unit():
        [contact] = vault.store_many(
            drafts=[
                vault.ContactDraft(
                    subject_id=order.customer.subject_id,
                    country=person.country,
                    city=person.city,
                    region=person.region,
                    postcode=person.postcode,
                    lines=person.lines,
                    phone=person.phone,
                    email=person.email,
                )
            ]
        )
    Order.objects.filter(pk=order.pk).update(
        ship_to_id=contact, country=person.country, region=person.region
    )


def test_a_rejected_order_keeps_nothing_and_tells_why(world: World) -> None:
    bad = a_draft("R-1", recipient=replace(ADA, country="KP", region="", postcode=""))
    answer, good = world.place(bad, a_draft("R-2"))

    order = Order.objects.get(public_id=answer.public_id)
    assert (answer.status, answer.holds, good.status) == ("rejected", (), "confirmed")
    assert (order.status, order.cancelled_amount) == ("rejected", Decimal(20))
    assert order.closed_at is not None
    counters = OrderLine.objects.filter(order=order).values_list("ordered", "cancelled")
    assert list(counters) == [(1, 1)]
    assert not Hold.objects.filter(order=order).exists()
    assert not Reservation.objects.filter(demand_ref=order.public_id).exists()
    [event] = OutboxEvent.objects.filter(name="orders.order.rejected.v1")
    assert event.payload["reason"] == "Nothing is sent to KP."


@pytest.mark.parametrize(
    ("item", "draft", "kind"),
    [
        ({"min_age": 18}, {}, "restriction"),
        ({"blocked_countries": ("US",)}, {}, "restriction"),
        ({"price_amount": Decimal("90.00")}, {"unit_amount": Decimal(20)}, "price"),
        ({"cost_amount": Decimal("30.00")}, {}, "price"),
    ],
)
def test_what_the_catalog_says_holds_an_order(
    world: World, item: Any, draft: Any, kind: str
) -> None:
    with unit():
        catalog.upsert_variants(
            organization_id=world.organization_id, drafts=[replace(_variant("A"), **item)]
        )
    plain = a_draft()
    lines = tuple(replace(line, **draft) for line in plain.lines)
    [answer] = world.place(replace(plain, lines=lines))

    assert (answer.status, answer.holds) == ("verifying", (kind,))
    assert not Reservation.objects.exists()


def test_an_order_above_the_channels_amount_waits_for_approval(world: World) -> None:
    Channel.objects.filter(pk=world.channel.id).update(approval_above_amount=Decimal(39))
    channel = get_facts(organization_id=world.organization_id, code="shop")
    small, large = placement.place(
        channel=channel, drafts=[a_draft("R-1"), a_draft("R-2", lines={"A": 2})]
    )

    assert (small.holds, large.holds) == ((), ("approval",))


def test_a_channel_may_approve_nothing_by_itself(world: World) -> None:
    Channel.objects.filter(pk=world.channel.id).update(auto_approve=False)
    channel = get_facts(organization_id=world.organization_id, code="shop")

    [answer] = placement.place(channel=channel, drafts=[a_draft()])

    assert answer.holds == ("approval",)


def test_many_orders_with_one_mail_and_a_value_out_of_line_are_held_with_reasons(
    world: World,
) -> None:
    world.receive("reno", "A", 500)
    for n in range(3):
        _order(world, f"old-{n}", customer_ref="ada", placed_at=NOW.replace(month=n + 1))
    others = [a_draft(f"R-{n}", customer_ref=f"buyer-{n}", lines={"B": 1}) for n in range(5)]
    world.place(*others)

    [answer] = world.place(a_draft("R-9", customer_ref="ada", lines={"A": 50}))

    order = Order.objects.get(public_id=answer.public_id)
    assert answer.holds == ("fraud",)
    [result] = RuleResult.objects.filter(order=order, rule="fraud")
    codes = [(reason["code"], reason["detail"]) for reason in result.reasons]
    assert codes == [
        ("score", "A score of 70 of 100."),
        ("velocity", "+40: 5 other orders with the same mail in 60 minutes."),
        ("value", "+30: 50.0 times the customer's average."),
    ]


def test_a_rule_is_set_for_one_channel_with_a_version_of_its_own(world: World) -> None:
    _set(world, "quantity", settings={"line_units": 5})
    _set(world, "quantity", settings={"line_units": 9}, channel="shop", based_on=1)

    [seven, ten] = world.place(a_draft("R-1", lines={"A": 7}), a_draft("R-2", lines={"B": 10}))

    assert (seven.holds, ten.holds) == ((), ("quantity",))
    versions = RuleResult.objects.filter(rule="quantity").values_list("rule_version", flat=True)
    assert set(versions) == {2}


@pytest.mark.parametrize(
    ("changes", "status", "types"),
    [
        ({"verdict": "warn"}, "confirmed", ()),
        ({"verdict": "reject"}, "rejected", ()),
        ({"is_enabled": False}, "confirmed", ()),
        ({}, "verifying", ("quantity",)),
    ],
)
def test_what_follows_an_objection_is_set(
    world: World, changes: Any, status: str, types: Any
) -> None:
    _set(world, "quantity", settings={"line_units": 1}, **changes)

    [answer] = world.place(a_draft(lines={"A": 2}))

    assert (answer.status, answer.holds) == (status, types)


def test_no_person_stands_in_an_answer(world: World) -> None:
    world.place(
        a_draft(recipient=replace(ADA, phone="ring twice", lines=("n/a",), city="Secretville"))
    )

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM orders_ruleresult r")
        stored = str(cursor.fetchone())
    for secret in ("Ada", "ring twice", "n/a", "Secretville", "89501", "example.com"):
        assert secret not in stored


def test_a_run_of_its_own_lifts_what_the_rule_opened_and_the_order_goes_on(world: World) -> None:
    order = _order(world, recipient=replace(ADA, region="HI"))
    assert (order.address_verdict, _open(order)) == ("undeliverable", {"address": "address"})
    _move(order)

    standing = _verify_again(order)

    order = Order.objects.get(pk=order.pk)
    assert (order.status, order.address_verdict) == ("confirmed", "deliverable")
    assert standing == {order.pk: set()}
    assert FulfillmentOrder.objects.filter(order=order).count() == 1
    runs = RuleResult.objects.filter(order=order, rule="address").order_by("run")
    assert list(runs.values_list("run", "verdict")) == [(1, "hold"), (2, "pass")]


def test_a_hold_of_a_person_stays(world: World) -> None:
    order = _order(world, recipient=replace(ADA, region="HI"))
    holds.place_hold(order_id=order.pk, type="operator", reason="Call first.")
    holds.place_hold(order_id=order.pk, type="fraud", reason="Looks odd.")
    _move(order)

    assert _verify_again(order) == {order.pk: {"operator", "fraud"}}
    order = Order.objects.get(pk=order.pk)
    assert order.status == "verifying"


def test_a_confirmed_order_is_held_for_what_is_wrong_now(world: World) -> None:
    order = _order(world)
    _move(order, country="KP", region="", postcode="")

    _verify_again(order)

    order = Order.objects.get(pk=order.pk)
    assert (order.status, _open(order)) == ("confirmed", {"restriction": "embargo"})


def test_what_a_person_let_go_is_not_held_again_and_what_is_new_is(world: World) -> None:
    order = _order(
        world, lines={"A": 1}, tier="same_day", recipient=replace(ADA, phone="x", email="")
    )
    assert _open(order) == {"contact": "contact"}
    holds.release_hold(order_id=order.pk, type="contact", reason="They will be at home.")

    assert _verify_again(order) == {order.pk: set()}
    _move(order, phone="", email="")
    assert _verify_again(order) == {order.pk: {"contact"}}


def test_an_override_is_no_objection_until_something_else_is_wrong(world: World) -> None:
    order = _order(world, recipient=replace(ADA, region="HI"))
    with acting(actor="staff:7"):
        overriding.override(order_id=order.pk, rule="address", reason="The driver knows it.")

    assert _verify_again(order) == {order.pk: set()}
    _move(order, region="ME")
    assert _verify_again(order) == {order.pk: {"address"}}


def test_an_erased_recipient_is_not_judged(world: World) -> None:
    order = _order(world)
    with unit():
        vault.erase(subject_id=order.customer.subject_id, reason="asked")

    _verify_again(order)

    rules = RuleResult.objects.filter(order=order, run=2).values_list("rule", flat=True)
    assert not {"address", "contact"} & set(rules) and "price" in rules


def test_verifying_again_costs_the_same_for_one_and_for_many(world: World) -> None:
    world.receive("reno", "A", 1_000)
    bad = replace(ADA, region="HI")
    orders = [_order(world, f"R-{n}", recipient=bad) for n in range(12)]
    orders += [_order(world, f"S-{n}") for n in range(12)]
    for order in orders:
        _move(order, **({} if order.external_ref.startswith("R") else {"region": "HI"}))
    counts = []
    for batch in ([orders[0], orders[12]], [*orders[1:12], *orders[13:]]):
        with CaptureQueriesContext(connection) as queries:
            _verify_again(*batch)
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert Order.objects.filter(status="confirmed").count() == 24
    assert Hold.objects.filter(released_at=None).count() == 12
