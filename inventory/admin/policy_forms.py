"""What the pages of limits ask for, and the things people name turned into keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from inventory.catalog import selectors as catalog
from inventory.selectors.offers import UnknownSku
from inventory.services import rule_checks
from oms.core.admin.cells import Text
from oms.core.admin.deeds import Data, choice
from oms.core.errors import FieldError
from oms.infra.accounts import selectors as accounts

#: (value, label)
Choices = Sequence[tuple[Any, Text]]


class DayWidget(UnfoldAdminTextInputWidget):
    input_type = "date"


def _text(label: Any, *, help_text: Any = "", **options: Any) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget()
    return forms.CharField(label=label, help_text=help_text, widget=widget, **options)


def _units(label: Any, *, help_text: Any = "", least: int = 0, **options: Any) -> Any:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=least,
        max_value=rule_checks.MAX_LIMIT,
        widget=UnfoldAdminIntegerFieldWidget(),
        **options,
    )


class _OwnerForm(forms.Form):
    """Asks whose goods; the SKU is the seller's."""

    organization = choice(_("Seller"), ())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].choices = accounts.organization_choices()  # type: ignore[attr-defined]


class _PlaceForm(_OwnerForm):
    """Asks also where; `places` are the nodes that the person may see."""

    node = choice(_("Node"), ())

    def __init__(self, *args: Any, places: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["node"].choices = places  # type: ignore[attr-defined]


class QuantityForm(forms.Form):
    """Asks how many units a rule keeps back."""

    quantity = _units(_("Units kept back"))


class SafetyForm(_PlaceForm, QuantityForm):
    """Asks where, of what, and how many."""

    sku = _text(
        _("SKU"),
        required=False,
        max_length=64,
        help_text=_("Empty: each variant of the category, or each variant of all."),
    )
    category = _text(_("Category"), required=False, max_length=rule_checks.MAX_CATEGORY)
    field_order = ("node", "organization", "sku", "category", "quantity")


class TermsForm(forms.Form):
    """Asks what may be sold beyond the shelf."""

    oversell_limit = _units(_("Oversell at each node"), initial=0)
    backorder_limit = _units(
        _("Backorders over all nodes"), required=False, help_text=_("Empty: without limit.")
    )
    preorder_limit = _units(
        _("Preorders over all nodes"), required=False, help_text=_("Empty: without limit.")
    )
    preorder_ships_on = forms.DateField(
        label=_("Preorders ship by"), required=False, widget=DayWidget()
    )


class SellingForm(_OwnerForm, TermsForm):
    """Asks of what, in which channel, and the terms."""

    sku = _text(_("SKU"), required=False, max_length=64, help_text=_("Empty: each variant."))
    channel = _text(
        _("Channel"),
        required=False,
        max_length=rule_checks.MAX_CHANNEL,
        help_text=_("Its code. Empty: each channel."),
    )
    field_order = ("organization", "sku", "channel")


class UnitsForm(forms.Form):
    """Asks how many units, and why."""

    quantity = _units(_("Units"), least=1)
    reason = _text(_("Reason"), max_length=80, help_text=_("It stays in the ledger."))


class ReserveForm(_PlaceForm, UnitsForm):
    """Asks where, of what, and for which channel."""

    sku = _text(_("SKU"), max_length=64)
    channel = _text(_("Channel"), max_length=rule_checks.MAX_CHANNEL, help_text=_("Its code."))
    field_order = ("node", "organization", "sku", "channel", "quantity", "reason")


def variant_of(data: Data) -> int | None:
    """This function will return the variant that the form names; None where it names none.

    :raises UnknownSku: the seller has no such SKU.
    """
    sku = data["sku"]
    if not sku:
        return None
    found = catalog.facts_by_sku(organization_id=int(data["organization"]), skus=[sku])
    if sku not in found:
        detail = f"There is no SKU {sku!r}."
        raise UnknownSku(detail, errors=[FieldError("/sku", "unknown_sku", detail)])
    return found[sku].id
