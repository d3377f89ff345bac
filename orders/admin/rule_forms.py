"""Forms of rules: each setting as a field of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from oms.core.admin.deeds import ReasonForm, choice
from oms.infra.accounts import selectors as accounts
from orders.rules import HOLD, REJECT, RULES, WARN, Rule, Tuned
from orders.rules.settings import Codes, Number, Range, Ranges, Switch, Whole

_FOLLOWS = [(WARN, _("A warning")), (HOLD, _("A hold")), (REJECT, _("A rejection"))]


class ChooseRuleForm(forms.Form):
    """Asks which rule of whom."""

    organization = choice(_("Seller"), ())
    channel = forms.CharField(
        label=_("Channel"),
        required=False,
        help_text=_("Its code; empty: all channels without a version of their own."),
        widget=UnfoldAdminTextInputWidget(),
    )
    rule = choice(_("Rule"), [(code, rule.name) for code, rule in RULES.items()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].choices = accounts.organization_choices()  # type: ignore[attr-defined]


class RangesField(forms.CharField):
    """Lines such as "DE AT: 7 to 20"; a line without countries is for all others."""

    def to_python(self, value: Any) -> Any:
        return [self._line(line) for line in str(value or "").splitlines() if line.strip()]

    def _line(self, line: str) -> dict[str, Any]:
        countries, _colon, numbers = line.rpartition(":")
        low, separator, high = numbers.partition(" to ")
        if not separator:
            raise forms.ValidationError(_("Write “DE AT: 7 to 20”: %s") % line)
        return {"countries": countries.split(), "low": low.strip(), "high": high.strip()}


class CodesField(forms.CharField):
    """Codes with spaces or commas between them."""

    def to_python(self, value: Any) -> Any:
        return str(value or "").replace(",", " ").split()


def _switch(kind: Any, **shown: Any) -> forms.Field:
    return forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget(), **shown)


def _whole(kind: Whole, **shown: Any) -> forms.Field:
    return forms.IntegerField(
        min_value=kind.low, max_value=kind.high, widget=UnfoldAdminIntegerFieldWidget(), **shown
    )


def _number(kind: Number, **shown: Any) -> forms.Field:
    return forms.DecimalField(
        min_value=kind.low, max_value=kind.high, widget=UnfoldAdminDecimalFieldWidget(), **shown
    )


def _codes(kind: Codes, **shown: Any) -> forms.Field:
    return CodesField(required=False, widget=UnfoldAdminTextInputWidget(), **shown)


def _ranges(kind: Ranges, **shown: Any) -> forms.Field:
    return RangesField(required=False, widget=UnfoldAdminTextareaWidget(), **shown)


_FIELDS: Mapping[type[Any], Callable[..., forms.Field]] = {
    Switch: _switch, Whole: _whole, Number: _number, Codes: _codes, Ranges: _ranges,
}  # fmt: skip


def told(value: Any) -> Any:
    """This function will return a setting as people write it."""
    if isinstance(value, tuple) and any(isinstance(one, Range) for one in value):
        return "\n".join(_told_range(one) for one in value)
    return " ".join(value) if isinstance(value, tuple) else value


def _told_range(one: Range) -> str:
    numbers = f"{one.low} to {one.high}"
    return f"{' '.join(one.countries)}: {numbers}" if one.countries else numbers


def rule_form(rule: Rule, current: Tuned) -> type[forms.Form]:
    """This function will return the form of a rule, filled with how it is set now."""
    follows = _FOLLOWS if rule.is_decided_here else _FOLLOWS[:2]
    shown: dict[str, forms.Field] = {
        "is_enabled": forms.BooleanField(
            label=_("Is used"), required=False, initial=current.is_enabled,
            widget=UnfoldBooleanSwitchWidget(),
        ),
        "verdict": choice(_("What follows"), follows, initial=current.verdict),
    }  # fmt: skip
    for one in fields(rule.settings):
        shown[one.name] = _FIELDS[type(one.metadata["kind"])](
            one.metadata["kind"],
            label=one.metadata["label"],
            help_text=one.metadata["help"],
            initial=told(getattr(current.settings, one.name)),
        )
    shown["based_on"] = forms.IntegerField(initial=current.version, widget=forms.HiddenInput())
    shown["is_trial"] = forms.BooleanField(
        label=_("Only try it"),
        required=False,
        help_text=_("Tells how the latest 200 orders would have been judged; changes nothing."),
        widget=UnfoldBooleanSwitchWidget(),
    )
    return type("RuleForm", (ReasonForm,), shown)


def settings_of(rule: Rule, data: Mapping[str, Any]) -> dict[str, Any]:
    """This function will return the settings among a form's data."""
    return {one.name: data[one.name] for one in fields(rule.settings)}
