"""Staff edit what a channel offers and allows."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from orders.channels.models import Channel
from orders.tests.factories import World, a_draft
from orders.tests.test_channel_rules import a_level, ruled


def _form(channel: Channel, **changes: object) -> dict[str, object]:
    return {
        "organization": channel.organization_id,
        "code": channel.code,
        "name": channel.name,
        "kind": channel.kind,
        "default_tier": channel.default_tier,
        "auto_approve": "on",
        "is_active": "on",
        **changes,
    }


def test_staff_edit_the_rules_and_every_change_is_in_the_history(
    world: World, admin: Client
) -> None:
    channel = Channel.objects.get(pk=world.channel.id)
    form = _form(
        channel,
        tiers=["standard", "next_day"],
        carriers=["sandbox"],
        requires_payment="on",
        approval_above_amount="250",
    )
    answer = admin.post(reverse("admin:channels_channel_change", args=(channel.pk,)), form)

    assert answer.status_code == 302
    channel.refresh_from_db()
    assert (channel.tiers, channel.carriers) == (["standard", "next_day"], ["sandbox"])
    assert (channel.requires_payment, channel.approval_above_amount) == (True, Decimal(250))
    assert channel.history.latest().tiers == ["standard", "next_day"]


def test_staff_cannot_leave_a_default_that_is_not_offered(world: World, admin: Client) -> None:
    channel = Channel.objects.get(pk=world.channel.id)
    form = _form(channel, tiers=["economy"])
    answer = admin.post(reverse("admin:channels_channel_change", args=(channel.pk,)), form)

    assert answer.status_code == 200
    assert "Choose one of the offered service levels." in answer.content.decode()
    channel.refresh_from_db()
    assert channel.tiers == []


def test_orders_call_a_level_of_their_own_by_its_name(world: World, admin: Client) -> None:
    a_level(world, "glove", name="White glove")
    [placed] = ruled(world, default_tier="glove").place(a_draft("T-1"))

    listed = admin.get(reverse("admin:orders_order_changelist")).content.decode()
    page = admin.get(reverse("admin:orders_order_change", args=(placed.order_id,)))

    assert "White glove" in listed and "White glove" in page.content.decode()
