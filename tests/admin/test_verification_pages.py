"""Staff set rules and credit limits, try them, and override what a rule objects to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.customers.models import CreditAccount, CreditChange
from orders.models import Order, Override, VerificationRule
from orders.tests.factories import ADA, World, a_draft


def _set(admin: Client, world: World, rule: str, **form: Any) -> Any:
    query = f"?organization={world.organization_id}&channel=&rule={rule}"
    address = reverse("admin:orders_verificationrule_set_rule")
    return admin.post(address + query, {"reason": "We know better.", **form})


QUANTITY = {
    "is_enabled": "on", "verdict": "hold", "line_units": "1", "order_units": "900",
    "based_on": "1",
}  # fmt: skip


def test_a_rule_is_chosen_then_set_and_its_page_tells_what_changed(
    world: World, admin: Client
) -> None:
    chosen = admin.post(
        reverse("admin:orders_verificationrule_set_rule"),
        {"organization": world.organization_id, "channel": "", "rule": "quantity"},
    )
    assert chosen.status_code == 302 and "rule=quantity" in chosen["Location"]
    assert 'value="300"' in admin.get(chosen["Location"]).content.decode()

    answer = _set(admin, world, "quantity", **QUANTITY)

    row = VerificationRule.objects.get(rule="quantity", is_current=True)
    page = reverse("admin:orders_verificationrule_change", args=(row.pk,))
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert (row.version, row.settings["line_units"], row.reason) == (2, 1, "We know better.")
    assert row.author == f"staff:{User.objects.get(is_superuser=True).pk}"
    shown = admin.get(page).content.decode()
    assert "line_units: 300 → 1" in shown and "order_units: 1000 → 900" in shown


def test_a_trial_tells_how_many_orders_would_be_judged_otherwise_and_keeps_nothing(
    world: World, admin: Client
) -> None:
    world.place(*[a_draft(f"T-{n}", lines={"A": n}) for n in (1, 2, 3)])

    shown = _set(admin, world, "quantity", is_trial="on", **QUANTITY).content.decode()

    total = Order.objects.count()
    larger = sum(o.unit_count > 1 for o in Order.objects.all())
    assert f"{larger} of the latest {total} orders would be judged otherwise" in shown
    assert VerificationRule.objects.get(rule="quantity").version == 1


@pytest.mark.parametrize(
    ("rule", "form", "words"),
    [
        ("quantity", {**QUANTITY, "based_on": "0"}, "Somebody changed this rule meanwhile"),
        ("quantity", {**QUANTITY, "line_units": "0"}, "greater than or equal to 1"),
        ("embargo", {"verdict": "reject", "countries": "XX", "based_on": "0"}, "no country"),
        ("tax", {"verdict": "hold", "rates": "DE 7-20", "based_on": "0"}, "Write"),
        ("address", {"verdict": "hold", "is_trial": "on", "based_on": "0"}, "cannot be tried"),
    ],
)
def test_what_cannot_be_set_is_told_and_nothing_changes(
    world: World, admin: Client, rule: str, form: Any, words: str
) -> None:
    answer = _set(admin, world, rule, **form)

    assert answer.status_code in (200, 409, 422, 503) and words in answer.content.decode()
    assert VerificationRule.objects.count() == 1


def test_groups_of_countries_are_written_as_lines(world: World, admin: Client) -> None:
    rates = "DE AT: 7 to 20\n0 to 30"
    _set(admin, world, "tax", verdict="warn", is_enabled="on", rates=rates, based_on="0")

    assert VerificationRule.objects.get(rule="tax").settings["rates"] == [
        {"countries": ["AT", "DE"], "low": "7", "high": "20"},
        {"countries": [], "low": "0", "high": "30"},
    ]


def test_an_order_shows_every_rule_and_staff_override_an_objection(
    world: World, admin: Client
) -> None:
    [answer] = world.place(a_draft("V-1", recipient=replace(ADA, region="HI")))
    page = reverse("admin:orders_order_change", args=(answer.order_id,))
    shown = admin.get(page).content.decode()
    for words in ("Embargo", "Credit limit", "Nothing to judge", "Not a postcode", "built in"):
        assert words in shown

    deed = reverse("admin:orders_order_override_rule", args=(answer.order_id,))
    done = admin.post(deed, {"rule": "address", "reason": "The driver knows it."})

    assert done.status_code == 302
    assert Override.objects.get().author.startswith("staff:")
    assert "The driver knows it." in admin.get(page).content.decode()
    assert admin.post(deed, {"rule": "address", "reason": "Again."}).status_code == 200
    assert Override.objects.count() == 1


def test_a_customers_page_shows_and_sets_the_credit(world: World, admin: Client) -> None:
    [answer] = world.place(a_draft("V-1", customer_ref="C-9"))
    customer = Order.objects.get(pk=answer.order_id).customer_id
    deed = reverse("admin:customers_customer_set_credit", args=(customer,))
    form = {"limit_amount": "100", "currency": "USD", "terms_days": "14", "based_on": "0"}

    assert admin.post(deed, {**form, "reason": "Pays well."}).status_code == 302
    again = admin.post(deed, {**form, "reason": "Twice."})
    world.place(a_draft("V-2", customer_ref="C-9", lines={"B": 3}))

    account = CreditAccount.objects.get()
    assert (again.status_code, CreditChange.objects.count()) == (409, 1)
    assert (account.limit_amount, account.exposure_amount) == (Decimal(100), Decimal(60))
    shown = admin.get(reverse("admin:customers_customer_change", args=(customer,))).content.decode()
    for words in ("Pays well.", "Open orders on account", "60.00", "100.00"):
        assert words in shown
