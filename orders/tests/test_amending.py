"""Edits of orders: what is shown first is what is done, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from inventory.models import Reservation
from inventory.services import ledger
from inventory.warehouse.models import WorkLine, WorkOrder
from inventory.warehouse.services import floor
from oms.core import clock
from oms.infra.contacts.services import vault
from oms.infra.outbox.services import relaying
from orders.models import Amendment, Order, Promise, TimelineEntry
from orders.services import cancellation, holds
from orders.services.amending import amendments
from orders.services.amending.actions import InvalidAmendment
from orders.services.amending.amendments import Recipient
from orders.services.amending.editing import CannotRemove
from orders.services.amending.standing import NotEditable
from orders.tests.amending import a_placed, confirm, counters, edit, floor_of, rows, works
from orders.tests.factories import ADA, World, a_world
from orders.types import LineDraft

pytestmark = pytest.mark.django_db(transaction=True)


def quantity(line: int, units: int) -> dict[str, Any]:
    return {"action": "change_quantity", "line": line, "quantity": units}


def _fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def _money(amendment: Amendment) -> tuple[str, str, str, str]:
    money = amendment.outcome["money"]
    return money["old_total"], money["new_total"], money["to_collect"], money["to_refund"]


def test_a_preview_shows_money_stock_and_promise_and_changes_nothing() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 2, "B": 1})
    before = rows()

    amendment = amendments.begin(
        order_id=order.pk, actions=[quantity(1, 5), {"action": "remove_line", "line": 2}]
    )

    assert rows() == before
    assert _money(amendment) == ("60.00", "100.00", "40.00", "0.00")
    assert amendment.outcome["stock"] == {
        "reserved": [{"node": "reno", "sku": "A", "units": 3}],
        "released": [{"node": "reno", "sku": "B", "units": 1}],
        "waits": 0,
        "unallocated": 0,
    }
    assert amendment.outcome["promise"]["old_on"] == order.promised_on.isoformat()


def test_more_units_are_routed_and_the_work_that_stands_is_left_alone() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 2})

    amendment = edit(order, quantity(1, 5))

    assert counters(order) == [(5, 0, 0, 0, 5, 0)]
    assert works(order) == [("reno", 1, "open", [2]), ("reno", 2, "open", [3])]
    assert floor_of(order) == [("open", {"1": 2}), ("open", {"1/2": 3})]
    fresh = _fresh(order)
    assert (fresh.total_amount, fresh.owed_amount) == (Decimal(100), Decimal(100))
    assert (fresh.unit_count, fresh.version) == (5, order.version + 1)
    assert amendment.state == "confirmed"
    assert ledger.verify().differences == []


def test_fewer_units_are_cancelled_and_given_back_where_they_lie() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 4, "B": 1})

    amendment = edit(order, quantity(1, 1))

    assert counters(order) == [(4, 3, 0, 0, 1, 0), (1, 0, 0, 0, 1, 0)]
    assert floor_of(order) == [("open", {"1": 1, "2": 1})]
    fresh = _fresh(order)
    assert (fresh.total_amount, fresh.cancelled_amount, fresh.owed_amount) == (100, 60, 40)
    assert _money(amendment) == ("100.00", "40.00", "0.00", "60.00")
    live = Reservation.objects.filter(status="allocated", demand_ref=order.public_id)
    assert sorted(live.values_list("line_ref", "quantity")) == [("1", 1), ("2", 1)]
    assert ledger.verify().differences == []


def test_a_work_that_is_left_empty_is_withdrawn_and_the_order_goes_on() -> None:
    world = a_world(stock_at={"reno": {"A": 5}, "dallas": {"B": 5}})
    order = a_placed(world, lines={"A": 2, "B": 1})

    edit(order, {"action": "remove_line", "line": 2})

    assert counters(order) == [(2, 0, 0, 0, 2, 0), (1, 1, 0, 0, 0, 0)]
    assert [w[2] for w in works(order)] == ["open", "cancelled"]
    assert [status for status, _ in floor_of(order)] == ["open", "cancelled"]
    assert ledger.verify().differences == []


def test_picked_units_stay_and_the_refusal_says_how_many_may_go() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 3, "B": 1})
    [work] = WorkOrder.objects.filter(correlation_id=order.public_id)
    floor.start_pick(work_refs=[work.public_id], picker="rosa")
    edit(order, quantity(1, 5))
    before = rows()

    with pytest.raises(CannotRemove) as refused:
        amendments.begin(order_id=order.pk, actions=[quantity(1, 2)])

    [error] = refused.value.errors
    assert error.pointer == "/actions/0/quantity"
    assert "Line 1: 2 of 5 units may be removed" in error.detail
    assert rows() == before
    assert not Amendment.objects.filter(state="open").exists()
    edit(order, quantity(1, 3))
    assert counters(order)[0] == (5, 2, 0, 0, 3, 0)


def test_prices_discounts_and_taxes_follow_the_units_to_the_cent() -> None:
    world = a_world()
    line = LineDraft("A", 3, Decimal("19.99"), Decimal("1.00"), Decimal("4.97"))
    order = a_placed(world, lines=(line,), shipping_amount=Decimal("5.00"))
    assert order.total_amount == Decimal("68.94")

    fewer = edit(order, quantity(1, 2))
    assert _money(fewer)[:2] == ("68.94", "47.62")
    more = edit(order, quantity(1, 4))

    # Five were ordered by now: a third of them carries the discount and tax of three.
    fresh = _fresh(order)
    line_now = fresh.lines.get()
    assert (line_now.ordered, line_now.cancelled) == (5, 1)
    assert (line_now.discount_amount, line_now.tax_amount) == (Decimal("1.67"), Decimal("8.28"))
    assert _money(more)[1] == str(fresh.owed_amount.quantize(Decimal("0.01"))) == "90.24"


def test_a_price_change_moves_only_money() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 2})
    before = rows(Reservation, WorkLine)

    price = {"action": "change_price", "line": 1, "unit_amount": "15.00", "discount_amount": "5.00"}
    shipping = {"action": "change_shipping", "shipping_amount": "4.00"}
    amendment = edit(order, price, shipping)

    assert _money(amendment) == ("40.00", "29.00", "0.00", "11.00")
    assert _fresh(order).total_amount == Decimal(29)
    assert rows(Reservation, WorkLine) == before


def test_a_new_line_is_routed_with_its_own_work() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 1})

    added = {"action": "add_line", "sku": "B", "quantity": 2, "unit_amount": "17.50"}
    amendment = edit(order, added)

    assert counters(order) == [(1, 0, 0, 0, 1, 0), (2, 0, 0, 0, 2, 0)]
    assert _money(amendment)[:2] == ("20.00", "55.00")
    assert [row["line"] for row in amendment.outcome["lines"]] == [2]


def test_what_is_not_in_stock_holds_the_order_and_the_preview_says_so() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 1})

    amendment = edit(order, quantity(1, 30))

    assert amendment.outcome["holds"] == {"opened": ["stock"], "lifted": []}
    assert amendment.outcome["stock"]["unallocated"] == 29
    assert counters(order) == [(30, 0, 29, 0, 1, 0)]
    edit(order, quantity(1, 4))
    assert counters(order) == [(30, 26, 0, 0, 4, 0)]
    assert not _fresh(order).holds.filter(released_at=None).exists()
    assert ledger.verify().differences == []


def test_another_service_level_plans_anew_what_nobody_has_begun() -> None:
    world = a_world()
    order = a_placed(world, lines={"A": 2}, tier="economy", placed_at=clock.now())

    amendment = edit(order, {"action": "change_tier", "tier": "next_day"})

    assert [(w[1], w[2]) for w in works(order)] == [(1, "cancelled"), (2, "open")]
    fresh = _fresh(order)
    assert (fresh.tier, fresh.status) == ("next_day", "released")
    assert fresh.promised_on < order.promised_on
    assert amendment.outcome["promise"]["new_on"] == fresh.promised_on.isoformat()
    assert fresh.priority > order.priority
    assert ledger.verify().differences == []


def test_another_address_is_sealed_routed_and_told_without_a_name() -> None:
    world = a_world(stock_at={"reno": {"A": 5}, "dallas": {"A": 5}})
    order = a_placed(world)
    moved = replace(
        ADA, name="Ada Moved", lines=("9 Elm Street",), city="Dallas", region="TX",
        postcode="75201", latitude=32.78, longitude=-96.80,
    )  # fmt: skip

    amendment = edit(order, Recipient(moved))
    relaying.drain()

    assert [(w[0], w[2]) for w in works(order)] == [("reno", "cancelled"), ("dallas", "open")]
    fresh = _fresh(order)
    person = vault.reveal(contact_id=fresh.ship_to_id, purpose="test")
    assert (person.name, person.lines, fresh.city) == ("Ada Moved", ("9 Elm Street",), "Dallas")
    told = TimelineEntry.objects.get(order=order, kind="orders.order.edited.v1")
    stored = f"{amendment.actions} {amendment.outcome} {told.data}"
    assert not [word for word in ("Moved", "Elm", "75201") if word in stored]


def test_a_corrected_street_keeps_the_route() -> None:
    world = a_world()
    order = a_placed(world)

    edit(order, Recipient(replace(ADA, lines=("2 Main Street",), latitude=None, longitude=None)))

    assert [(w[1], w[2]) for w in works(order)] == [(1, "open")]
    assert _fresh(order).ship_to_id != order.ship_to_id


def test_another_address_is_kept_as_it_was_given_beside_the_one_put_in_order() -> None:
    order = a_placed(a_world())

    edit(order, Recipient(replace(ADA, region="nevada", lines=(" 2 Main Street ",))))

    person = vault.reveal(contact_id=_fresh(order).ship_to_id, purpose="test")
    assert (person.region, person.lines) == ("NV", ("2 Main Street",))
    assert person.given is not None
    assert (person.given.region, person.given.lines) == ("nevada", (" 2 Main Street ",))


def test_an_address_cannot_change_after_the_label() -> None:
    world = a_world()
    order = a_placed(world)
    [work] = WorkOrder.objects.filter(correlation_id=order.public_id)
    floor.pick(work_refs=[work.public_id], picker="rosa")
    floor.pack(work_refs=[work.public_id], packer="max")
    before = rows()

    with pytest.raises(InvalidAmendment, match="redirect"):
        amendments.begin(order_id=order.pk, actions=[Recipient(replace(ADA, city="Sparks"))])

    assert rows() == before


def test_a_corrected_address_ends_the_hold_that_asked_for_it() -> None:
    world = a_world()
    order = a_placed(world, recipient=replace(ADA, lines=(), postcode=""))
    assert order.holds.get().type == "address"

    amendment = edit(order, Recipient(ADA))
    relaying.drain()

    assert amendment.outcome["holds"] == {"opened": [], "lifted": ["address"]}
    assert (_fresh(order).status, counters(order)) == ("released", [(1, 0, 0, 0, 1, 0)])


def test_an_order_on_hold_is_changed_and_routed_when_the_hold_is_lifted() -> None:
    world = a_world()
    order = a_placed(world)
    holds.place_hold(order_id=order.pk, type="operator", reason="Wait.")

    edit(order, quantity(1, 3))
    assert counters(order) == [(3, 0, 2, 0, 1, 0)]
    holds.release_hold(order_id=order.pk, type="operator", reason="Go on.")

    assert counters(order) == [(3, 0, 0, 0, 3, 0)]


@pytest.mark.parametrize(
    ("actions", "pointer", "code"),
    [
        ([], "/actions", "count"),
        ([{"action": "dance"}], "/actions/0", "invalid_action"),
        ([{"action": "remove_line"}], "/actions/0", "invalid_action"),
        ([quantity(9, 1)], "/actions/0/line", "unknown_line"),
        ([quantity(1, 0)], "/actions/0/quantity", "invalid_quantity"),
        ([quantity(1, 2), quantity(1, 3)], "/actions/1", "repeated"),
        ([quantity(1, 2), {"action": "remove_line", "line": 1}], "/actions/1", "repeated"),
        ([{"action": "remove_line", "line": 1}], "/actions", "nothing_left"),
        (
            [{"action": "add_line", "sku": "NO", "quantity": 1}],
            "/actions/0/sku",
            "unknown_sku",
        ),
        (
            [{"action": "change_price", "line": 1, "unit_amount": "0.001"}],
            "/actions/0/unit_amount",
            "invalid_amount",
        ),
        (
            [{"action": "change_price", "line": 1, "discount_amount": "99.00"}],
            "/actions/0/discount_amount",
            "discount_too_large",
        ),
        ([{"action": "change_tier", "tier": "teleport"}], "/actions/0/tier", "unknown_tier"),
    ],
)
def test_a_wrong_action_is_named_and_nothing_is_stored(
    actions: list[Any], pointer: str, code: str
) -> None:
    order = a_placed(a_world())
    before = rows()

    with pytest.raises(InvalidAmendment) as refused:
        amendments.begin(order_id=order.pk, actions=actions)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [(pointer, code)]
    assert rows() == before
    assert not Amendment.objects.exists()


def test_a_closed_order_cannot_be_changed_and_an_open_change_waits_for_its_end() -> None:
    world: World = a_world()
    order = a_placed(world)
    first = amendments.begin(order_id=order.pk, actions=[quantity(1, 2)])

    with pytest.raises(amendments.AmendmentOpen) as open_one:
        amendments.begin(order_id=order.pk, actions=[quantity(1, 3)])
    assert open_one.value.data == {"amendment": first.public_id}

    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")
    with pytest.raises(NotEditable):
        confirm(first)
    amendments.discard(public_id=first.public_id)
    with pytest.raises(amendments.AmendmentClosed):
        amendments.discard(public_id=first.public_id)


def test_a_changed_level_and_value_move_the_order_in_the_queue_and_its_promise_says_why() -> None:
    before = a_placed(a_world(), lines={"A": 3})
    edit(before, {"action": "change_tier", "tier": "next_day"}, quantity(1, 2))

    after = _fresh(before)
    assert (before.priority, after.priority) == (200_000_000 + 6_000, 300_000_000 + 4_000)
    assert WorkOrder.objects.exclude(status="cancelled").get().priority == after.priority
    causes = set(Promise.objects.values_list("cause", flat=True))
    assert causes <= {"placed", "edited"}
