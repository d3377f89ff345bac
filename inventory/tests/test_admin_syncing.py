"""What staff see of feeds and decide about differences, each at their own nodes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inventory.models import Drift, DriftReport, StockMovement, SyncSource
from inventory.tests.factories import World, make_world
from inventory.tests.syncing import SOURCE, add_source, balances, deliver, delta, snapshot
from oms.infra.accounts.models import StaffProfile
from oms.infra.accounts.services import roles

As = Callable[..., Client]


@pytest.fixture
def world(db: None) -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "MUG"))
    world.receive("reno", "TENT", 10)
    world.receive("dallas", "TENT", 7)
    add_source(world)
    return world


@pytest.fixture
def as_role(db: None) -> As:
    roles.sync()

    def enter(role: str, *node_codes: str) -> Client:
        user = User.objects.create_user(f"the-{role}", password="x")
        roles.assign(user=user, role=StaffProfile.Role(role), node_codes=node_codes)
        client = Client()
        client.force_login(user)
        return client

    return enter


def _page(label: str, *args: object) -> str:
    kind = "change" if args else "changelist"
    return reverse(f"admin:inventory_{label}_{kind}", args=args)


def _accept(client: Client, *drifts: Drift, reason: str = "counted again") -> object:
    [report] = {drift.report for drift in drifts}
    url = f"{_page('driftreport')}{report.pk}/accept/"
    return client.post(url, {"drifts": [drift.pk for drift in drifts], "reason": reason})


def test_the_page_of_a_feed_says_how_far_it_is_and_what_is_missing(
    world: World, as_role: As
) -> None:
    items = [delta(n, ("reno", "TENT", 1)) for n in (1, 2, 6, 8)]
    deliver(world, *items, delta(3, ("dallas", "TENT", -9)))
    admin = as_role("admin")

    listing = admin.get(_page("syncsource")).content.decode()
    text = admin.get(_page("syncsource", SyncSource.objects.get().pk)).content.decode()

    assert "2 waiting" in listing
    assert "4 – 5" in text
    assert "inventory.not_enough_on_hand: TENT at dallas, -9" in text
    assert "1 differ" in text


def test_a_feed_is_added_once(world: World, as_role: As) -> None:
    operations = as_role("operations")
    url = f"{_page('syncsource')}add-feed/"

    first = operations.post(url, {"code": "pos-1", "kind": "pos"})
    again = operations.post(url, {"code": "pos-1", "kind": "pos"})

    assert (first.status_code, again.status_code) == (302, 409)
    made = SyncSource.objects.exclude(code=SOURCE).values_list("code", "kind", "organization_id")
    assert list(made) == [("pos-1", "pos", world.organization_id)]


def test_differences_are_shown_and_chosen_ones_taken_over(world: World, as_role: As) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8), ("dallas", "TENT", 9)))
    report = DriftReport.objects.get()
    reno = Drift.objects.get(position__node__code="reno")
    operations = as_role("operations")

    text = operations.get(_page("driftreport", report.pk)).content.decode()
    asked = operations.get(f"{_page('driftreport')}{report.pk}/accept/").content.decode()
    done = _accept(operations, reno)

    assert "Count 1 of erp-1" in text
    assert "−2" in text
    assert "TENT at Reno: 10 here, 8 there" in asked
    assert done.status_code == 302
    assert balances() == {("reno", "TENT"): 8, ("dallas", "TENT"): 7}
    movement = StockMovement.objects.latest("pk")
    assert movement.actor == f"staff:{User.objects.get(username='the-operations').pk}"
    assert "Taken over" in operations.get(_page("driftreport", report.pk)).content.decode()


def test_a_refusal_stands_beside_the_form_and_changes_nothing(world: World, as_role: As) -> None:
    deliver(world, delta(1, ("reno", "TENT", -11)))

    answer = _accept(as_role("operations"), Drift.objects.get())

    assert answer.status_code == 409
    assert b"TENT at reno: 10 on hand" in answer.content
    assert balances()["reno", "TENT"] == 10


def test_a_person_of_one_node_sees_and_decides_its_differences_only(
    world: World, as_role: As
) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8), ("dallas", "TENT", 9)))
    deliver(world, snapshot(2, ("reno", "TENT", 7)))
    floor = as_role("operations", "dallas")
    reno, dallas = Drift.objects.filter(report__message__sequence=1).order_by("position__node")

    rows = floor.get(_page("driftreport")).context["cl"].result_list
    text = floor.get(_page("driftreport", dallas.report_id)).content.decode()
    denied = _accept(floor, reno)
    allowed = _accept(floor, dallas)

    assert [row.pk for row in rows] == [dallas.report_id]
    assert ("Dallas" in text, "Reno" in text) == (True, False)
    assert (denied.status_code, allowed.status_code) == (200, 302)
    assert balances() == {("reno", "TENT"): 10, ("dallas", "TENT"): 9}


def test_who_may_only_look_may_not_decide(world: World, as_role: As) -> None:
    deliver(world, snapshot(1, ("reno", "TENT", 8)))

    assert _accept(as_role("viewer"), Drift.objects.get()).status_code == 403
    assert balances()["reno", "TENT"] == 10
