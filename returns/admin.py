"""Staff pages of returns: what comes back, why, and where each unit ended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oms.core.admin import cells, links, steps
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from returns.models import Return


@admin.register(Return)
class ReturnAdmin(ReadAdmin):
    list_display = (
        "public_id",
        "order_number",
        "reason_pill",
        "status_pill",
        "units",
        "place",
        "asked",
    )
    list_filter = ("status", "reason", "node")
    list_select_related = ("order", "node")
    search_fields = ("=public_id", "=order__number")
    search_help_text = _("Order number or identifier")
    ordering = ("-id",)
    empty_title = _("No returns yet")
    empty_text = _("They appear when a customer or a partner asks for one.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("order", "node").annotate(unit_sum=Sum("lines__quantity"))

    def page(self, request: HttpRequest, obj: Any) -> Page:
        lines = obj.lines.select_related("variant").order_by("pk")
        rows = [
            [
                cells.two_lines(line.variant.name, line.variant.sku),
                line.quantity,
                line.restocked,
                line.quarantined,
                line.missing,
            ]
            for line in lines
        ]
        headers = [_("item"), _("units"), _("back to stock"), _("quarantine"), _("missing")]
        changes = list(obj.status_changes.order_by("-pk"))
        names = accounts.names_of(actors={change.actor for change in changes})
        about: list[tuple[Any, Any]] = [
            (_("order"), links.row_link("orders.order", obj.order_id, f"#{obj.order.number}")),
            (_("comes back to"), obj.node.name),
            (_("asked"), cells.moment(obj.created_at)),
            (_("closed"), cells.moment(obj.closed_at)),
            (_("identifier"), cells.code(obj.public_id)),
        ]
        return Page(
            name=_("Return of order %(n)s") % {"n": obj.order.number},
            pills=[cells.status(obj), cells.pill(obj.get_reason_display())],
            main=[
                Table(_("Items"), headers, rows, _("No lines."), numeric=frozenset({1, 2, 3, 4})),
                steps.story(Return, changes, names),
            ],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("order"), ordering="order__number")
    def order_number(self, obj: Return) -> str:
        return f"#{obj.order.number}"

    @display(description=_("reason"), ordering="reason")
    def reason_pill(self, obj: Return) -> SafeString:
        return cells.pill(obj.get_reason_display())

    @display(description=_("status"), ordering="status")
    def status_pill(self, obj: Return) -> SafeString:
        return cells.status(obj)

    @display(description=_("units"))
    def units(self, obj: Any) -> SafeString:
        return cells.number(obj.unit_sum)

    @display(description=_("comes back to"), ordering="node__name")
    def place(self, obj: Return) -> str:
        return obj.node.name

    @display(description=_("asked"), ordering="id")
    def asked(self, obj: Return) -> SafeString:
        return cells.ago(obj.created_at)
