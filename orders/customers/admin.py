"""Staff pages of customers: a reference and their orders; names stand on an order's page only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oms.core.admin import cells, links
from oms.core.admin.pages import Facts, Page
from oms.core.admin.reading import ReadAdmin
from orders.customers.models import Customer


@admin.register(Customer)
class CustomerAdmin(ReadAdmin):
    list_display = ("public_id", "reference", "organization", "since")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    search_fields = ("=reference", "=public_id")
    search_help_text = _("The channel's reference or the identifier")
    ordering = ("-id",)
    empty_title = _("No customers yet")
    empty_text = _("They appear with their first order.")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        orders = links.list_link("orders.order", _("Show them"), customer__id__exact=obj.pk)
        about: list[tuple[Any, Any]] = [
            (_("orders"), orders),
            (_("reference"), cells.code(obj.reference)),
            (_("organization"), obj.organization.name),
            (_("since"), cells.moment(obj.created_at)),
        ]
        note = _("Names and addresses stand on the pages of their orders.")
        return Page(name=obj.public_id, main=[Facts(_("About"), about, note=note)])

    @display(description=_("since"), ordering="id")
    def since(self, obj: Customer) -> SafeString:
        return cells.ago(obj.created_at)
