"""What the pages that change an order or write a draft ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from oms.core.admin.deeds import choice
from oms.core.quantities import MAX_LINE_QUANTITY
from orders.drafting import MAX_AMOUNT, MAX_LINES
from orders.types import RecipientDraft

#: Empty rows for new lines.
EXTRA = 3
#: The button that asks for more of them.
MORE = "more"


def _text(label: Any, length: int, *, required: bool = False, **attrs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=length,
        required=required,
        widget=UnfoldAdminTextInputWidget(attrs=attrs),
    )


def _amount(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=Decimal(0),
        max_value=MAX_AMOUNT,
        decimal_places=4,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class LineForm(forms.Form):
    """One line: of an order that stands its SKU is fixed, and no units at all remove it."""

    position = forms.IntegerField(required=False, widget=forms.HiddenInput)
    sku = _text(_("SKU"), 64, list="skus", autocomplete="off", spellcheck="false")
    quantity = forms.IntegerField(
        label=_("Units"),
        min_value=0,
        max_value=MAX_LINE_QUANTITY,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    unit_amount = _amount(_("Unit price"))
    discount_amount = _amount(_("Discount"))
    tax_amount = _amount(_("Tax"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        if self.initial.get("position"):
            self.fields["sku"].widget.attrs["readonly"] = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("sku") and data.get("quantity") is None and not self.errors:
            self.add_error("quantity", str(_("Give the units.")))
        if data.get("quantity") and not data.get("sku") and not self.errors:
            self.add_error("sku", str(_("Give the SKU.")))
        return data


LineFormSet = forms.formset_factory(
    LineForm, extra=EXTRA, max_num=MAX_LINES, absolute_max=MAX_LINES + EXTRA
)


def posted(request: HttpRequest) -> QueryDict | None:
    """This function will return what was sent, with more empty rows where they were asked for."""
    if request.method != "POST":
        return None
    if request.POST.get("step") != MORE:
        return request.POST
    data = request.POST.copy()
    total = data.get("line-TOTAL_FORMS", "")
    if total.isdigit():
        data["line-TOTAL_FORMS"] = str(min(int(total) + EXTRA, MAX_LINES))
    return data


class TermsForm(forms.Form):
    """Shipping and service level."""

    shipping_amount = _amount(_("Shipping"))
    shipping_tax_amount = _amount(_("Tax on shipping"))
    tier = choice(_("Service level"), ())
    is_partial_allowed = forms.BooleanField(
        label=_("May ship in parts"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    def __init__(self, *args: Any, tiers: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].choices = list(tiers)  # type: ignore[attr-defined]


class WhyForm(forms.Form):
    """Asked for when something is really changed."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Others read it later. Leave out names and addresses."),
        widget=UnfoldAdminTextInputWidget(),
    )


class AddressForm(forms.Form):
    """Who gets it and where; shown only to those who may see personal data."""

    name = _text(_("Name"), 120, autocomplete="off")
    company = _text(_("Company"), 120, autocomplete="off")
    line1 = _text(_("Street"), 120, autocomplete="off")
    line2 = _text(_("Street, second line"), 120, autocomplete="off")
    city = _text(_("City"), 120, autocomplete="off")
    region = _text(_("Region"), 60, autocomplete="off")
    postcode = _text(_("Postcode"), 12, autocomplete="off")
    country = _text(_("Country"), 2, required=True, autocomplete="off")
    phone = _text(_("Phone"), 40, autocomplete="off")
    email = _text(_("E-mail"), 254, autocomplete="off")

    def recipient(self) -> RecipientDraft:
        """What was typed, as services take it."""
        data = self.cleaned_data
        plain = {
            name: data[name]
            for name in ("name", "company", "city", "region", "postcode", "country", "phone",
                         "email")
        }  # fmt: skip
        lines = tuple(line for line in (data["line1"], data["line2"]) if line)
        return RecipientDraft(**plain, lines=lines)


def address_of(recipient: RecipientDraft) -> dict[str, Any]:
    """This function will return a recipient as the form shows it."""
    first, second, *_rest = (*recipient.lines, "", "")
    names = ("name", "company", "city", "region", "postcode", "country", "phone", "email")
    return {name: getattr(recipient, name) for name in names} | {"line1": first, "line2": second}


class DraftHeadForm(forms.Form):
    """Where a draft belongs and who buys."""

    channel = choice(_("Channel"), ())
    currency = _text(_("Currency"), 3, required=True)
    customer = _text(_("Customer"), 80)

    def __init__(self, *args: Any, channels: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = list(channels)  # type: ignore[attr-defined]
        self.fields["customer"].help_text = _(
            "A mail address or the channel's reference finds who bought before. Empty: a guest."
        )


def plain(value: Decimal | None) -> Decimal | None:
    """This function will return an amount without trailing zeros, at least two digits."""
    if value is None:
        return None
    short = value.normalize()
    return short.quantize(Decimal("0.01")) if -short.as_tuple().exponent < 2 else short  # type: ignore[operator]


def line_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """This function will return what was typed of a line, empty amounts left out."""
    return {name: value for name, value in data.items() if value not in (None, "")}
