"""Many orders at once from the lists, approvals, notes and files: by services, as the person."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from oms.infra.accounts.services import roles
from oms.infra.jobs.models import Job
from oms.infra.outbox.services import relaying
from orders.models import Approval, Attachment, Hold, Order, OrderNote
from orders.services import bulk_holds, holds
from orders.tests.factories import World, a_draft
from tests.admin.conftest import As

ORDERS = "admin:orders_order_changelist"
PDF = b"%PDF-1.7\nAda's passport"


def _orders(world: World, count: int) -> list[Order]:
    placed = world.place(*(a_draft(f"R-{n}") for n in range(count)))
    relaying.drain()
    return list(Order.objects.filter(pk__in=[p.order_id for p in placed]).order_by("pk"))


def _actor(role: str) -> str:
    return f"staff:{User.objects.get(username=f'the-{role}').pk}"


def _do(client: Client, where: str, action: str, keys: list[int], **data: Any) -> Any:
    """Chooses rows, reads the form that is asked for, and answers it."""
    address = reverse(where)
    asked = client.post(address, {"action": action, "_selected_action": keys, "index": 0})
    assert asked.status_code == 200, asked.content[:500]
    fields = re.findall(
        r'<input type="hidden" name="(action|_selected_action|keys)" value="([^"]*)"',
        asked.content.decode(),
    )
    assert {name for name, _ in fields} == {"action", "_selected_action", "keys"}
    return client.post(address, {**dict(fields), **data}, follow=True)


def test_chosen_orders_are_held_released_and_tagged(world: World, as_role: As) -> None:
    client = as_role("operations")
    keys = [order.pk for order in _orders(world, 3)]
    holds.place_hold(order_id=keys[2], type="customer", reason="Wait.")

    terms = {"type": "customer", "reason": "They called.", "scopes": ["shipping"]}
    held = _do(client, ORDERS, "place_holds", keys, **terms)
    opened = list(Hold.objects.order_by("pk").values_list("order_id", "author", "scopes"))
    released = _do(client, ORDERS, "release_holds", keys, type="customer", reason="Fine.")
    _do(client, ORDERS, "change_tags", keys[:2], add="Rush vip", remove="")
    wrong = _do(client, ORDERS, "change_tags", keys, add="<b>", remove="")

    assert b"2 orders were changed." in held.content
    assert b"1 was not:" in held.content
    assert opened[1:] == [(key, _actor("operations"), ["shipping"]) for key in keys[:2]]
    assert b"3 orders were changed." in released.content
    assert not Hold.objects.filter(released_at=None).exists()
    assert [order.tags for order in Order.objects.order_by("pk")] == [["rush", "vip"]] * 2 + [[]]
    assert b"Letters a-z" in wrong.content
    assert len(client.get(reverse(ORDERS) + "?tag=rush").context["cl"].result_list) == 2


def test_a_viewer_is_offered_nothing_and_changes_nothing(world: World, as_role: As) -> None:
    [order] = _orders(world, 1)
    client = as_role("viewer")

    client.post(
        reverse(ORDERS),
        {"action": "place_holds", "_selected_action": [order.pk], "keys": str(order.pk)}
        | {"type": "operator", "reason": "No.", "scopes": ["picking"]},
    )

    assert not Hold.objects.exists()


def test_above_fifty_it_is_a_job_with_rows_to_download(
    world: World, as_role: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_holds, "AT_ONCE", 2)
    client = as_role("operations")
    orders = _orders(world, 3)
    terms = {"type": "operator", "reason": "Stop.", "scopes": ["picking"]}

    answer = _do(client, ORDERS, "place_holds", [order.pk for order in orders], **terms)
    before = Hold.objects.count()
    bulk_holds.run_due()

    job = Job.objects.get(kind=bulk_holds.KIND)
    page = reverse("admin:jobs_job_change", args=(job.pk,))
    assert page in answer.content.decode()
    assert (before, Hold.objects.count(), job.done) == (0, 3, 3)
    rows = client.get(reverse("admin:jobs_job_changelist") + f"{job.pk}/rows/")
    assert rows["Content-Disposition"].startswith("attachment")
    assert rows.content.decode().splitlines() == [
        "order,result,why",
        *(f"{order.number},done," for order in orders),
    ]


def test_chosen_holds_are_released_each_type_by_itself(world: World, as_role: As) -> None:
    client = as_role("operations")
    first, second = _orders(world, 2)
    holds.place_hold(order_id=first.pk, type="operator", reason="Look.")
    holds.place_hold(order_id=second.pk, type="fraud", reason="Look.")
    keys = list(Hold.objects.order_by("pk").values_list("pk", flat=True))

    answer = _do(client, "admin:orders_hold_changelist", "release_chosen", keys, reason="Fine.")

    assert "You have no approval limit" in answer.content.decode()
    assert list(Hold.objects.filter(released_at=None).values_list("type")) == [("fraud",)]


def test_an_approval_is_decided_on_its_page(world: World, as_role: As) -> None:
    client = as_role("operations")
    [order] = _orders(world, 1)
    holds.place_hold(order_id=order.pk, type="approval", reason="Above the limit.")
    approval = Approval.objects.get()
    queue = reverse("admin:orders_approval_changelist")
    page = reverse("admin:orders_approval_change", args=(approval.pk,))
    decide = reverse("admin:orders_order_changelist") + f"{order.pk}/decide/"

    poor = client.get(page).content.decode()
    refused = client.post(f"{queue}{approval.pk}/approve/", {"reason": "Fine."})
    mine = len(client.get(f"{queue}?queue=mine").context["cl"].result_list)
    user = User.objects.get(username="the-operations")
    roles.set_approval_limit(user=user, limit=Decimal("20.00"))
    rich = client.get(page).content.decode()
    led = client.get(decide)
    done = client.post(f"{queue}{approval.pk}/approve/", {"reason": "Fine."})

    assert "You have no approval limit" in poor and "May decide" in rich
    assert (refused.status_code, mine) == (403, 0)
    assert (led.status_code, led["Location"]) == (302, page)
    assert done.status_code == 302
    approval = Approval.objects.get()
    assert (approval.state, approval.decided_by) == ("approved", _actor("operations"))
    assert len(client.get(queue).context["cl"].result_list) == 0


def test_the_queue_of_holds_opens_on_what_is_open(world: World, as_role: As) -> None:
    client = as_role("operations")
    [order] = _orders(world, 1)
    holds.place_hold(order_id=order.pk, type="operator", reason="Look.")
    queue = reverse("admin:orders_hold_changelist")

    found = {
        state: len(client.get(f"{queue}?state={state}").context["cl"].result_list)
        for state in ("open", "overdue", "mine", "released", "all")
    }

    assert found == {"open": 1, "overdue": 0, "mine": 0, "released": 0, "all": 1}


def test_notes_and_files_are_for_roles_that_may_see_people(world: World, as_role: As) -> None:
    client, engineer = as_role("support"), as_role("engineer")
    [order] = _orders(world, 1)
    base = reverse(ORDERS) + f"{order.pk}/"
    page = reverse("admin:orders_order_change", args=(order.pk,))

    client.post(f"{base}note/", {"text": "Ring twice at the blue door."})
    upload = SimpleUploadedFile("pass.html", PDF, content_type="text/html")
    kept = client.post(f"{base}file/", {"file": upload})
    shown = client.get(page).content.decode()
    hidden = engineer.get(page).content.decode()
    download = reverse(
        "admin:orders_order_file", args=(order.pk, Attachment.objects.get().public_id)
    )
    got = client.get(download)

    assert kept.status_code == 302 and OrderNote.objects.get().author == _actor("support")
    assert "blue door" in shown and "pass.html" in shown and download in shown
    assert "blue door" not in hidden and "pass.html" not in hidden
    assert b"".join(got.streaming_content) == PDF
    assert got["Content-Disposition"] == 'attachment; filename="pass.html"'
    assert got["Content-Type"] == "application/octet-stream"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert engineer.get(download).status_code == 404
    assert engineer.post(f"{base}note/", {"text": "Hello."}).status_code == 403
    assert OrderNote.objects.count() == 1


def test_a_file_that_may_not_be_is_refused_in_words(world: World, as_role: As) -> None:
    client = as_role("support")
    [order] = _orders(world, 1)
    page = SimpleUploadedFile("x.pdf", b"<html><script>alert(1)</script>")

    answer = client.post(reverse(ORDERS) + f"{order.pk}/file/", {"file": page})

    assert answer.status_code == 422
    assert b"application/pdf" in answer.content
    assert not Attachment.objects.exists()


def test_a_limit_is_given_in_the_admin(world: World, admin: Client, as_role: As) -> None:
    as_role("support")
    profile = User.objects.get(username="the-support").staff_profile  # type: ignore[attr-defined]
    address = reverse("admin:accounts_staffprofile_change", args=(profile.pk,))
    data = {"role": "support", "node_codes": ""}

    refused = admin.post(address, {**data, "approval_limit": "-1"})
    admin.post(address, {**data, "approval_limit": "250.00"})

    assert refused.status_code == 200
    profile = type(profile).objects.get(pk=profile.pk)
    assert profile.approval_limit == Decimal("250.00")
    assert b"250.00" in admin.get(reverse("admin:accounts_staffprofile_changelist")).content
