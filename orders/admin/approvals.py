"""Orders that wait for a person's yes or no."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from oms.core import clock
from oms.core.admin import cells
from oms.core.admin.deeds import ReasonForm, actor_of
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from orders.admin import deciding
from orders.models import Approval, FulfillmentOrder, OrderLine
from orders.services import approvals, authority

State = Approval.State
_SOON = timedelta(hours=1)


class QueueFilter(StateFilter):
    title = _("queue")
    parameter_name = "queue"
    states = (
        ("open", _("Open")),
        ("mine", _("Within my limit")),
        ("overdue", _("Due within the hour")),
        ("decided", _("Decided")),
        ("all", _("All")),
    )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        if self.state == "all":
            return queryset
        if self.state == "decided":
            return queryset.exclude(state=State.PENDING)
        waiting = queryset.filter(state=State.PENDING)
        if self.state == "overdue":
            return waiting.filter(expires_at__lte=clock.now() + _SOON)
        return _within_reach(request, waiting) if self.state == "mine" else waiting


def _within_reach(request: HttpRequest, rows: QuerySet[Approval]) -> QuerySet[Approval]:
    mine = accounts.authority_of(actor=actor_of(request))
    if mine.is_unlimited:
        return rows
    if mine.limit is None:
        return rows.none()
    return rows.filter(level=1, amount__lte=mine.limit, currency=mine.currency)


@admin.register(Approval)
class ApprovalAdmin(ReadAdmin):
    list_display = ("order_number", "state_pill", "worth", "reason", "expires", "asked", "decided")
    list_filter = (QueueFilter, "level")
    list_select_related = ("order",)
    search_fields = ("order__number",)
    search_help_text = _("Order number")
    ordering = ("expires_at", "pk")
    empty_title = _("Nothing waits for you")
    empty_text = _("Orders that need an approval appear here.")
    actions_detail = ["approve", "reject"]

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        lines = OrderLine.objects.order_by("position")
        return Approval.objects.select_related("order__channel").prefetch_related(
            Prefetch("order__lines", lines),
            "order__holds",
            Prefetch("order__fulfillment_orders", FulfillmentOrder.objects.order_by("pk")),
        )

    def page(self, request: HttpRequest, obj: Any) -> Page:
        names = accounts.names_of(actors={obj.requested_by, obj.decided_by})
        is_open = obj.state == State.PENDING
        about: list[tuple[Any, Any]] = [
            (_("what for"), obj.reason),
            (_("amount"), cells.amount(obj.amount, obj.currency)),
            (_("level"), obj.level),
            (_("asked by"), names[obj.requested_by]),
            (_("asked"), cells.moment(obj.created_at)),
        ]
        if not is_open:
            about += [
                (_("decided by"), names[obj.decided_by]),
                (_("decided"), cells.moment(obj.decided_at)),
                (_("why"), obj.decision_reason or cells.NOTHING),
            ]
        head, *rest = deciding.blocks(obj.order)
        return Page(
            name=_("Approval of order %(number)s") % {"number": obj.order.number},
            pills=[_pill(obj)],
            lead=[
                (_("Worth now"), cells.amount(obj.order.owed_amount, obj.currency)),
                (_("Decide by"), cells.due(obj.expires_at, is_open=is_open)),
                (_("You"), _standing(request, obj)),
            ],
            main=[head, *rest],
            side=[Facts(_("Asked for"), about)],
        )

    def named(self, obj: Approval) -> str:
        return f"#{obj.order.number}"

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"approve", "reject"} if obj.state == State.PENDING else set()

    @display(description=_("order"), ordering="order__number")
    def order_number(self, obj: Approval) -> SafeString:
        return cells.two_lines(f"#{obj.order.number}", obj.order.city or obj.order.country)

    @display(description=_("state"), ordering="state")
    def state_pill(self, obj: Approval) -> SafeString:
        return _pill(obj)

    @display(description=_("amount"), ordering="amount")
    def worth(self, obj: Approval) -> SafeString:
        return cells.amount(obj.amount, obj.currency)

    @display(description=_("decide by"), ordering="expires_at")
    def expires(self, obj: Approval) -> SafeString:
        return cells.due(obj.expires_at, is_open=obj.state == State.PENDING)

    @display(description=_("asked"), ordering="created_at")
    def asked(self, obj: Approval) -> SafeString:
        return cells.ago(obj.created_at)

    @display(description=_("decided"), ordering="decided_at")
    def decided(self, obj: Approval) -> SafeString:
        return cells.ago(obj.decided_at)

    @action(
        description=_("Approve"),
        permissions=["act"],
        url_path="approve",
        icon="check",
        variant=ActionVariant.PRIMARY,
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Approve the order"),
            text=_("Its hold is released and it goes on where it stopped."),
            form_class=ReasonForm,
            run=lambda obj, data: approvals.decide(
                order_id=obj.order_id, decision="approve", reason=data["reason"]
            ),
            done=_("The order is approved."),
        )

    @action(
        description=_("Reject"),
        permissions=["act"],
        url_path="reject",
        icon="close",
        variant=ActionVariant.DANGER,
    )
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Reject the order"),
            text=_("It is rejected, or cancelled where it was confirmed. There is no way back."),
            form_class=ReasonForm,
            run=lambda obj, data: approvals.decide(
                order_id=obj.order_id, decision="reject", reason=data["reason"]
            ),
            done=_("The order is rejected."),
            is_grave=True,
        )


_TONES = {
    State.PENDING: "hold",
    State.APPROVED: "ok",
    State.REJECTED: "bad",
    State.EXPIRED: "warn",
    State.WITHDRAWN: "",
}


def _pill(approval: Approval) -> SafeString:
    return cells.pill(approval.get_state_display(), _TONES[State(approval.state)])


def _standing(request: HttpRequest, approval: Approval) -> Any:
    """Whether the reader may decide, so that nobody finds out by being refused."""
    actor, order = actor_of(request), approval.order
    short = authority.shortfall(
        accounts.authority_of(actor=actor),
        amount=max(approval.amount, order.owed_amount),
        currency=order.currency,
        level=approval.level,
    )
    if short is not None:
        return cells.pill(short.detail, "warn")
    if actor in approvals.makers_of(order):
        return cells.pill(_("You made or changed this order"), "warn")
    return cells.pill(_("May decide"), "ok")
