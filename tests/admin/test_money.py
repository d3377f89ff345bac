"""The money of an order on its page, and what staff record of it."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

from orders.billing.models import PaymentBalance, PaymentEntry
from orders.tests.factories import World, a_draft
from tests.admin.conftest import As


def _record(client: Client, order_id: int, **data: str) -> int:
    form = {"kind": "captured", "amount": "20.00", "reference": "ch_1", "reason": "", **data}
    return client.post(f"/admin/orders/order/{order_id}/pay/", form).status_code


def _text(client: Client, order_id: int) -> str:
    page = client.get(reverse("admin:orders_order_change", args=(order_id,)))
    return re.sub(r"(<[^>]+>|\s)+", " ", page.content.decode()).lower()


def test_a_recorded_payment_stands_on_the_page_with_its_author(world: World, as_role: As) -> None:
    [order] = world.place(a_draft("M-1"))
    support = as_role("support")
    before = _text(support, order.order_id)

    code = _record(support, order.order_id)

    after = _text(support, order.order_id)
    entry = PaymentEntry.objects.get()
    assert (code, entry.source, entry.reference) == (302, "staff", "ch_1")
    assert "not paid" in before and "to collect $20.00" in before
    assert "captured $20.00" in after and "the-support" in after
    assert "to collect" not in after


def test_a_refusal_stands_beside_the_form(world: World, admin: Client) -> None:
    [order] = world.place(a_draft("M-1"))

    code = _record(admin, order.order_id, kind="refunded")

    assert (code, PaymentEntry.objects.count(), PaymentBalance.objects.count()) == (409, 0, 0)


def test_a_viewer_records_nothing(world: World, as_role: As) -> None:
    [order] = world.place(a_draft("M-1"))

    assert _record(as_role("viewer"), order.order_id) == 403
    assert PaymentEntry.objects.count() == 0


def test_the_list_is_narrowed_by_payment(world: World, admin: Client) -> None:
    paid, unpaid = world.place(a_draft("M-1"), a_draft("M-2", lines={"B": 1}))
    _record(admin, paid.order_id)

    found = {
        state: admin.get(f"/admin/orders/order/?payment={state}").content.decode()
        for state in ("paid", "none")
    }

    assert f"#{paid.number}" in found["paid"] and f"#{unpaid.number}" not in found["paid"]
    assert f"#{unpaid.number}" in found["none"] and f"#{paid.number}" not in found["none"]
