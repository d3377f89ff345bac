"""What a customer's page says of credit, and the form that sets it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from oms.core.admin import cells, links
from oms.core.admin.deeds import ReasonForm
from oms.core.admin.pages import Block, Facts, Share, Shares, Table
from oms.infra.accounts import selectors as accounts
from orders.customers.models import CreditAccount, Customer
from orders.customers.selectors import credit as selectors

#: Orders and changes shown on a page.
SHOWN = 25


def blocks(account: CreditAccount | None) -> list[Block]:
    """This function will return what there is to say of a customer's credit, in two statements."""
    if account is None:
        return [Facts(_("Credit"), [(_("account"), _("Pays at once: there is none."))])]
    return [_bar(account), _orders(account), _changes(account)]


def _bar(account: CreditAccount) -> Shares:
    is_over = account.exposure_amount > account.limit_amount
    return Shares(
        _("Credit"),
        [
            Share(_("owed"), int(account.exposure_amount), "bad" if is_over else "warn"),
            Share(_("free"), int(account.free_amount), "ok"),
        ],
        _("The limit is zero."),
        note=cells.amount(account.limit_amount, account.currency),
    )


def _orders(account: CreditAccount) -> Table:
    rows = [
        [
            links.order_link(use.order_ref, use.order_ref),
            cells.amount(use.amount, account.currency),
            cells.pill(_("Beyond the limit"), "warn") if use.authorized_by else cells.NOTHING,
            cells.ago(use.created_at),
        ]
        for use in selectors.list_open_uses(account_id=account.pk, limit=SHOWN)
    ]
    headers = [_("order"), _("takes"), _("note"), _("since")]
    empty = _("No open order takes credit.")
    return Table(_("Open orders on account"), headers, rows, empty, numeric=frozenset({1}))


def _changes(account: CreditAccount) -> Table:
    found = selectors.list_changes(account_id=account.pk, limit=SHOWN)
    names = accounts.names_of(actors={change.author for change in found})
    rows = [
        [
            cells.amount(change.limit_amount, account.currency),
            change.terms_days,
            change.reason,
            names[change.author],
            cells.moment(change.created_at),
        ]
        for change in found
    ]
    headers = [_("limit"), _("days to pay"), _("why"), _("who"), _("when")]
    return Table(_("Limits"), headers, rows, _("No limit yet."), numeric=frozenset({0, 1}))


def limit_form(customer: Customer) -> type[forms.Form]:
    """This function will return the form of a customer's limit, filled with how it is now."""
    account = selectors.find_account(customer_id=customer.pk)

    class LimitForm(ReasonForm):
        limit_amount = forms.DecimalField(
            label=_("Limit"),
            min_value=0,
            initial=account.limit_amount if account else None,
            widget=UnfoldAdminDecimalFieldWidget(),
        )
        currency = forms.CharField(
            label=_("Currency"),
            max_length=3,
            initial=account.currency if account else customer.organization.currency,
            widget=UnfoldAdminTextInputWidget(),
        )
        terms_days = forms.IntegerField(
            label=_("Days to pay"),
            min_value=0,
            initial=account.terms_days if account else 30,
            widget=UnfoldAdminIntegerFieldWidget(),
        )
        based_on = forms.IntegerField(
            initial=account.version if account else 0, widget=forms.HiddenInput()
        )
        field_order = ["limit_amount", "currency", "terms_days", "reason"]

    return LimitForm
