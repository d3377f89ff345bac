"""What keeps orders from moving, in one list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from oms.core.admin import cells
from oms.core.admin.deeds import ReasonForm
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from orders.models import Hold
from orders.services import backlog, holds


class OpenFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("open", _("Open")), ("released", _("Released")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Hold]) -> QuerySet[Hold]:
        if self.state == "all":
            return queryset
        return queryset.filter(released_at__isnull=self.state == "open")


@admin.register(Hold)
class HoldAdmin(ReadAdmin):
    list_display = ("order_number", "type_pill", "reason", "due", "opened", "released")
    list_filter = (OpenFilter, "type")
    list_select_related = ("order",)
    search_fields = ("order__number",)
    search_help_text = _("Order number")
    ordering = ("due_at", "pk")
    empty_title = _("Nothing is on hold")
    empty_text = _("Every order is free to move.")
    actions_detail = ["release"]

    def page(self, request: HttpRequest, obj: Any) -> Page:
        names = accounts.names_of(actors={obj.author, obj.released_by})
        rows: list[tuple[Any, Any]] = [
            (_("order"), _order_link(obj)),
            (_("reason"), obj.reason),
            (_("stops"), ", ".join(str(Hold.Scope(scope).label) for scope in obj.scopes)),
            (_("placed by"), names[obj.author]),
            (_("opened"), cells.moment(obj.opened_at)),
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
            main=[Facts(_("Details"), rows)],
        )

    def named(self, obj: Hold) -> str:
        return f"{obj.get_type_display()}, #{obj.order.number}"

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        is_open = obj.released_at is None and obj.type not in backlog.ROUTED_HOLDS
        return {"release"} if is_open else set()

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


def _order_link(hold: Hold) -> SafeString:
    return cells.link(
        reverse("admin:orders_order_change", args=(hold.order_id,)), f"#{hold.order.number}"
    )
