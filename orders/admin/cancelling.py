"""The dialog that cancels: which lines, how many units, why; it says what is paid back before it
does anything. And what an order's page tells of its cancellations."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from oms.core.admin import cells
from oms.core.admin.deeds import ReasonForm, choice
from oms.core.admin.pages import Table
from oms.core.errors import OmsError
from oms.core.money import as_text
from oms.infra.accounts import selectors as accounts
from orders.models import Cancellation, Order, OrderLine
from orders.services import cancellation
from orders.types import CancelPreview

_LINE = "line_"
#: Lines a dialog offers one by one; of an order with more, the first.
MAX_FIELDS = 100


class CancelForm(ReasonForm):
    """Asks for the reason and the units; the second press of the button does it."""

    code = choice(_("Kind of reason"), Cancellation.Reason.choices)
    #: What the person was told; something else is told again before it is done.
    seen = forms.CharField(required=False, widget=forms.HiddenInput())
    order_id = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = OrderLine.objects.filter(order_id=self.order_id).order_by("position")
        for line in lines[:MAX_FIELDS]:
            left = line.ordered - line.cancelled - line.shipped
            if left:
                self.fields[f"{_LINE}{line.position}"] = forms.IntegerField(
                    label=gettext("%(sku)s: units to cancel") % {"sku": line.sku},
                    required=False,
                    min_value=0,
                    max_value=left,
                    help_text=ngettext("%(n)d is left.", "%(n)d are left.", left) % {"n": left},
                    widget=UnfoldAdminIntegerFieldWidget(),
                )

    def quantities(self) -> dict[int, int] | None:
        """Units by line; None where no line was filled in: all that is left."""
        found = {
            int(name.removeprefix(_LINE)): units
            for name, units in self.cleaned_data.items()
            if name.startswith(_LINE) and units
        }
        return found or None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return data
        try:
            preview = cancellation.preview(order_id=self.order_id, quantities=self.quantities())
        except OmsError as error:
            raise forms.ValidationError(error.detail) from error
        told = _told(preview)
        if data["seen"] != told:
            self.data = {**self.data.dict(), "seen": told}  # type: ignore[attr-defined]
            raise forms.ValidationError(
                gettext("%(preview)s Press the button again to do it.") % {"preview": told}
            )
        return {**data, "quantities": self.quantities()}


def form_for(order_id: str) -> type[CancelForm]:
    """This function will return the dialog of one order."""
    return type("OrderCancelForm", (CancelForm,), {"order_id": int(order_id)})


def run(order: Order, data: Mapping[str, Any]) -> Cancellation:
    """This function will do what the dialog said."""
    return cancellation.cancel_lines(
        order_id=order.pk, quantities=data["quantities"], reason=data["code"], text=data["reason"]
    )


def _told(preview: CancelPreview) -> str:
    units = ngettext(
        "%(n)d unit is cancelled at once.", "%(n)d units are cancelled at once.", preview.units
    ) % {"n": preview.units}
    asked = ngettext(
        "The floor is asked about %(n)d unit.",
        "The floor is asked about %(n)d units.",
        preview.pending_units,
    ) % {"n": preview.pending_units}
    money = gettext("To be paid back, where it was paid: %(amount)s %(currency)s.") % {
        "amount": as_text(preview.amount, preview.currency),
        "currency": preview.currency,
    }
    whole = gettext("Nothing is left of the order then.") if preview.is_whole else ""
    said = [units if preview.units else "", asked if preview.pending_units else "", whole, money]
    return " ".join(part for part in said if part)


def history(order: Order) -> list[Table]:
    """This function will return what was cancelled of an order, newest first; nothing without."""
    rows = list(order.cancellations.prefetch_related("parts").order_by("-pk"))
    if not rows:
        return []
    names = accounts.names_of(actors={row.author for row in rows})
    headers = [_("when"), _("reason"), _("by"), _("result"), _("units"), _("paid back")]
    return [
        Table(
            _("Cancellations"),
            headers,
            [
                [
                    cells.ago(row.created_at),
                    cells.two_lines(row.get_reason_display(), row.text),
                    names.get(row.author) or cells.NOTHING,
                    _result(row),
                    row.units,
                    cells.amount(row.amount or Decimal(0), order.currency),
                ]
                for row in rows
            ],
            "",
            numeric=frozenset({4, 5}),
        )
    ]


_TONES: Mapping[str, str] = {"pending": "warn", "done": "", "partly": "warn", "refused": "bad"}


def _result(row: Cancellation) -> Any:
    pill = cells.pill(row.get_state_display(), _TONES[row.state])
    answers = sorted({part.answer for part in row.parts.all() if part.answer})
    return cells.two_lines(pill, " ".join(answers)) if answers else pill
