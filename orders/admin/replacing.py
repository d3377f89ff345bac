"""What staff do when something arrived broken, or never: units are sent again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanSwitchWidget

from oms.core.admin.deeds import Data, DeedsMixin, ReasonForm
from orders.models import Order, OrderLine
from orders.services import replacing


class ReplaceDeeds(DeedsMixin):
    """Sends units of an order again."""

    @action(
        description=_("Replace units"), permissions=["act"], url_path="replace", icon="sync_problem"
    )
    def replace_units(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Send units again"),
            text=_("They go to the same person, in an order of their own, free of charge."),
            form_class=_form(object_id),
            run=_run,
            done=_("The replacement is placed."),
        )


def _run(order: Order, data: Data) -> HttpResponse:
    units = {
        int(name.removeprefix("line_")): count
        for name, count in data.items()
        if name.startswith("line_") and count
    }
    lines = {line.position: line for line in OrderLine.objects.filter(order=order)}
    prices = {p: lines[p].unit_amount for p in units} if data["is_charged"] else None
    answer = replacing.replace(order_id=order.pk, units=units, reason=data["reason"], prices=prices)
    return HttpResponseRedirect(reverse("admin:orders_order_change", args=(answer.order_id,)))


def _form(object_id: str) -> type[forms.Form]:
    """A form with a field for each line of which units were shipped and not replaced yet."""
    order = Order.objects.filter(pk=object_id).first()
    left = replacing.left_of(order=order) if order else {}
    names = dict(OrderLine.objects.filter(order=order).values_list("position", "sku"))
    fields: dict[str, Any] = {
        f"line_{position}": forms.IntegerField(
            label=names[position],
            min_value=0,
            max_value=units,
            required=False,
            help_text=gettext("%(n)d may be replaced.") % {"n": units},
            widget=UnfoldAdminIntegerFieldWidget(
                attrs={"inputmode": "numeric", "autocomplete": "off"}
            ),
        )
        for position, units in sorted(left.items())
        if units > 0
    }
    fields["is_charged"] = forms.BooleanField(
        label=_("At the price of the first order"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )
    return type("ReplaceForm", (ReasonForm,), fields)
