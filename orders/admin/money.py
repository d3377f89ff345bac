"""The money of an order on its page, and what staff may record of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from oms.core.admin import cells
from oms.core.admin.deeds import Data, DeedsMixin, choice
from oms.core.admin.pages import Facts, Table
from oms.infra.accounts import selectors as accounts
from orders.billing import selectors as balances
from orders.billing.types import PaymentDraft, Standing
from orders.models import Order
from orders.services import paying

_TONES = {
    "authorized": "info",
    "partially_paid": "warn",
    "paid": "ok",
    "partially_refunded": "info",
    "refunded": "info",
    "overcharged": "bad",
}


def pill(standing: Standing) -> SafeString:
    """This function will return the payment's state as a pill."""
    return cells.pill(balances.STATES(standing.state).label, _TONES.get(standing.state, ""))


def block(order: Order) -> Facts:
    """This function will return how the money of an order stands."""
    standing = paying.standing_of(order)
    rows: list[tuple[Any, Any]] = [
        (_("payment"), pill(standing)),
        (_("total"), _amount(order.total_amount, order)),
    ]
    rows += [
        (name, _amount(value, order))
        for name, value in (
            (_("cancelled"), order.cancelled_amount),
            (_("owed"), standing.owed),
            (_("authorized"), standing.authorized),
            (_("voided"), standing.voided),
            (_("captured"), standing.captured),
            (_("refunded"), standing.refunded),
            (_("goodwill"), standing.goodwill),
            (_("to collect"), standing.to_collect),
            (_("to refund"), standing.to_refund),
        )
        if value
    ]
    if standing.is_required and not standing.is_covered and standing.expires_at:
        rows.append((_("to be paid by"), cells.due(standing.expires_at)))
    return Facts(_("Money"), rows)


def _amount(value: Decimal, order: Order) -> SafeString:
    return cells.amount(value, order.currency)


def payments(order: Order) -> Sequence[Table]:
    """This function will return what moved the order's money, newest first, where anything did."""
    entries = list(balances.list_entries(order_ref=paying.payer_of(order)).reverse())
    if not entries:
        return []
    names = accounts.names_of(actors={entry.actor for entry in entries})
    rows = [
        [
            entry.get_kind_display(),
            cells.two_lines(entry.reference, entry.reason or entry.get_source_display()),
            names[entry.actor],
            cells.ago(entry.occurred_at),
            cells.amount(entry.amount, entry.currency),
        ]
        for entry in entries
    ]
    headers = [_("what"), _("reference"), _("by"), _("at"), _("amount")]
    return [Table(_("Payments"), headers, rows, _("None."), numeric=frozenset({4}))]


class MoneyDeeds(DeedsMixin):
    """What staff may do with the money of an order."""

    @action(description=_("Record payment"), permissions=["act"], url_path="pay", icon="payments")
    def record_payment(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Record a payment"),
            text=_("What happened at the bank or the payment service. No money is moved by this."),
            form_class=RecordPaymentForm,
            run=_record,
            done=_("The payment is recorded."),
        )


class RecordPaymentForm(forms.Form):
    """Asks what happened to how much money."""

    kind = choice(_("What happened"), balances.KINDS.choices, initial=balances.KINDS.CAPTURED)
    amount = forms.DecimalField(
        label=_("Amount"),
        min_value=Decimal("0.0001"),
        max_digits=16,
        decimal_places=4,
        help_text=_("In the currency of the order."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    reference = forms.CharField(
        label=_("Reference"),
        max_length=80,
        required=False,
        help_text=_("Of the bank or the payment service. The same one twice is one payment."),
        widget=UnfoldAdminTextInputWidget(),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Others read it later. Leave out names and addresses."),
        widget=UnfoldAdminTextInputWidget(),
    )


def _record(order: Order, data: Data) -> None:
    payment = PaymentDraft(
        kind=data["kind"],
        amount=data["amount"],
        reference=data["reference"],
        reason=data["reason"],
    )
    paying.report_one(
        organization_id=order.organization_id,
        source=balances.SOURCES.STAFF,
        order_ref=order.public_id,
        payment=payment,
    )
