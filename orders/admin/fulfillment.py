"""The work nodes have for orders, as the order sees it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from oms.core.admin import cells, steps
from oms.core.admin.deeds import ReasonForm
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.services import roles
from orders.admin import parcels, words
from orders.models import FulfillmentOrder
from orders.selectors import parcels as mergeable
from orders.services import reassigning


@admin.register(FulfillmentOrder)
class FulfillmentOrderAdmin(ReadAdmin):
    list_display = (
        "order_number",
        "node_name",
        "status_pill",
        "units",
        "ship_by",
        "packed",
        "closed",
    )
    list_filter = ("status", "node")
    list_select_related = ("order", "node")
    search_fields = ("order__number", "=public_id")
    search_help_text = _("Order number")
    ordering = ("-id",)
    empty_title = _("No work yet")
    empty_text = _("It appears when orders are routed.")
    actions_detail = ["accept_work", "turn_down", "take_back"]

    actions_list = ["together"]

    @action(
        description=_("Could go together"), permissions=["act"], url_path="together", icon="merge"
    )
    def together(self, request: HttpRequest) -> HttpResponse:
        """Open works that one parcel could hold."""
        codes = roles.allowed_node_codes(request.user)  # type: ignore[arg-type]
        return self.show(request, parcels.together(mergeable.list_mergeable(node_codes=codes)))

    def get_queryset(self, request: HttpRequest) -> QuerySet[FulfillmentOrder]:
        work: QuerySet[FulfillmentOrder] = super().get_queryset(request)
        codes = roles.allowed_node_codes(request.user)  # type: ignore[arg-type]
        if codes is not None:
            work = work.filter(node__code__in=codes)
        return work.annotate(unit_sum=Sum("lines__quantity"))

    def named(self, obj: Any) -> str:
        return f"#{obj.order.number}"

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[FulfillmentOrder]:
        return self.get_queryset(request).select_related("order", "node")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        lines = obj.lines.select_related("order_line__variant").order_by("pk")
        rows = [
            [
                cells.two_lines(line.order_line.variant.name, line.order_line.sku),
                line.quantity,
                line.shipped,
                line.delivered,
            ]
            for line in lines
        ]
        changes = list(obj.status_changes.order_by("-pk"))
        names = accounts.names_of(actors={change.actor for change in changes})
        about: list[tuple[Any, Any]] = [
            (_("order"), _order_link(obj)),
            (_("node"), obj.node.name),
            (_("service"), cells.code(obj.service_code)),
            (_("request"), obj.get_request_display()),
            (_("attempt"), obj.attempt),
            (_("identifier"), cells.code(obj.public_id)),
        ]
        headers = [_("item"), _("units"), _("shipped"), _("delivered")]
        return Page(
            name=_("Work of order %(number)s") % {"number": obj.order.number},
            pills=[cells.status(obj), *words.request_pill(obj)],
            lead=[(_("Ship by"), cells.due(obj.latest_ship_at, is_open=_presses(obj)))],
            main=[
                Table(_("Items"), headers, rows, _("No lines."), numeric=frozenset({1, 2, 3})),
                steps.story(FulfillmentOrder, changes, names),
            ],
            side=[Facts(_("About"), about)],
        )

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        offered = set()
        if obj.status == FulfillmentOrder.Status.OPEN:
            offered |= {"turn_down"}
            if obj.request == FulfillmentOrder.Request.SUBMITTED:
                offered.add("accept_work")
        if obj.status in reassigning.UNBEGUN and request.user.has_perm("orders.change_order"):
            offered.add("take_back")
        return offered

    @action(description=_("Take it on"), permissions=["act"], url_path="accept", icon="check")
    def accept_work(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Take the work on"),
            text=_("The node will do it."),
            run=lambda work, data: reassigning.accept(work_ref=work.public_id),
            done=_("The node does it."),
        )

    @action(description=_("Turn down"), permissions=["act"], url_path="refuse", icon="block")
    def turn_down(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Turn the work down"),
            text=_("The order goes to another node and does not come back to this one."),
            form_class=ReasonForm,
            run=lambda work, data: reassigning.turn_down(
                work_ref=work.public_id, reason=data["reason"]
            ),
            done=_("The order goes elsewhere."),
            is_grave=True,
        )

    @action(
        description=_("Route elsewhere"),
        permissions=["act"],
        url_path="elsewhere",
        icon="alt_route",
    )
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Route elsewhere"),
            text=_("The work is taken from this node, which does not get the order again."),
            form_class=ReasonForm,
            run=lambda work, data: reassigning.take_back(
                order_id=work.order_id, work_refs=[work.public_id], reason=data["reason"]
            ),
            done=_("It is routed again without this node."),
        )

    @display(description=_("order"), ordering="order__number")
    def order_number(self, obj: FulfillmentOrder) -> str:
        return f"#{obj.order.number}"

    @display(description=_("node"), ordering="node__name")
    def node_name(self, obj: FulfillmentOrder) -> SafeString:
        return cells.two_lines(obj.node.name, obj.node.city)

    @display(description=_("status"), ordering="status")
    def status_pill(self, obj: FulfillmentOrder) -> SafeString:
        return cells.status(obj)

    @display(description=_("units"))
    def units(self, obj: Any) -> SafeString:
        return cells.number(obj.unit_sum)

    @display(description=_("ship by"), ordering="latest_ship_at")
    def ship_by(self, obj: FulfillmentOrder) -> SafeString:
        return cells.due(obj.latest_ship_at, is_open=_presses(obj))

    @display(description=_("packed"), ordering="packed_at")
    def packed(self, obj: FulfillmentOrder) -> SafeString:
        return cells.ago(obj.packed_at)

    @display(description=_("closed"), ordering="closed_at")
    def closed(self, obj: FulfillmentOrder) -> SafeString:
        return cells.ago(obj.closed_at)


def _presses(work: FulfillmentOrder) -> bool:
    return work.closed_at is None


def _order_link(work: FulfillmentOrder) -> SafeString:
    return cells.link(
        reverse("admin:orders_order_change", args=(work.order_id,)), f"#{work.order.number}"
    )
