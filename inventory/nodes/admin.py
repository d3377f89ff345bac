"""Staff pages of the network: people own nodes and edit them; every change keeps its history."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from inventory.nodes import selectors, services
from inventory.nodes.models import Node, NodeAllowance, Pool
from inventory.nodes.types import PoolDraft
from oms.core.admin import cells, links
from oms.core.admin.deeds import Data, choice
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin, ToldEditAdmin
from oms.core.admin.weekdays import WeekdaysField
from oms.core.transactions import unit
from oms.infra.accounts import selectors as accounts


class NodeForm(forms.ModelForm[Node]):
    working_days = WeekdaysField(label=_("Working days"))


class NodeAllowanceInline(TabularInline):
    model = NodeAllowance
    extra = 0
    hide_title = True
    verbose_name = _("organization served from here")
    verbose_name_plural = _("organizations served from here")


@admin.register(Node)
class NodeAdmin(ToldEditAdmin):
    form = NodeForm
    list_display = ("named", "kind_pill", "place", "cutoff", "daily_capacity", "abilities")
    list_filter = ("kind", "country", "is_active")
    search_fields = ("=code", "name", "city")
    search_help_text = _("Code, name or city")
    ordering = ("code",)
    inlines = (NodeAllowanceInline,)
    fieldsets = (
        (None, {"fields": (("code", "name"), ("kind", "is_active"))}),
        (
            _("Address"),
            {"fields": ("street", ("postcode", "city"), ("region", "country"))},
        ),
        (_("Position"), {"fields": (("latitude", "longitude"), "timezone")}),
        (
            _("Work"),
            {
                "fields": (
                    "cutoff_time",
                    ("processing_minutes", "daily_capacity"),
                    "working_days",
                    "needs_acceptance",
                )
            },
        ),
        (_("What it does"), {"fields": ("can_ship", "can_pick_up", "takes_returns")}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        was = {node.pk: services.hours_of(node) for node in Node.objects.filter(pk=obj.pk)}
        super().save_model(request, obj, form, change)
        services.tell_hours(nodes=[obj] if change else [], was=was)

    @display(description=_("node"), ordering="code")
    def named(self, obj: Node) -> SafeString:
        return cells.two_lines(obj.name, obj.code)

    @display(description=_("kind"), ordering="kind")
    def kind_pill(self, obj: Node) -> SafeString:
        return cells.status(obj, "kind")

    @display(description=_("place"), ordering="city")
    def place(self, obj: Node) -> SafeString:
        return cells.place(obj.city, obj.region, obj.country)

    @display(description=_("cut-off"), ordering="cutoff_time")
    def cutoff(self, obj: Node) -> SafeString:
        return cells.two_lines(f"{obj.cutoff_time:%H:%M}", obj.timezone)

    @display(description=_("does"))
    def abilities(self, obj: Node) -> SafeString:
        if not obj.is_active:
            return cells.pill(_("Closed"), "bad")
        words = [
            (obj.can_ship, _("Ships")),
            (obj.can_pick_up, _("Pickup")),
            (obj.takes_returns, _("Returns")),
        ]
        return cells.pills(*(cells.pill(word) for is_so, word in words if is_so))


class PoolForm(forms.Form):
    """Asks for the name and all nodes of a pool."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=UnfoldAdminTextInputWidget())
    nodes = forms.MultipleChoiceField(
        label=_("Nodes"), widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(node.code, node.name) for node in selectors.list_nodes()]
        self.fields["nodes"].choices = offered  # type: ignore[attr-defined]


class NewPoolForm(PoolForm):
    """Asks also whose it is, and the code that others know it by."""

    organization = choice(_("Seller"), ())
    code = forms.SlugField(label=_("Code"), max_length=40, widget=UnfoldAdminTextInputWidget())
    field_order = ("organization", "code", "name", "nodes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].choices = accounts.organization_choices()  # type: ignore[attr-defined]


@admin.register(Pool)
class PoolAdmin(ReadAdmin):
    """Pools are changed by their service, so that the history tells the nodes too."""

    list_display = ("named", "members", "organization")
    list_filter = ("organization",)
    search_fields = ("=code", "name")
    ordering = ("organization_id", "code")
    empty_title = _("No pools yet")
    empty_text = _("A pool promises from several nodes under one name.")
    actions_list = ["add_pool"]
    actions_detail = ["change_pool"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return selectors.list_pools()

    def page(self, request: HttpRequest, obj: Any) -> Page:
        rows = [
            [links.row_link("nodes.node", node.pk, node.name), cells.code(node.code)]
            for node in _by_name(obj)
        ]
        about: list[tuple[Any, Any]] = [
            (_("seller"), obj.organization.name),
            (_("code"), cells.code(obj.code)),
        ]
        return Page(
            name=obj.name,
            main=[
                Table(_("Nodes"), [_("node"), _("code")], rows, _("No nodes.")),
                _story(obj),
            ],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("pool"), ordering="code")
    def named(self, obj: Pool) -> SafeString:
        return cells.two_lines(obj.name, obj.code)

    @display(description=_("nodes"))
    def members(self, obj: Pool) -> str:
        return ", ".join(node.name for node in _by_name(obj))

    @action(
        description=_("Add a pool"),
        permissions=["act"],
        url_path="add-pool",
        icon="add",
        variant=ActionVariant.PRIMARY,
    )
    def add_pool(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Add a pool"),
            text=_("A pool with the same code is replaced."),
            form_class=NewPoolForm,
            run=lambda nothing, data: _set_pool(int(data["organization"]), data["code"], data),
            done=_("The pool stands."),
        )

    @action(description=_("Change"), permissions=["act"], url_path="change-pool", icon="edit")
    def change_pool(self, request: HttpRequest, object_id: str) -> HttpResponse:
        pool = self._subject(request, object_id)
        initial = {"name": pool.name, "nodes": [node.code for node in pool.nodes.all()]}
        return self.perform(
            request,
            object_id,
            title=_("Change the pool"),
            form_class=partial(PoolForm, initial=initial),
            run=lambda pool, data: _set_pool(pool.organization_id, pool.code, data),
            done=_("The pool is changed."),
        )


def _by_name(pool: Pool) -> list[Node]:
    return sorted(pool.nodes.all(), key=lambda node: node.name)


def _story(pool: Pool) -> Table:
    changes = selectors.list_pool_changes(pool_id=pool.pk, limit=25)
    names = accounts.names_of(actors={change.history_change_reason for change, _codes in changes})
    rows = [
        [
            change.name,
            ", ".join(codes),
            names[change.history_change_reason],
            cells.moment(change.history_date),
        ]
        for change, codes in changes
    ]
    headers = [_("name"), _("nodes"), _("who"), _("when")]
    return Table(_("History"), headers, rows, _("No change yet."))


def _set_pool(organization_id: int, code: str, data: Data) -> None:
    draft = PoolDraft(code, data["name"], tuple(data["nodes"]))
    with unit():
        services.upsert_pools(organization_id=organization_id, drafts=[draft])
