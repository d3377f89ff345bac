"""What a channel offers and allows, and the service levels an organization makes for itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from oms.infra.accounts.models import Organization
from oms.infra.accounts.services import organizations
from orders.channels import selectors
from orders.channels.models import Channel, ServiceLevel
from orders.models import Hold, Order
from orders.services import backlog
from orders.tests.factories import NOW, World, a_draft, a_world
from routing.models import Decision

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def a_level(world: World, code: str = "gold", **changes: object) -> ServiceLevel:
    facts = {"name": "Gold", "rank": 35, "deadline_days": 2, **changes}
    return ServiceLevel.objects.create(organization_id=world.organization_id, code=code, **facts)


def ruled(world: World, **rules: object) -> World:
    Channel.objects.filter(pk=world.channel.id).update(**rules)
    world.channel = selectors.get_facts(organization_id=world.organization_id, code="shop")
    return world


def test_a_new_channel_offers_all_approves_by_itself_and_asks_for_no_payment(world: World) -> None:
    facts = world.channel

    assert facts.offered == ("same_day", "next_day", "standard", "economy")
    assert (facts.auto_approve, facts.requires_payment) == (True, False)
    assert (facts.tiers, facts.carriers, facts.approval_above_amount) == ((), (), None)


def test_the_facts_carry_every_rule(world: World) -> None:
    ruled(
        world,
        auto_approve=False,
        tiers=["standard", "economy"],
        carriers=["sandbox"],
        requires_payment=True,
        approval_above_amount="500.00",
    )

    facts = world.channel
    assert (facts.auto_approve, facts.requires_payment) == (False, True)
    assert (facts.offered, facts.carriers) == (("standard", "economy"), ("sandbox",))
    assert facts.approval_above_amount == Decimal("500.00")


def test_levels_of_an_organization_are_the_built_in_ones_and_its_own_in_one_statement(
    world: World,
) -> None:
    a_level(world)
    a_level(world, "retired", is_active=False)
    elsewhere = organizations.ensure_operator().pk
    other = Organization.objects.exclude(pk=elsewhere).first()
    with CaptureQueriesContext(connection) as queries:
        levels = selectors.levels_of(organization_id=world.organization_id)

    assert len(queries) == 1
    assert list(levels) == ["same_day", "next_day", "standard", "economy", "gold"]
    assert (levels["gold"].rank, levels["gold"].deadline_days) == (35, 2)
    assert other is None or "gold" not in selectors.levels_of(organization_id=other.pk)


def test_an_order_may_ask_for_a_level_of_the_organization(world: World) -> None:
    a_level(world)
    ruled(world)
    [answer] = world.place(a_draft(tier="gold"))

    order = Order.objects.get(public_id=answer.public_id)
    assert (order.tier, answer.holds) == ("gold", ())
    assert order.promised_on is not None
    assert order.promised_on <= NOW.date() + timedelta(days=2)


def test_a_level_that_the_channel_does_not_offer_is_refused_with_those_it_does(
    world: World,
) -> None:
    ruled(world, tiers=["standard", "economy"])
    [answer] = world.place(a_draft(tier="same_day"))

    assert answer.error is not None and answer.error.status == 422
    [error] = answer.error.errors
    assert (error.pointer, error.code) == ("/tier", "tier_not_offered")
    assert error.detail == "The channel lacks same_day. Give one of standard, economy."
    assert Order.objects.count() == 0


def test_a_level_that_was_switched_off_takes_no_new_orders_but_keeps_its_old_ones(
    world: World,
) -> None:
    level = a_level(world)
    ruled(world)
    world.place(a_draft("R-1", tier="gold", lines={"A": 11}))
    level.is_active = False
    level.save(update_fields=["is_active"])
    ruled(world)
    [refused] = world.place(a_draft("R-2", tier="gold"))
    world.receive("reno", "A", 20)
    backlog.retry(variant_ids=[world.variant_ids["A"]])

    assert refused.error is not None and refused.error.errors[0].code == "unknown_tier"
    assert Order.objects.get(external_ref="R-1").promised_on is not None


@pytest.mark.parametrize(
    "facts",
    [
        {"code": "standard"},
        {"rank": 0},
        {"rank": 100},
        {"deadline_days": 61},
    ],
)
def test_the_database_refuses_a_level_out_of_range_or_named_like_a_built_in_one(
    world: World, facts: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        a_level(world, **facts)


def test_the_database_refuses_a_default_that_is_not_offered(world: World) -> None:
    with pytest.raises(IntegrityError, match="channels_default_is_offered"), transaction.atomic():
        ruled(world, tiers=["economy"], default_tier="standard")


def test_an_order_without_an_allowed_carrier_stands_on_hold_with_the_reason(world: World) -> None:
    ruled(world, carriers=["nobody"])
    [answer] = world.place(a_draft())

    hold = Hold.objects.get(order__public_id=answer.public_id)
    assert (answer.holds, hold.type) == (("routing",), "routing")
    assert hold.reason == "No carrier that the channel allows may carry this there."
    decision = Decision.objects.get(demand_ref=answer.public_id)
    assert {node["lost"] for node in decision.candidates["nodes"]} == {
        "other_carrier",
        "out_of_stock",
    }


def test_a_stored_order_is_routed_again_with_the_carriers_of_its_channel(world: World) -> None:
    ruled(world, carriers=["nobody"])
    [answer] = world.place(a_draft())
    ruled(world, carriers=["sandbox"])

    backlog.retry_order(order_id=answer.order_id or 0)

    assert Order.objects.get(pk=answer.order_id).promised_on is not None
