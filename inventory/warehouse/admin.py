"""Staff pages of the floor: what waits at each node, and what became of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from inventory.warehouse import selectors
from inventory.warehouse.models import Parcel, PutBack, WorkLine, WorkOrder
from inventory.warehouse.services import put_backs, questions, short_picks
from oms.core.admin import cells, links, steps
from oms.core.admin.deeds import Data, ReasonForm, actor_of
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


class RefuseForm(ReasonForm):
    """Asks why it is too late; whoever asked reads it."""


def _short_form(object_id: str) -> type[forms.Form]:
    """A form that asks how many units of each line are not on the shelf."""

    class ShortForm(forms.Form):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            lines = WorkLine.objects.filter(work_order__pk=object_id).select_related("variant")
            for line in lines.order_by("pk"):
                self.fields[f"line_{line.pk}"] = forms.IntegerField(
                    label=_("%(sku)s: units that are not there") % {"sku": line.variant.sku},
                    required=False,
                    min_value=0,
                    max_value=line.quantity,
                    help_text=_("%(n)d are to be picked.") % {"n": line.quantity},
                    widget=UnfoldAdminIntegerFieldWidget(),
                )

    return ShortForm


def _report_short(request: HttpRequest, work: WorkOrder, data: Data) -> None:
    short_picks.report(
        work_ref=work.public_id,
        missing={
            (line.line_ref, line.variant_id): units
            for line in work.lines.all()
            if (units := data.get(f"line_{line.pk}"))
        },
        picker=actor_of(request),
    )


@admin.register(WorkOrder)
class WorkOrderAdmin(ReadAdmin):
    list_display = ("order", "place", "state", "units", "due", "handed_over")
    list_filter = (WaitingFilter, "status", "node")
    list_select_related = ("node",)
    search_fields = ("=label", "=public_id", "=parcels__tracking_number")
    search_help_text = _("Order number or tracking number")
    ordering = ("due_at", "-priority", "pk")
    empty_title = _("Nothing to do")
    empty_text = _("Every node is done with its work.")
    actions_detail = ["accept_cancel", "refuse_cancel", "report_short"]

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
            top=_question(obj),
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

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        if obj.cancel_asked_at is not None:
            return {"accept_cancel", "refuse_cancel"}
        is_unpicked = obj.status in (WorkOrder.Status.OPEN, WorkOrder.Status.PICKING)
        return {"report_short"} if is_unpicked else set()

    @action(
        description=_("Cancel it"),
        permissions=["act"],
        url_path="accept-cancel",
        icon="cancel",
        variant=ActionVariant.DANGER,
    )
    def accept_cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Cancel the units"),
            text=_("Nothing of them leaves the building. Lay them back where they came from."),
            run=lambda work, data: questions.answer(work_ref=work.public_id, is_accepted=True),
            done=_("They are cancelled; a put-back says what goes to the shelf."),
            is_grave=True,
        )

    @action(
        description=_("Too late"), permissions=["act"], url_path="refuse-cancel", icon="play_arrow"
    )
    def refuse_cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Too late to cancel"),
            text=_("The work goes on, and whoever asked is told why."),
            form_class=RefuseForm,
            run=lambda work, data: questions.answer(
                work_ref=work.public_id, is_accepted=False, reason=data["reason"]
            ),
            done=_("The work goes on."),
        )

    @action(
        description=_("Not enough there"),
        permissions=["act"],
        url_path="short",
        icon="production_quantity_limits",
    )
    def report_short(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Not enough on the shelf"),
            text=_(
                "The rest counts as picked. What is missing is sent from elsewhere or waits, and "
                "the place is counted."
            ),
            form_class=_short_form(object_id),
            run=lambda work, data: _report_short(request, work, data),
            done=_("The order is told; the rest is picked."),
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
    if work.cancel_asked_at is not None:
        found.append(cells.pill(_("Cancellation asked"), "warn"))
    return [*found, cells.pill(_("Blocked"), "hold")] if work.is_blocked else found


def _question(work: WorkOrder) -> list[Facts]:
    """What somebody waits to hear, before anything else."""
    if work.cancel_asked_at is None:
        return []
    lines = work.lines.filter(cancel_asked__gt=0).select_related("variant").order_by("pk")
    asked: list[tuple[Any, Any]] = [
        (line.variant.sku, _("%(n)d of %(all)d") % {"n": line.cancel_asked, "all": line.quantity})
        for line in lines
    ]
    rows = [*asked, (_("why"), work.cancel_reason), (_("asked"), cells.ago(work.cancel_asked_at))]
    note = _("It is neither packed nor handed over before somebody says.")
    return [Facts(_("Can this still be cancelled?"), rows, note=note)]


def _about(work: WorkOrder, names: dict[str, str]) -> list[tuple[Any, Any]]:
    return [
        (_("order"), links.order_link(work.correlation_id, f"#{work.label}")),
        (_("picker"), names.get(work.picker) or cells.NOTHING),
        (_("packer"), names.get(work.packer) or cells.NOTHING),
        (_("picked"), cells.moment(work.picked_at)),
        (_("packed"), cells.moment(work.packed_at)),
        (_("labeled"), cells.moment(work.labeled_at)),
        (_("handed over"), cells.moment(work.handed_over_at)),
        (_("identifier"), cells.code(work.public_id)),
    ]


class ToDoFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("open", _("To do")), ("done", _("Done")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "all":
            return queryset
        return queryset.filter(done_at__isnull=self.state == "open")


@admin.register(PutBack)
class PutBackAdmin(ReadAdmin):
    list_display = ("goods", "order", "place", "quantity", "asked", "laid_back")
    list_filter = (ToDoFilter, "node")
    list_select_related = ("node", "variant", "work_order")
    search_fields = ("=work_order__label", "=variant__sku")
    search_help_text = _("Order number or SKU")
    ordering = ("id",)
    empty_title = _("Nothing to lay back")
    empty_text = _("Units of cancelled orders that were picked appear here.")
    actions_detail = ["finish"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("node", "variant", "work_order")
        return _mine(request, rows, "node__code")

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"finish"} if obj.done_at is None else set()

    def page(self, request: HttpRequest, obj: Any) -> Page:
        work = obj.work_order
        names = accounts.names_of(actors={obj.done_by} - {""})
        about: list[tuple[Any, Any]] = [
            (_("item"), cells.two_lines(obj.variant.name, obj.variant.sku)),
            (_("units"), obj.quantity),
            (_("node"), obj.node.name),
            (_("work"), links.row_link("warehouse.workorder", work.pk, f"#{work.label}")),
            (_("asked"), cells.moment(obj.created_at)),
            (_("laid back"), cells.moment(obj.done_at)),
            (_("by"), names.get(obj.done_by) or cells.NOTHING),
        ]
        return Page(
            name=_("Put-back of order %(n)s") % {"n": work.label}, main=[Facts(_("About"), about)]
        )

    @action(description=_("Laid back"), permissions=["act"], url_path="done", icon="check")
    def finish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Laid back"),
            text=_("The units lie on their shelf again."),
            run=lambda row, data: put_backs.finish(public_id=row.public_id),
            done=_("Noted."),
        )

    @display(description=_("item"), ordering="variant__sku")
    def goods(self, obj: PutBack) -> SafeString:
        return cells.two_lines(obj.variant.name, obj.variant.sku)

    @display(description=_("order"))
    def order(self, obj: PutBack) -> str:
        return f"#{obj.work_order.label}"

    @display(description=_("node"))
    def place(self, obj: PutBack) -> str:
        return obj.node.name

    @display(description=_("asked"), ordering="id")
    def asked(self, obj: PutBack) -> SafeString:
        return cells.ago(obj.created_at)

    @display(description=_("laid back"), ordering="done_at")
    def laid_back(self, obj: PutBack) -> SafeString:
        return cells.ago(obj.done_at)


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
