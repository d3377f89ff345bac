"""Staff pages of the floor: what waits at each node, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from inventory.warehouse import selectors
from inventory.warehouse.models import Parcel, WorkOrder
from oms.core.admin import cells, links, steps
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.services import roles

_OVER = (WorkOrder.Status.HANDED_OVER, WorkOrder.Status.CANCELLED)


class WaitingFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (
        ("open", _("To do")),
        ("blocked", _("Blocked")),
        ("over", _("Done")),
        ("all", _("All")),
    )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "all":
            return queryset
        if self.state == "over":
            return queryset.filter(status__in=_OVER)
        waiting = queryset.exclude(status__in=_OVER)
        return waiting.filter(selectors.is_stopped()) if self.state == "blocked" else waiting


def _mine(request: HttpRequest, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    codes = roles.allowed_node_codes(request.user)  # type: ignore[arg-type]
    return rows if codes is None else rows.filter(**{f"{path}__in": codes})


@admin.register(WorkOrder)
class WorkOrderAdmin(ReadAdmin):
    list_display = ("order", "place", "state", "units", "due", "handed_over")
    list_filter = (WaitingFilter, "status", "node")
    list_select_related = ("node",)
    search_fields = ("=label", "=public_id", "=parcels__tracking_number")
    search_help_text = _("Order number or tracking number")
    ordering = ("-priority", "due_at", "pk")
    empty_title = _("Nothing to do")
    empty_text = _("Every node is done with its work.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("node")
        return _mine(request, rows.annotate(unit_sum=Sum("lines__quantity")), "node__code")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        lines = obj.lines.select_related("variant").order_by("pk")
        rows = [
            [cells.two_lines(x.variant.name, x.variant.sku), x.quantity, x.picked] for x in lines
        ]
        boxes = [
            [
                links.row_link("warehouse.parcel", box.pk, box.public_id),
                cells.weight(box.weight_g),
                cells.size(box.length_mm, box.width_mm, box.height_mm),
                box.tracking_number or cells.NOTHING,
            ]
            for box in obj.parcels.order_by("pk")
        ]
        changes = list(obj.status_changes.order_by("-pk"))
        people = {obj.picker, obj.packer, *(change.actor for change in changes)}
        names = accounts.names_of(actors=people - {""})
        is_open = obj.status not in _OVER
        return Page(
            name=_("Work for order %(number)s") % {"number": obj.label},
            pills=_pills(obj),
            lead=[
                (_("Due"), cells.due(obj.due_at, is_open=is_open)),
                (_("Node"), obj.node.name),
            ],
            main=[
                Table(
                    _("Items"),
                    [_("item"), _("units"), _("picked")],
                    rows,
                    _("No lines."),
                    numeric=frozenset({1, 2}),
                ),
                Table(
                    _("Parcels"),
                    [_("parcel"), _("weight"), _("size"), _("tracking")],
                    boxes,
                    _("Nothing is packed yet."),
                    numeric=frozenset({1}),
                ),
                steps.story(WorkOrder, changes, names),
            ],
            side=[Facts(_("About"), _about(obj, names))],
        )

    @display(description=_("order"), ordering="label")
    def order(self, obj: WorkOrder) -> str:
        return f"#{obj.label}"

    @display(description=_("node"), ordering="node__code")
    def place(self, obj: WorkOrder) -> SafeString:
        return cells.two_lines(obj.node.name, obj.node.city)

    @display(description=_("status"), ordering="status")
    def state(self, obj: WorkOrder) -> SafeString:
        return cells.pills(*_pills(obj))

    @display(description=_("units"))
    def units(self, obj: Any) -> SafeString:
        return cells.number(obj.unit_sum)

    @display(description=_("due"), ordering="due_at")
    def due(self, obj: WorkOrder) -> SafeString:
        return cells.due(obj.due_at, is_open=obj.status not in _OVER)

    @display(description=_("handed over"), ordering="handed_over_at")
    def handed_over(self, obj: WorkOrder) -> SafeString:
        return cells.ago(obj.handed_over_at)


def _pills(work: WorkOrder) -> list[SafeString]:
    found = [cells.status(work)]
    return [*found, cells.pill(_("Blocked"), "hold")] if work.is_blocked else found


def _about(work: WorkOrder, names: dict[str, str]) -> list[tuple[Any, Any]]:
    return [
        (_("order"), links.order_link(work.correlation_id, f"#{work.label}")),
        (_("priority"), work.priority),
        (_("picker"), names.get(work.picker) or cells.NOTHING),
        (_("packer"), names.get(work.packer) or cells.NOTHING),
        (_("picked"), cells.moment(work.picked_at)),
        (_("packed"), cells.moment(work.packed_at)),
        (_("labeled"), cells.moment(work.labeled_at)),
        (_("handed over"), cells.moment(work.handed_over_at)),
        (_("identifier"), cells.code(work.public_id)),
    ]


@admin.register(Parcel)
class ParcelAdmin(ReadAdmin):
    list_display = ("public_id", "order", "place", "weight", "size", "tracking_number", "packed")
    list_filter = ("work_order__node",)
    list_select_related = ("work_order__node",)
    search_fields = ("=tracking_number", "=public_id", "=work_order__label")
    search_help_text = _("Tracking number or order number")
    ordering = ("-id",)
    empty_title = _("No parcels yet")
    empty_text = _("They appear when the floor packs.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("work_order__node")
        return _mine(request, rows, "work_order__node__code")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        work = obj.work_order
        about: list[tuple[Any, Any]] = [
            (_("work"), links.row_link("warehouse.workorder", work.pk, f"#{work.label}")),
            (_("order"), links.order_link(work.correlation_id, f"#{work.label}")),
            (_("node"), work.node.name),
            (_("weight"), cells.weight(obj.weight_g)),
            (_("size"), cells.size(obj.length_mm, obj.width_mm, obj.height_mm)),
            (_("tracking number"), obj.tracking_number or cells.NOTHING),
            (_("packed"), cells.moment(obj.created_at)),
        ]
        return Page(
            name=_("Parcel of order %(n)s") % {"n": work.label}, main=[Facts(_("About"), about)]
        )

    @display(description=_("order"))
    def order(self, obj: Parcel) -> str:
        return f"#{obj.work_order.label}"

    @display(description=_("node"))
    def place(self, obj: Parcel) -> str:
        return obj.work_order.node.name

    @display(description=_("weight"), ordering="weight_g")
    def weight(self, obj: Parcel) -> SafeString:
        return cells.weight(obj.weight_g)

    @display(description=_("size"))
    def size(self, obj: Parcel) -> SafeString:
        return cells.size(obj.length_mm, obj.width_mm, obj.height_mm)

    @display(description=_("packed"), ordering="id")
    def packed(self, obj: Parcel) -> SafeString:
        return cells.ago(obj.created_at)
