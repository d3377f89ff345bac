"""Orders and their money: holds that follow it, expiry, what is to be refunded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Reservation
from oms.core import clock
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent
from orders.billing import selectors as balances
from orders.billing.models import PaymentBalance, PaymentEntry
from orders.billing.types import PaymentDraft, Reported
from orders.models import Hold, Order
from orders.services import cancellation, expiring, holds, paying
from orders.tests.factories import NOW, World, a_draft, a_world
from orders.types import Placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """A channel that wants orders paid; one unit of A costs 20.00 USD."""
    world = a_world()
    world.channel = replace(world.channel, requires_payment=True)
    return world


def _paid(kind: str = "captured", amount: str = "20.00", reference: str = "ch_1") -> PaymentDraft:
    return PaymentDraft(kind, Decimal(amount), reference)


def _report(world: World, answer: Placed, *payments: PaymentDraft) -> list[Reported]:
    return paying.report(
        organization_id=world.organization_id,
        source="api",
        payments=[(answer.public_id, payment) for payment in payments],
    )


def _open_holds(answer: Placed) -> list[str]:
    rows = Hold.objects.filter(order_id=answer.order_id, released_at=None).order_by("type")
    return list(rows.values_list("type", flat=True))


def _order(answer: Placed) -> Order:
    return Order.objects.get(pk=answer.order_id)


def _change_worth(answer: Placed, **amounts: Any) -> None:
    with unit():
        Order.objects.filter(pk=answer.order_id).update(**amounts)
        paying.settle(order_ids=[answer.order_id])


def test_an_unpaid_order_stops_before_anything_is_reserved(world: World) -> None:
    [answer] = world.place(a_draft())

    assert (answer.status, answer.holds) == ("verifying", ("payment",))
    assert Hold.objects.get().reason == "0.00 of 20.00 USD are authorized or paid."
    assert Reservation.objects.count() == 0


@pytest.mark.parametrize("kind", ["authorized", "captured"])
def test_the_report_that_covers_it_lifts_the_hold_in_its_transaction(
    world: World, kind: str
) -> None:
    [answer] = world.place(a_draft())
    _report(world, answer, _paid(kind, "19.99", "a"))
    assert (_order(answer).status, _open_holds(answer)) == ("verifying", ["payment"])

    _report(world, answer, _paid(kind, "0.01", "b"))

    assert (_order(answer).status, _open_holds(answer)) == ("confirmed", [])
    assert Reservation.objects.get().status == "allocated"
    assert PaymentBalance.objects.get().expires_at is None


def test_an_order_that_comes_paid_is_confirmed_at_once(world: World) -> None:
    [paid, half] = world.place(
        a_draft("R-1", payments=(_paid("authorized"),)),
        a_draft("R-2", payments=(_paid(amount="10.00"),), lines={"B": 1}),
    )

    assert (paid.status, paid.holds) == ("confirmed", ())
    assert (half.status, half.holds) == ("verifying", ("payment",))
    assert set(PaymentEntry.objects.values_list("source", flat=True)) == {"intake"}


def test_other_channels_wait_for_no_payment_and_open_no_account() -> None:
    [answer] = a_world().place(a_draft())

    assert (answer.status, PaymentBalance.objects.count()) == ("confirmed", 0)


def test_a_second_hold_stays_when_the_payment_comes(world: World) -> None:
    [answer] = world.place(a_draft(lines={"A": 1}))
    holds.place_hold(order_id=answer.order_id, type="operator", reason="look")

    _report(world, answer, _paid())

    assert (_order(answer).status, _open_holds(answer)) == ("verifying", ["operator"])


@pytest.mark.parametrize(
    ("payment", "pointer"),
    [
        (PaymentDraft("refunded", Decimal("1.00")), "/payments/0/kind"),
        (PaymentDraft("captured", Decimal("0.00")), "/payments/0/amount"),
        (PaymentDraft("captured", Decimal("1.00"), currency="EUR"), "/payments/0/currency"),
    ],
)
def test_an_order_with_a_wrong_payment_is_refused(
    world: World, payment: PaymentDraft, pointer: str
) -> None:
    wrong, right = world.place(a_draft("R-1", payments=(payment,)), a_draft("R-2"))

    assert wrong.error is not None
    assert [e.pointer for e in wrong.error.errors] == [pointer]
    assert (right.error, PaymentEntry.objects.count()) == (None, 0)


def test_more_worth_than_covered_stops_the_order_again(world: World) -> None:
    [answer] = world.place(a_draft(payments=(_paid(),)))

    _change_worth(answer, total_amount=Decimal("30.00"))
    stopped = _open_holds(answer)
    _report(world, answer, _paid(amount="10.00", reference="ch_2"))

    assert (stopped, _open_holds(answer)) == (["payment"], [])


def test_a_voided_authorization_stops_the_order_again(world: World) -> None:
    [answer] = world.place(a_draft(payments=(_paid("authorized"),)))

    _report(world, answer, _paid("voided", "5.00", "v"))

    assert _open_holds(answer) == ["payment"]


def test_a_hold_that_a_person_released_is_not_opened_by_the_next_report(world: World) -> None:
    [answer] = world.place(a_draft())
    holds.release_hold(order_id=answer.order_id, type="payment", reason="on account")

    _report(world, answer, _paid(amount="1.00"))

    assert (_order(answer).status, _open_holds(answer)) == ("confirmed", [])


def test_a_refund_after_everything_left_stops_nothing(world: World) -> None:
    [answer] = world.place(a_draft(payments=(_paid(),)))
    _order(answer).lines.update(allocated=0, shipped=1)

    _report(world, answer, _paid("refunded", "20.00", "r"))

    assert _open_holds(answer) == []


def test_unpaid_until_its_time_the_order_expires(world: World) -> None:
    late, paid, young = world.place(
        a_draft("late"),
        a_draft("paid", lines={"B": 1}),
        a_draft("young", lines={"B": 2}, placed_at=NOW + timedelta(hours=2)),
    )
    _report(world, late, _paid(amount="5.00"))
    _report(world, paid, _paid())

    with clock.virtual(NOW + timedelta(hours=72, minutes=1)):
        looked_at = [expiring.expire_unpaid(), expiring.expire_unpaid()]

    assert looked_at == [1, 0]
    assert [_order(a).status for a in (late, paid, young)] == ["expired", "confirmed", "verifying"]
    assert _open_holds(late) == []
    assert balances.standings(order_refs=[late.public_id])[late.public_id].to_refund == 5
    [event] = OutboxEvent.objects.filter(name="orders.order.expired.v1")
    assert event.payload["order_ref"] == late.public_id
    assert not Reservation.objects.filter(demand_ref=late.public_id).exists()


def test_an_order_that_a_person_let_go_does_not_expire(world: World) -> None:
    [answer] = world.place(a_draft())
    holds.release_hold(order_id=answer.order_id, type="payment", reason="on account")

    with clock.virtual(NOW + timedelta(hours=73)):
        assert [expiring.expire_unpaid(), expiring.expire_unpaid()] == [1, 0]

    assert _order(answer).status == "confirmed"


def test_a_cancelled_order_is_to_be_refunded(world: World) -> None:
    [answer] = world.place(a_draft(payments=(_paid(),)))

    cancellation.cancel(order_id=answer.order_id, reason="changed my mind")

    standing = paying.standing_of(_order(answer))
    assert (standing.owed, standing.to_refund, standing.state) == (0, 20, "overcharged")
    [event] = OutboxEvent.objects.filter(name="orders.refund.due.v1")
    assert (event.payload["was_amount"], event.payload["amount"]) == ("0.00", "20.00")


def test_another_organizations_order_is_unknown(world: World) -> None:
    [answer] = world.place(a_draft())

    with pytest.raises(paying.UnknownOrders):
        paying.report(
            organization_id=world.organization_id + 1,
            source="api",
            payments=[(answer.public_id, _paid())],
        )

    assert PaymentEntry.objects.count() == 0


def test_statements_do_not_grow_with_the_number_of_reports(world: World) -> None:
    world.receive("reno", "A", 1_000)
    counts = []
    for size in (1, 25):
        answers = world.place(*[a_draft(f"{size}-{n}") for n in range(size)])
        with CaptureQueriesContext(connection) as queries:
            paying.report(
                organization_id=world.organization_id,
                source="api",
                payments=[(answer.public_id, _paid()) for answer in answers],
            )
        counts.append(len(queries))
        assert {_order(answer).status for answer in answers} == {"confirmed"}

    assert counts[0] == counts[1]


def test_placing_orders_that_must_be_paid_costs_as_many_statements_for_forty(world: World) -> None:
    world.receive("reno", "A", 1_000)
    world.place(a_draft("warm-up", payments=(_paid(),)))
    counts = []
    for size in (1, 40):
        drafts = [a_draft(f"{size}-{n}", payments=(_paid(),)) for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            world.place(*drafts)
        counts.append(len(queries))

    assert counts[0] == counts[1]
