"""What keeps orders from moving, in one list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from oms.core import clock
from oms.core.admin import cells
from oms.core.admin.bulk import ManyMixin
from oms.core.admin.deeds import ReasonForm, actor_of
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from orders.admin import deciding, many
from orders.hold_terms import HoldTerms
from orders.models import Approval, FulfillmentOrder, Hold, OrderLine
from orders.services import backlog, holds


class OpenFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (
        ("open", _("Open")),
        ("overdue", _("Overdue")),
        ("mine", _("Placed by me")),
        ("released", _("Released")),
        ("all", _("All")),
    )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Hold]) -> QuerySet[Hold]:
        if self.state == "all":
            return queryset
        if self.state == "released":
            return queryset.filter(released_at__isnull=False)
        waiting = queryset.filter(released_at=None)
        if self.state == "overdue":
            return waiting.filter(due_at__lte=clock.now())
        return waiting.filter(author=actor_of(request)) if self.state == "mine" else waiting


@admin.register(Hold)
class HoldAdmin(ManyMixin, ReadAdmin):
    list_display = ("order_number", "type_pill", "reason", "due", "opened", "released")
    list_filter = (OpenFilter, "type")
    list_select_related = ("order",)
    search_fields = ("order__number",)
    search_help_text = _("Order number")
    ordering = ("due_at", "pk")
    empty_title = _("Nothing is on hold")
    empty_text = _("Every order is free to move.")
    actions = ["release_chosen"]
    actions_detail = ["release", "decide"]

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        return Hold.objects.select_related("order__channel").prefetch_related(
            Prefetch("order__lines", OrderLine.objects.order_by("position")),
            "order__holds",
            Prefetch("order__fulfillment_orders", FulfillmentOrder.objects.order_by("pk")),
        )

    def page(self, request: HttpRequest, obj: Any) -> Page:
        names = accounts.names_of(actors={obj.author, obj.released_by})
        rows: list[tuple[Any, Any]] = [
            (_("reason"), obj.reason),
            (_("stops"), ", ".join(str(Hold.Scope(scope).label) for scope in obj.scopes)),
            (_("placed by"), names[obj.author]),
            (_("opened"), cells.moment(obj.opened_at)),
            (_("ends by itself"), cells.moment(obj.releases_at)),
            (_("lateness told"), cells.moment(obj.escalated_at)),
        ]
        if obj.released_at:
            rows += [
                (_("released"), cells.moment(obj.released_at)),
                (_("released by"), names[obj.released_by]),
                (_("why"), obj.release_reason),
            ]
        lead = [(_("Answer due"), cells.due(obj.due_at, is_open=obj.released_at is None))]
        state = (
            cells.pill(_("Released"), "ok") if obj.released_at else cells.pill(_("Open"), "hold")
        )
        return Page(
            name=_("%(type)s hold") % {"type": obj.get_type_display()},
            pills=[state],
            lead=lead,
            main=deciding.blocks(obj.order),
            side=[Facts(_("Hold"), rows)],
        )

    def named(self, obj: Hold) -> str:
        return f"{obj.get_type_display()}, #{obj.order.number}"

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        if obj.released_at is not None or obj.type in backlog.ROUTED_HOLDS:
            return set()
        return {"decide"} if obj.type == Hold.Type.APPROVAL else {"release"}

    @display(description=_("order"), ordering="order__number")
    def order_number(self, obj: Hold) -> SafeString:
        return cells.two_lines(f"#{obj.order.number}", obj.order.city or obj.order.country)

    @display(description=_("type"), ordering="type")
    def type_pill(self, obj: Hold) -> SafeString:
        return cells.pill(obj.get_type_display(), "" if obj.released_at else "hold")

    @display(description=_("answer due"), ordering="due_at")
    def due(self, obj: Hold) -> SafeString:
        return cells.due(obj.due_at, is_open=obj.released_at is None)

    @display(description=_("opened"), ordering="opened_at")
    def opened(self, obj: Hold) -> SafeString:
        return cells.ago(obj.opened_at)

    @display(description=_("released"), ordering="released_at")
    def released(self, obj: Hold) -> SafeString:
        return cells.ago(obj.released_at)

    @action(description=_("Release"), permissions=["act"], url_path="release", icon="play_arrow")
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Release the hold"),
            text=_("With its last hold released the order goes on where it stopped."),
            form_class=ReasonForm,
            run=lambda hold, data: holds.release_hold(
                order_id=hold.order_id, type=hold.type, reason=data["reason"]
            ),
            done=_("The hold is released."),
        )

    @action(
        description=_("Approve or reject"),
        permissions=["act"],
        url_path="decide",
        icon="approval_delegation",
    )
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The hold of an approval ends with it: its page is the place to decide."""
        hold = self._subject(request, object_id)
        asked = Approval.objects.filter(order_id=hold.order_id).order_by("-pk").first()
        if asked is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:orders_approval_change", args=(asked.pk,)))

    @action(description=_("Release"), permissions=["act"])
    def release_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.perform_many(
            request,
            queryset,
            name="release_chosen",
            title=_("Release holds"),
            text=_("With its last hold released an order goes on where it stopped."),
            run=lambda keys, data: _lift(keys, data["reason"]),
        )


def _lift(keys: Sequence[int], reason: str) -> Any:
    """Each type by itself; one answer for all."""
    chosen: dict[str, list[int]] = defaultdict(list)
    rows = Hold.objects.filter(pk__in=keys, released_at=None).exclude(type__in=backlog.ROUTED_HOLDS)
    for kind, order_id in rows.values_list("type", "order_id"):
        chosen[kind].append(order_id)
    told = [many.lift(ids, HoldTerms(kind, reason)) for kind, ids in sorted(chosen.items())]
    return format_html_join(" ", "{}", ((text,) for text in told)) or _("None of them can be.")
