"""Staff pages of customers: a reference and their orders; names stand on an order's page only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from oms.core.admin import cells, links
from oms.core.admin.pages import Facts, Page
from oms.core.admin.reading import ReadAdmin
from orders.customers import admin_credit
from orders.customers.models import Customer
from orders.customers.selectors import credit as credit_selectors
from orders.customers.services import credit


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
    actions_detail = ["set_credit"]

    def page(self, request: HttpRequest, obj: Any) -> Page:
        orders = links.list_link("orders.order", _("Show them"), customer__id__exact=obj.pk)
        about: list[tuple[Any, Any]] = [
            (_("orders"), orders),
            (_("reference"), cells.code(obj.reference)),
            (_("organization"), obj.organization.name),
            (_("since"), cells.moment(obj.created_at)),
        ]
        note = _("Names and addresses stand on the pages of their orders.")
        return Page(
            name=obj.public_id,
            main=admin_credit.blocks(credit_selectors.find_account(customer_id=obj.pk)),
            side=[Facts(_("About"), about, note=note)],
        )

    @action(
        description=_("Set credit"), permissions=["act"], url_path="credit", icon="credit_score"
    )
    def set_credit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Set the credit limit"),
            text=_("A lower limit stops new orders only; nothing that goes on is held."),
            form_class=admin_credit.limit_form(self._subject(request, object_id)),
            run=lambda customer, data: credit.set_limit(customer_id=customer.pk, **data),
            done=_("The limit holds."),
        )

    @display(description=_("since"), ordering="id")
    def since(self, obj: Customer) -> SafeString:
        return cells.ago(obj.created_at)
