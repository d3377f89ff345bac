"""Pages of lots, serial numbers and recalls: blocked by name, recalled by one form, rehearsed
without a trace, and shown to nobody beyond their nodes."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inventory.models import Lot, Recall, Serial, StockMovement
from inventory.services import conditions, reservations
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import ConditionChange
from oms.core import clock
from oms.core.admin.pages import Share, Shares
from oms.core.transactions import unit
from oms.infra.outbox.models import OutboxEvent
from tests.admin.conftest import As


@pytest.fixture
def stocked(db: None) -> World:
    """Ten tents of a lot at two nodes, three of them shipped and two open; a numbered phone."""
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "PHONE"))
    world.track("TENT", "lot")
    world.track("PHONE", "serial")
    lot_id = world.lot("TENT", "A-1")
    world.receive_lot("reno", "TENT", lot_id, 8)
    world.receive_lot("dallas", "TENT", lot_id, 2)
    world.receive_units("reno", "PHONE", "N-1")
    for ref, quantity in (("ord_gone", 3), ("ord_open", 2)):
        with clock.virtual(NOON), unit():
            reservations.reserve(demands=[world.demand(ref, world.leg("reno", "TENT", quantity))])
    with unit():
        reservations.consume(items=[at_node("ord_gone")])
    return world


def _page(model: str, pk: int) -> str:
    return reverse(f"admin:inventory_{model}_change", args=(pk,))


def _list(model: str) -> str:
    return reverse(f"admin:inventory_{model}_changelist")


def _deed(model: str, path: str, pk: int | None = None) -> str:
    return f"{_list(model)}{path}/" if pk is None else f"{_list(model)}{pk}/{path}/"


def _text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def _counts() -> dict[str, int]:
    models = [*apps.get_app_config("inventory").get_models(), OutboxEvent]
    return {model._meta.label: model.objects.count() for model in models}


def test_a_lot_is_blocked_and_unblocked_by_a_person_with_a_reason(
    stocked: World, as_role: As
) -> None:
    operations = as_role("operations")
    lot = Lot.objects.get()

    blocked = operations.post(_deed("lot", "block", lot.pk), {"block": "hold", "reason": "Smells."})
    assert blocked.status_code == 302
    lot.refresh_from_db()
    assert lot.block == "hold"
    page = _text(operations, _page("lot", lot.pk))
    assert "Smells." in page
    assert "the-operations" in page
    assert "On hold" in page
    operations.post(_deed("lot", "unblock", lot.pk), {"reason": "Aired."})

    lot.refresh_from_db()
    assert lot.block == ""
    actor = User.objects.get(username="the-operations").pk
    assert lot.history.latest().history_change_reason == f"staff:{actor}: Aired."


def test_the_page_of_a_lot_says_where_it_is_and_its_way(stocked: World, admin: Client) -> None:
    lot_id = Lot.objects.get().pk
    move = ConditionChange(
        stocked.nodes["reno"],
        stocked.variants["TENT"],
        1,
        "worn_display",
        lot_id=lot_id,
        note="torn",
    )
    with unit():
        conditions.change(moves=[move])

    text = _text(admin, _page("lot", lot_id))

    for said in (
        "Reno",
        "Dallas",
        "−3 on hand, −3 set aside",
        "+8 on hand",
        "May be sold",
        "Worn on display; torn",
    ):
        assert said in text


def test_a_unit_is_blocked_and_its_page_tells_its_way(stocked: World, admin: Client) -> None:
    serial = Serial.objects.get()

    admin.post(_deed("serial", "block", serial.pk), {"block": "quarantine"})

    text = _text(admin, _page("serial", serial.pk))
    assert "In quarantine" in text
    assert "+1 on hand" in text
    admin.post(_deed("serial", "unblock", serial.pk))
    serial.refresh_from_db()
    assert serial.block == ""


def _form(**values: str) -> dict[str, str]:
    return {"sku": "TENT", "lots": "A-1\n", "serials": "", "reason": "Breaks.", **values}


def test_a_drill_shows_the_board_and_leaves_no_trace(stocked: World, admin: Client) -> None:
    before = _counts()

    answer = admin.post(_deed("recall", "call-back"), _form(is_drill="on"))

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Drill: nothing was changed" in text
    assert "Together 10 of 10 received." in text
    assert "ord_open" in text
    assert "ord_gone" in text
    assert _counts() == before
    assert Lot.objects.get().block == ""


def test_a_recall_blocks_the_goods_and_opens_its_board(stocked: World, admin: Client) -> None:
    answer = admin.post(_deed("recall", "call-back"), _form())

    recall = Recall.objects.get()
    assert answer.headers["Location"] == _page("recall", recall.pk)
    assert recall.actor == f"staff:{User.objects.get(username='the-admin').pk}"
    assert Lot.objects.get().block == "recalled"
    text = _text(admin, _page("recall", recall.pk))
    for said in (
        "Every unit accounted for",
        "Together 10 of 10 received.",
        "With customers: 3",
        "On the shelf: 5",
        "Set aside for demands: 2",
    ):
        assert said in text
    assert "<script" not in text.split('class="o-page"')[1].split("</article>")[0]
    closing = admin.post(_deed("recall", "close", recall.pk))
    assert closing.status_code == 409
    with unit():
        reservations.release(items=[at_node("ord_open")], reason="x")
    admin.post(_deed("recall", "close", recall.pk))
    recall.refresh_from_db()
    assert recall.closed_at is not None


def test_a_recall_of_unknown_goods_is_refused_beside_the_form(
    stocked: World, admin: Client
) -> None:
    answers = [
        admin.post(_deed("recall", "call-back"), _form(**values, **drill))
        for drill in ({}, {"is_drill": "on"})
        for values in ({"lots": "?"}, {"serials": "?"}, {"lots": ""}, {"sku": "?"})
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 422, 422] * 2
    assert not Recall.objects.exists()


def test_a_person_of_one_node_sees_only_what_lies_there_and_blocks_nothing(
    stocked: World, as_role: As, admin: Client
) -> None:
    elsewhere = stocked.lot("TENT", "B-2")
    stocked.receive_lot("dallas", "TENT", elsewhere, 4)
    lot = Lot.objects.get(code="A-1")
    admin.post(_deed("recall", "call-back"), _form())
    recall = Recall.objects.get()
    here = as_role("operations", "reno")

    lots, page = _text(here, _list("lot")), _text(here, _page("lot", lot.pk))

    assert "A-1" in lots
    assert "B-2" not in lots
    assert "Reno" in page
    assert "Dallas" not in page
    assert here.get(_page("lot", elsewhere)).status_code == 302
    assert recall.public_id not in _text(here, _list("recall"))
    assert here.get(_page("recall", recall.pk)).status_code == 302
    refused = [
        here.post(_deed("lot", "unblock", lot.pk), {"reason": "x"}).status_code,
        here.post(_deed("serial", "block", Serial.objects.get().pk), {"block": "hold"}).status_code,
        here.post(_deed("recall", "call-back"), _form(lots="B-2")).status_code,
        here.post(_deed("recall", "close", recall.pk)).status_code,
    ]
    assert refused == [403] * 4
    assert Recall.objects.count() == 1
    assert Lot.objects.get(code="B-2").block == ""
    assert "+8 on hand" in page
    assert StockMovement.objects.filter(position__node__code="dallas").exists()


def test_the_picture_shows_parts_side_by_side_and_tells_what_is_below_zero() -> None:
    shares = Shares("Where", [Share("a", 6), Share("b", -2), Share("c", 2)], empty="")

    assert [(s.share.label, s.start, s.width) for s in shares.slices] == [
        ("a", 0.0, 750.0),
        ("c", 750.0, 250.0),
    ]
