"""Limits, kits, units and pools as staff set them: by services, as themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inventory.catalog import selectors as catalog
from inventory.catalog.models import Variant
from inventory.models import ChannelAllotment, SafetyRule, SellingRule, StockMovement
from inventory.nodes import selectors as nodes
from inventory.nodes.models import Pool
from orders.tests.factories import World
from tests.admin import world as worlds
from tests.admin.conftest import As

SAFETY = "/admin/inventory/safetyrule/"
SELLING = "/admin/inventory/sellingrule/"
RESERVES = "/admin/inventory/channelallotment/"
POOLS = "/admin/nodes/pool/"
VARIANTS = "/admin/catalog/variant/"


def _actor(role: str) -> str:
    return f"staff:{User.objects.get(username=f'the-{role}').pk}"


def _place(world: World, **data: Any) -> dict[str, Any]:
    return {"node": world.node_ids["reno"], "organization": world.organization_id, **data}


def test_a_safety_rule_is_added_changed_and_removed(world: World, as_role: As) -> None:
    staff = as_role("operations")

    added = staff.post(f"{SAFETY}add-rule/", _place(world, sku="A", quantity=7))
    rule = SafetyRule.objects.get(variant=world.variant_ids["A"])
    staff.post(f"{SAFETY}{rule.pk}/change-rule/", {"quantity": 9})

    assert (added.status_code, added.headers["Location"]) == (302, SAFETY)
    assert worlds.position(world).safety_stock == 9
    page = staff.get(f"{SAFETY}{rule.pk}/change/").content.decode()
    assert "the-operations" in page
    removed = staff.post(f"{SAFETY}{rule.pk}/remove-rule/")
    assert (removed.status_code, removed.headers["Location"]) == (302, SAFETY)
    assert worlds.position(world).safety_stock == 0
    story = SafetyRule.history.filter(id=rule.pk).order_by("history_id")
    who = _actor("operations")
    assert list(story.values_list("history_type", "quantity", "history_change_reason")) == [
        ("+", 7, who),
        ("~", 9, who),
        ("-", 9, who),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"sku": "NOPE", "quantity": 7}, "There is no SKU"),
        ({"sku": "A", "category": "camping", "quantity": 7}, "not both"),
        ({"sku": "A", "quantity": -1}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_safety_rule_is_answered_in_words(
    world: World, admin: Client, data: dict[str, Any], said: str
) -> None:
    answer = admin.post(f"{SAFETY}add-rule/", _place(world, **data))

    assert said in answer.content.decode()
    assert SafetyRule.objects.count() == 1


def test_a_person_of_one_node_limits_that_one_alone(world: World, as_role: As) -> None:
    staff = as_role("operations", "dallas")

    assert not staff.get(SAFETY).context["cl"].result_list
    answer = staff.post(f"{SAFETY}add-rule/", _place(world, quantity=7))

    assert "Select a valid choice" in answer.content.decode()
    assert SafetyRule.objects.count() == 1


def test_selling_terms_are_set_and_an_empty_limit_is_none(world: World, admin: Client) -> None:
    owner = world.organization_id

    admin.post(
        f"{SELLING}add-rule/",
        {
            "organization": owner,
            "sku": "A",
            "channel": "web",
            "oversell_limit": 3,
            "backorder_limit": "",
            "preorder_limit": 10,
            "preorder_ships_on": "2026-09-01",
        },
    )

    rule = SellingRule.objects.get(variant=world.variant_ids["A"])
    assert (rule.oversell_limit, rule.backorder_limit, rule.preorder_limit) == (3, None, 10)
    assert worlds.position(world).oversell_limit == 3
    form = admin.get(f"{SELLING}{rule.pk}/change-rule/").context["form"]
    assert form.initial["preorder_limit"] == 10
    refused = admin.post(
        f"{SELLING}{rule.pk}/change-rule/", {"oversell_limit": 1, "preorder_limit": 10}
    )
    assert (refused.status_code, "by which day" in refused.content.decode()) == (422, True)
    admin.post(f"{SELLING}{rule.pk}/remove-rule/")
    assert worlds.position(world).oversell_limit == 0


def test_units_are_kept_for_a_channel_and_given_up(world: World, as_role: As) -> None:
    staff = as_role("operations")

    staff.post(f"{RESERVES}keep/", _place(world, sku="A", channel="web", quantity=4, reason="Fair"))
    kept = ChannelAllotment.objects.get(position=worlds.position(world))
    staff.post(f"{RESERVES}{kept.pk}/keep-more/", {"quantity": 2, "reason": "More"})
    staff.post(f"{RESERVES}{kept.pk}/give-up/", {"quantity": 5, "reason": "Over"})
    refused = staff.post(f"{RESERVES}{kept.pk}/give-up/", {"quantity": 5, "reason": "Over"})

    assert (refused.status_code, "1 left" in refused.content.decode()) == (409, True)
    kept.refresh_from_db()
    assert kept.remaining == 1
    moved = StockMovement.objects.filter(position=kept.position_id, kind="earmarked")
    who = _actor("operations")
    assert list(moved.order_by("pk").values_list("earmarked_delta", "reason", "actor")) == [
        (4, "Fair", who),
        (2, "More", who),
        (-5, "Over", who),
    ]
    page = staff.get(f"{RESERVES}{kept.pk}/change/").content.decode()
    assert "Fair" in page and "the-operations" in page


def test_a_kit_gets_its_parts_on_the_variants_page(world: World, admin: Client) -> None:
    draft = Variant.objects.get(pk=world.variant_ids["A"])
    kit = Variant.objects.create(
        organization_id=draft.organization_id, product=draft.product, sku="KIT", name="Kit",
        weight_g=1, length_mm=1, width_mm=1, height_mm=1, price_amount=1, price_currency="USD",
    )  # fmt: skip

    done = admin.post(f"{VARIANTS}{kit.pk}/parts/", {"amounts": "A 2\n\n B   3 "})

    assert done.status_code == 302
    assert catalog.components_of(variant_ids=[kit.pk]) == {
        kit.pk: ((world.variant_ids["A"], 2), (world.variant_ids["B"], 3))
    }
    form = admin.get(f"{VARIANTS}{kit.pk}/parts/").context["form"]
    assert form.initial["amounts"] == "A 2\nB 3"
    assert admin.get(f"{VARIANTS}{kit.pk}/change/").status_code == 200
    for wrong in ("A", "A two", "A 1\nA 2", "NOPE 1", "A 0", "KIT 1", "A ²"):
        answer = admin.post(f"{VARIANTS}{kit.pk}/parts/", {"amounts": wrong})
        assert answer.context["form"].errors, wrong
    stocked = admin.post(f"{VARIANTS}{world.variant_ids['B']}/parts/", {"amounts": "A 1"})
    assert "part of another kit" in stocked.content.decode()
    assert len(catalog.components_of(variant_ids=[kit.pk])[kit.pk]) == 2


def test_units_and_tracking_are_set_on_the_variants_page(world: World, as_role: As) -> None:
    staff, pk = as_role("operations"), world.variant_ids["A"]

    staff.post(f"{VARIANTS}{pk}/units/", {"amounts": "case 12"})
    refused = staff.post(f"{VARIANTS}{pk}/tracking/", {"tracking": "lot"})

    assert catalog.units_of(variant_ids=[pk]) == {pk: {"case": 12}}
    assert (refused.status_code, "there is stock" in refused.content.decode()) == (409, True)
    assert Variant.objects.get(pk=pk).tracking == "none"


def test_a_viewer_changes_no_variant(world: World, as_role: As) -> None:
    viewer, pk = as_role("viewer"), world.variant_ids["A"]

    for path in ("parts", "units", "tracking"):
        assert viewer.post(f"{VARIANTS}{pk}/{path}/", {"amounts": "B 1"}).status_code == 403

    assert not catalog.components_of(variant_ids=[pk])


def test_a_pool_is_added_and_changed_with_its_history(world: World, as_role: As) -> None:
    staff, owner = as_role("operations"), world.organization_id

    staff.post(
        f"{POOLS}add-pool/",
        {"organization": owner, "code": "all", "name": "All", "nodes": ["reno", "dallas"]},
    )
    pool = Pool.objects.get(code="all")
    staff.post(f"{POOLS}{pool.pk}/change-pool/", {"name": "Most", "nodes": ["dallas"]})

    ids = nodes.node_ids_of_pool(organization_id=owner, code="all")
    assert ids == [world.node_ids["dallas"]]
    page = staff.get(f"{POOLS}{pool.pk}/change/").content.decode()
    assert "dallas, reno" in page and "the-operations" in page
