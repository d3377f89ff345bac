"""Staff pages of the network: people own nodes and edit them; every change keeps its history."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from inventory.nodes.models import Node, NodeAllowance
from oms.core.admin import cells
from oms.core.admin.reading import EditAdmin
from oms.core.admin.weekdays import WeekdaysField


class NodeForm(forms.ModelForm[Node]):
    working_days = WeekdaysField(label=_("Working days"))


class NodeAllowanceInline(TabularInline):
    model = NodeAllowance
    extra = 0
    hide_title = True
    verbose_name = _("organization served from here")
    verbose_name_plural = _("organizations served from here")


@admin.register(Node)
class NodeAdmin(EditAdmin):
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
            {"fields": ("cutoff_time", ("processing_minutes", "daily_capacity"), "working_days")},
        ),
        (_("What it does"), {"fields": ("can_ship", "can_pick_up", "takes_returns")}),
    )

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
