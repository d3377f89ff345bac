"""Who may approve what: authority for the amount, four eyes, one decision."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from oms.core import clock
from oms.core.context import acting
from oms.core.testing.races import run_together
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.models import StaffProfile
from oms.infra.accounts.services import roles
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders.models import Amendment, Approval, Hold, Order
from orders.services import approvals, authority, cancellation, holds
from orders.tests.factories import ADA, World, a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

#: What an order of one A is worth.
WORTH = Decimal("20.00")


def a_person(name: str, limit: str | None = None, role: str = "operations") -> str:
    """This function will return how services know a new person."""
    roles.sync()
    user = User.objects.create_user(name)
    roles.assign(user=user, role=StaffProfile.Role(role))
    roles.set_approval_limit(user=user, limit=None if limit is None else Decimal(limit))
    return f"staff:{user.pk}"


def _asked(world: World, ref: str = "R-1", by: str = "key:shop", **changes: Any) -> Order:
    with acting(actor=by):
        [answer] = world.place(a_draft(ref, **changes))
    relaying.drain()
    holds.place_hold(order_id=answer.order_id or 0, type="approval", reason="Above the limit.")
    return Order.objects.get(public_id=answer.public_id)


def _decide(order: Order, who: str, decision: str = "approve") -> None:
    with acting(actor=who):
        approvals.decide(order_id=order.pk, decision=decision, reason="As agreed.")


def _states(order: Order) -> list[tuple[str, int]]:
    return list(Approval.objects.filter(order=order).order_by("pk").values_list("state", "level"))


def test_an_approval_hold_asks_for_what_the_order_is_worth() -> None:
    order = _asked(a_world())

    approval = Approval.objects.get()
    assert (approval.amount, approval.currency, approval.state) == (WORTH, "USD", "pending")
    assert approval.reason == "Above the limit."
    event = OutboxEvent.objects.get(name="orders.approval.requested.v1").payload
    assert (event["order_ref"], event["level"]) == (order.public_id, 1)


def test_a_person_within_the_limit_approves_and_the_order_goes_on() -> None:
    order = _asked(a_world())
    boss = a_person("boss", "20.00")

    _decide(order, boss)

    approval = Approval.objects.get()
    assert (approval.state, approval.decided_by, approval.decision_reason) == (
        "approved",
        boss,
        "As agreed.",
    )
    assert not Hold.objects.filter(released_at=None).exists()
    assert OutboxEvent.objects.filter(name="orders.approval.decided.v1", actor=boss).count() == 1


@pytest.mark.parametrize("limit", [None, "19.99"])
def test_without_enough_authority_nothing_happens_and_the_limit_is_named(limit: str | None) -> None:
    order = _asked(a_world())
    clerk = a_person("clerk", limit)

    with pytest.raises(authority.NoAuthority) as refused:
        _decide(order, clerk)

    assert refused.value.data["limit"] == limit
    assert (limit or "no approval limit") in refused.value.detail
    assert _states(order) == [("pending", 1)]
    assert Hold.objects.filter(released_at=None).count() == 1


def test_an_administrator_may_approve_anything_and_a_partner_nothing() -> None:
    order = _asked(a_world())

    with pytest.raises(authority.NoAuthority):
        _decide(order, "key:abcd1234")
    with pytest.raises(authority.NoAuthority):
        _decide(order, "staff:999999")
    _decide(order, a_person("chief", role="admin"))

    assert _states(order) == [("approved", 1)]


def test_a_limit_says_nothing_of_another_currency() -> None:
    a_world()
    mine = accounts.authority_of(actor=a_person("boss", "1000"))

    assert mine.covers(Decimal(1000), "USD")
    assert not mine.covers(Decimal(1), "EUR")
    assert not mine.covers(Decimal("1000.01"), "USD")


def test_an_order_that_grew_needs_authority_for_what_it_is_worth_now() -> None:
    order = _asked(a_world())
    Order.objects.update(total_amount=500)

    with pytest.raises(authority.NoAuthority, match=r"500\.00"):
        _decide(order, a_person("boss", "100"))


def test_who_made_the_order_does_not_approve_it() -> None:
    maker = a_person("maker", role="admin")
    order = _asked(a_world(), by=maker)

    with pytest.raises(approvals.OwnOrder) as refused:
        _decide(order, maker)

    assert refused.value.status == 403
    assert _states(order) == [("pending", 1)]


@pytest.mark.parametrize(("earlier", "allowed"), [(True, True), (False, False)])
def test_who_changed_the_order_last_does_not_approve_it(earlier: bool, allowed: bool) -> None:
    order = _asked(a_world())
    editor, other = a_person("editor", role="admin"), a_person("other", role="admin")
    for number, author in enumerate([editor, other] if earlier else [other, editor]):
        Amendment.objects.create(
            order=order,
            state="confirmed",
            base_version=number,
            author=author,
            closed_by=author,
            closed_at=clock.now() + timedelta(minutes=number),
        )

    if allowed:
        _decide(order, editor)
    else:
        with pytest.raises(approvals.OwnOrder):
            _decide(order, editor)


def test_a_rejected_order_under_verification_is_rejected() -> None:
    order = _asked(a_world(), recipient=replace(ADA, region="HI"))
    _decide(order, a_person("boss", "20"), "reject")

    order = Order.objects.get()
    assert (order.status, order.owed_amount) == ("rejected", 0)
    assert _states(order) == [("rejected", 1)]
    assert not Hold.objects.filter(released_at=None).exists()


def test_a_rejected_order_with_work_is_cancelled() -> None:
    order = _asked(a_world())
    _decide(order, a_person("boss", "20"), "reject")

    assert Order.objects.get().status == "cancelled"
    assert _states(order) == [("rejected", 1)]


def test_a_cancelled_order_needs_no_approval_any_more() -> None:
    order = _asked(a_world())
    cancellation.cancel(order_id=order.pk, reason="Changed my mind.")

    with pytest.raises(approvals.DecidedAlready):
        _decide(order, a_person("boss", "20"))

    assert _states(order) == [("withdrawn", 1)]


def test_an_order_nobody_asked_about_has_nothing_to_decide() -> None:
    [answer] = a_world().place(a_draft())
    order = Order.objects.get(pk=answer.order_id)

    with pytest.raises(approvals.NothingToDecide):
        _decide(order, a_person("boss", "20"))
    with pytest.raises(approvals.UnknownDecision):
        _decide(order, "system:test", "perhaps")


def test_the_hold_of_an_approval_ends_with_it_only() -> None:
    order = _asked(a_world())

    with acting(actor=a_person("chief", role="admin")), pytest.raises(holds.NeedsDecision):
        holds.release_hold(order_id=order.pk, type="approval", reason="Never mind.")

    assert _states(order) == [("pending", 1)]


@pytest.mark.parametrize("kind", ["credit", "fraud"])
def test_a_guarded_hold_needs_authority_for_the_orders_amount(kind: str) -> None:
    world = a_world()
    [answer] = world.place(a_draft())
    key = answer.order_id or 0
    holds.place_hold(order_id=key, type=kind, reason="Look at it.")

    with acting(actor=a_person("clerk", "19")), pytest.raises(authority.NoAuthority):
        holds.release_hold(order_id=key, type=kind, reason="Fine.")
    still = Hold.objects.filter(released_at=None).count()
    with acting(actor=a_person("boss", "20")):
        holds.release_hold(order_id=key, type=kind, reason="Fine.")

    assert (still, Hold.objects.filter(released_at=None).count()) == (1, 0)


def test_an_approval_nobody_decides_is_asked_for_at_a_higher_level() -> None:
    order = _asked(a_world())

    with clock.virtual(clock.now() + timedelta(hours=25)):
        expired = [approvals.expire_due(limit=10) for _ in range(2)]
        with pytest.raises(authority.NoAuthority, match="administrator"):
            _decide(order, a_person("boss", "1000"))
    with clock.virtual(clock.now() + timedelta(hours=50)):
        expired.append(approvals.expire_due(limit=10))
        states = _states(order)
        _decide(order, a_person("chief", role="admin"))

    assert expired == [1, 0, 1]
    assert states == [("expired", 1), ("expired", 2), ("pending", 2)]
    assert _states(order)[-1] == ("approved", 2)
    events = OutboxEvent.objects.filter(name="orders.approval.expired.v1").order_by("pk")
    assert [event.payload["level"] for event in events] == [1, 2]


def test_expiry_costs_the_same_for_one_and_many() -> None:
    world = a_world(stock_at={"reno": {"A": 30}})

    def spent(count: int, label: str) -> int:
        for n in range(count):
            _asked(world, f"{label}-{n}")
        with clock.virtual(clock.now() + timedelta(hours=25)):
            with CaptureQueriesContext(connection) as seen:
                assert approvals.expire_due(limit=50) == count
            approvals.Approval.objects.update(expires_at=clock.now() + timedelta(days=9))
        return len(seen)

    assert spent(1, "few") == spent(8, "many")


def _race(order: Order, *people: str) -> list[Any]:
    calls: list[Callable[[], None]] = [
        lambda who=who, word=word: _decide(order, who, word)  # type: ignore[misc]
        for who, word in zip(people, ("approve", "reject"), strict=True)
    ]
    return run_together(calls)


def test_of_two_who_decide_at_once_one_wins() -> None:
    order = _asked(a_world())
    people = a_person("boss", "20"), a_person("chief", role="admin")

    answers = _race(order, *people)

    assert sorted(type(answer).__name__ for answer in answers) == ["DecidedAlready", "NoneType"]
    assert OutboxEvent.objects.filter(name="orders.approval.decided.v1").count() == 1


def test_without_the_lock_two_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    order = _asked(a_world())
    people = a_person("boss", "20"), a_person("chief", role="admin")
    barrier, close = threading.Barrier(2), approvals._close

    def meet(*args: Any) -> None:
        barrier.wait(20)
        close(*args)

    monkeypatch.setattr(approvals, "_close", meet)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    answers = _race(order, *people)

    assert not any(isinstance(answer, approvals.DecidedAlready) for answer in answers)
