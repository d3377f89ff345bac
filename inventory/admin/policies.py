"""Staff pages of rules: safety stock and selling beyond the shelf.

Every change goes through the services, which bring the positions up to the rules at once.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from inventory.admin import policy_forms as forms
from inventory.admin import scoping
from inventory.models import SafetyRule, SellingRule
from inventory.selectors import policies as selectors
from inventory.services import policies
from inventory.types import SafetyLimit, SellingLimit
from oms.core.admin import cells, links
from oms.core.admin.cells import Text
from oms.core.admin.deeds import Data
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts import selectors as accounts

#: Changes shown on a page.
SHOWN = 25

_ADD = {"permissions": ["act"], "icon": "add", "variant": ActionVariant.PRIMARY}
_REMOVE = {"permissions": ["act"], "icon": "delete", "variant": ActionVariant.DANGER}


class _RuleAdmin(ReadAdmin):
    """What the pages of both kinds of rules have in common: a history, and an end."""

    #: Fields told by the history.
    terms: tuple[str, ...] = ()

    def story(self, rule: Any) -> Table:
        changes = list(rule.history.order_by("-history_id")[:SHOWN])
        names = accounts.names_of(actors={c.history_change_reason or "" for c in changes})
        headers = [*(self.opts.get_field(name).verbose_name for name in self.terms),
                   _("who"), _("when")]  # fmt: skip
        rows = [
            [
                *(_limit(getattr(change, name)) for name in self.terms),
                names[change.history_change_reason or ""],
                cells.moment(change.history_date),
            ]
            for change in changes
        ]
        return Table(_("History"), headers, rows, _("No change yet."))

    def end(self, request: HttpRequest, object_id: str, remove: Any) -> HttpResponse:
        def run(rule: Any, data: Data) -> HttpResponse:
            with unit():
                remove(rule_ids=[rule.pk])
            messages.success(request, str(_("The rule is removed.")))
            return HttpResponseRedirect(self._address(None))

        return self.perform(
            request,
            object_id,
            title=_("Remove the rule"),
            text=_("Wider rules hold again, if there are any."),
            run=run,
            done="",
            is_grave=True,
        )


def _limit(value: Any) -> Any:
    return _("No limit") if value is None else value


@admin.register(SafetyRule)
class SafetyRuleAdmin(_RuleAdmin):
    list_display = ("place", "scope", "quantity")
    list_filter = ("node",)
    list_select_related = ("node", "variant")
    search_fields = ("=variant__sku", "category")
    search_help_text = _("SKU or category")
    ordering = ("node__code", "category", "variant_id", "pk")
    empty_title = _("No safety stock")
    empty_text = _("A rule keeps units back at a node: of a variant, of a category, or of all.")
    actions_list = ["add_rule"]
    actions_detail = ["change_rule", "remove_rule"]
    terms = ("quantity",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scoping.mine(request, selectors.list_safety_rules(), "node__code")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        about: list[tuple[Text, Any]] = [
            (_("node"), links.row_link("nodes.node", obj.node_id, obj.node.name)),
            (_("of"), _scope(obj)),
            (_("units kept back"), cells.number(obj.quantity)),
        ]
        note = _("The most specific rule wins: variant, then category, then node.")
        return Page(
            name=self.named(obj),
            main=[self.story(obj)],
            side=[Facts(_("Rule"), about, note=note)],
        )

    def named(self, obj: SafetyRule) -> str:
        return f"{obj.node.name} · {_scope(obj)}"

    @display(description=_("node"), ordering="node__code")
    def place(self, obj: SafetyRule) -> SafeString:
        return cells.two_lines(obj.node.name, obj.node.city)

    @display(description=_("of"))
    def scope(self, obj: SafetyRule) -> Any:
        return _scope(obj)

    @action(description=_("Add a rule"), url_path="add-rule", **_ADD)
    def add_rule(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Keep units back"),
            text=_("A rule of the same scope is replaced."),
            form_class=partial(forms.SafetyForm, places=scoping.places(request)),
            run=lambda nothing, data: _set_safety(
                int(data["node"]), forms.variant_of(data), data["category"], data["quantity"]
            ),
            done=_("The rule holds."),
        )

    @action(description=_("Change"), permissions=["act"], url_path="change-rule", icon="edit")
    def change_rule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Change the safety stock"),
            form_class=forms.QuantityForm,
            run=lambda rule, data: _set_safety(
                rule.node_id, rule.variant_id, rule.category, data["quantity"]
            ),
            done=_("The rule holds."),
        )

    @action(description=_("Remove"), url_path="remove-rule", **_REMOVE)
    def remove_rule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.end(request, object_id, policies.remove_safety_rules)


def _scope(rule: SafetyRule) -> Any:
    if rule.variant:
        return rule.variant.sku
    return rule.category or _("Everything")


def _set_safety(node_id: int, variant_id: int | None, category: str, quantity: int) -> None:
    with unit():
        policies.set_safety_rules(rules=[SafetyLimit(node_id, quantity, variant_id, category)])


@admin.register(SellingRule)
class SellingRuleAdmin(_RuleAdmin):
    list_display = ("item", "in_channel", "oversell_limit", "backorders", "preorders", "seller")
    list_filter = ("organization", "channel")
    list_select_related = ("organization", "variant")
    search_fields = ("=variant__sku", "=channel")
    search_help_text = _("SKU or channel")
    ordering = ("organization_id", "variant_id", "channel", "pk")
    empty_title = _("Nothing is sold beyond the shelf")
    empty_text = _("A rule lets a variant be oversold, backordered or preordered.")
    actions_list = ["add_rule"]
    actions_detail = ["change_rule", "remove_rule"]
    terms = ("oversell_limit", "backorder_limit", "preorder_limit", "preorder_ships_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return selectors.list_selling_rules()

    def page(self, request: HttpRequest, obj: Any) -> Page:
        about: list[tuple[Text, Any]] = [
            (_("seller"), obj.organization.name),
            (_("of"), _item(obj)),
            (_("channel"), _channel(obj)),
            (_("oversell at a node"), cells.number(obj.oversell_limit)),
            (_("backorders"), _limit(obj.backorder_limit)),
            (_("preorders"), _limit(obj.preorder_limit)),
            (_("preorders ship by"), cells.day(obj.preorder_ships_on)),
        ]
        note = _("The most specific rule wins: variant and channel, variant, channel, neither.")
        return Page(
            name=self.named(obj),
            main=[self.story(obj)],
            side=[Facts(_("Rule"), about, note=note)],
        )

    def named(self, obj: SellingRule) -> str:
        return f"{_item(obj)} · {_channel(obj)}"

    @display(description=_("item"), ordering="variant__sku")
    def item(self, obj: SellingRule) -> Any:
        return _item(obj)

    @display(description=_("channel"), ordering="channel")
    def in_channel(self, obj: SellingRule) -> Any:
        return _channel(obj)

    @display(description=_("backorders"), ordering="backorder_limit")
    def backorders(self, obj: SellingRule) -> Any:
        return _limit(obj.backorder_limit)

    @display(description=_("preorders"), ordering="preorder_limit")
    def preorders(self, obj: SellingRule) -> Any:
        return _limit(obj.preorder_limit)

    @display(description=_("seller"), ordering="organization__name")
    def seller(self, obj: SellingRule) -> str:
        return obj.organization.name

    @action(description=_("Add a rule"), url_path="add-rule", **_ADD)
    def add_rule(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Sell beyond the shelf"),
            text=_("A rule of the same scope is replaced."),
            form_class=partial(
                forms.SellingForm, initial={"backorder_limit": 0, "preorder_limit": 0}
            ),
            run=lambda nothing, data: _set_selling(
                int(data["organization"]), forms.variant_of(data), data["channel"], data
            ),
            done=_("The rule holds."),
        )

    @action(description=_("Change"), permissions=["act"], url_path="change-rule", icon="edit")
    def change_rule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule = self._subject(request, object_id)
        return self.perform(
            request,
            object_id,
            title=_("Change the limits"),
            form_class=partial(
                forms.TermsForm, initial={name: getattr(rule, name) for name in self.terms}
            ),
            run=lambda rule, data: _set_selling(
                rule.organization_id, rule.variant_id, rule.channel, data
            ),
            done=_("The rule holds."),
        )

    @action(description=_("Remove"), url_path="remove-rule", **_REMOVE)
    def remove_rule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.end(request, object_id, policies.remove_selling_rules)


def _item(rule: SellingRule) -> Any:
    return rule.variant.sku if rule.variant else _("Everything")


def _channel(rule: SellingRule) -> Any:
    return rule.channel or _("Each channel")


def _set_selling(organization_id: int, variant_id: int | None, channel: str, data: Data) -> None:
    terms = {name: data[name] for name in SellingRuleAdmin.terms}
    with unit():
        policies.set_selling_rules(
            rules=[SellingLimit(organization_id, variant_id, channel, **terms)]
        )
