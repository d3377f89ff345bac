"""Staff pages of channels: people own them; every change keeps its history."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oms.core.admin import cells
from oms.core.admin.reading import EditAdmin
from orders.channels.models import Channel


@admin.register(Channel)
class ChannelAdmin(EditAdmin):
    list_display = ("named", "kind_pill", "brand", "organization", "default_tier", "state")
    list_filter = ("kind", "organization", "is_active")
    list_select_related = ("organization",)
    search_fields = ("=code", "name")
    ordering = ("organization_id", "code")
    fieldsets = (
        (None, {"fields": ("organization", ("code", "name"), ("kind", "brand"))}),
        (_("Rules"), {"fields": ("default_tier", "needs_street", "is_active")}),
    )

    @display(description=_("channel"), ordering="code")
    def named(self, obj: Channel) -> SafeString:
        return cells.two_lines(obj.name, obj.code)

    @display(description=_("kind"), ordering="kind")
    def kind_pill(self, obj: Channel) -> SafeString:
        return cells.status(obj, "kind")

    @display(description=_("state"), ordering="is_active")
    def state(self, obj: Channel) -> SafeString:
        return cells.pill(_("Active"), "ok") if obj.is_active else cells.pill(_("Off"))
