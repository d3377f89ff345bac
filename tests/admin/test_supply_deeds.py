"""What staff do about arrivals goes through services, and says what it did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import Backorder, InboundSupply, StockMovement
from oms.core import clock
from orders.tests.factories import World
from tests.admin import world as worlds
from tests.admin.conftest import As

LIST = "admin:inventory_inboundsupply_changelist"


@pytest.fixture
def arrival(world: World) -> InboundSupply:
    worlds.grow(world, 1, label="R")
    return InboundSupply.objects.get()


def _deed(arrival: InboundSupply, path: str) -> str:
    return f"{reverse(LIST)}{arrival.pk}/{path}/"


def test_an_arrival_is_announced_by_sku(world: World, admin: Client) -> None:
    form = {
        "document_ref": "PO-77",
        "line_ref": "1",
        "sku": "A",
        "node": str(world.node_ids["dallas"]),
        "quantity": "12",
        "expected_on": "2030-05-01",
    }

    unknown = admin.post(f"{reverse(LIST)}announce/", {**form, "sku": "NOPE"})
    done = admin.post(f"{reverse(LIST)}announce/", form)

    assert (unknown.status_code, done.status_code) == (422, 302)
    row = InboundSupply.objects.get()
    assert (row.document_ref, row.quantity, row.node_id) == ("PO-77", 12, world.node_ids["dallas"])


def test_units_are_received_once_by_their_note(arrival: InboundSupply, as_role: As) -> None:
    operations = as_role("operations")
    form = {"quantity": "3", "receipt_ref": "GRN-1"}

    for _ in range(2):
        assert operations.post(_deed(arrival, "receive"), form).status_code == 302
    refused = operations.post(_deed(arrival, "receive"), {"quantity": "9", "receipt_ref": "GRN-2"})

    arrival.refresh_from_db()
    assert arrival.received == 3
    assert refused.status_code == 409
    assert b"2 are still to come, not 9" in refused.content
    movement = StockMovement.objects.get(kind="received", document_ref="GRN-1")
    assert movement.actor.startswith("staff:")
    assert Backorder.objects.get().filled == 1


def test_a_moved_day_moves_the_promise(arrival: InboundSupply, admin: Client) -> None:
    day = clock.now().date() + timedelta(days=40)

    admin.post(_deed(arrival, "move"), {"expected_on": day.isoformat()})

    assert Backorder.objects.get().promised_on == day


def test_what_will_not_come_is_written_off(arrival: InboundSupply, admin: Client) -> None:
    page = reverse("admin:inventory_inboundsupply_change", args=(arrival.pk,))
    before = len(admin.get(page).context["actions_detail"])

    admin.post(_deed(arrival, "lose"), {"quantity": ""})

    arrival.refresh_from_db()
    assert (arrival.lost, Backorder.objects.get().promised_on) == (5, None)
    assert (before, admin.get(page).context["actions_detail"]) == (3, [])


def test_a_person_of_one_node_sees_the_arrivals_there(arrival: InboundSupply, as_role: As) -> None:
    page = reverse("admin:inventory_inboundsupply_change", args=(arrival.pk,))

    assert as_role("operations", "dallas").get(page).status_code == 302
    assert as_role("floor", "reno").get(page).status_code == 200


def test_late_arrivals_have_a_list_of_their_own(arrival: InboundSupply, admin: Client) -> None:
    early = admin.get(reverse(LIST), {"state": "late"}).context["cl"].result_count
    InboundSupply.objects.update(expected_on=clock.now().date() - timedelta(days=1))

    late = admin.get(reverse(LIST), {"state": "late"})

    assert (early, late.context["cl"].result_count) == (0, 1)
    assert b"Late" in late.content
