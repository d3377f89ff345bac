"""Staff pages of the machinery: facts, deliveries that failed, relays. Dead letters are retried."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from oms.core.admin import cells, links
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Raw, Table
from oms.core.admin.reading import ReadAdmin
from oms.infra.outbox.models import OutboxEvent, Redelivery, RelayHeartbeat
from oms.infra.outbox.services import dead_letters


class RelayedFilter(admin.SimpleListFilter):
    title = _("delivery")
    parameter_name = "delivery"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waits", _("Waiting"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(relayed_at=None) if self.value() == "waits" else queryset


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadAdmin):
    list_display = ("name", "about", "actor", "happened", "state")
    list_filter = (RelayedFilter,)
    search_fields = ("=correlation_id", "=aggregate_id")
    search_help_text = _("Identifier of an order, shipment or work order")
    ordering = ("-id",)
    empty_title = _("No events yet")
    empty_text = _("Every fact is written down here in the moment it happens.")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        about: list[tuple[Any, Any]] = [
            (_("about"), cells.code(f"{obj.aggregate_kind} {obj.aggregate_id}")),
            (_("order"), links.order_link(obj.correlation_id, _("Order"))),
            (_("caused by"), cells.code(obj.causation_id)),
            (_("actor"), cells.code(obj.actor)),
            (_("hops"), obj.hops),
            (_("happened"), cells.moment(obj.occurred_at)),
            (_("recorded"), cells.moment(obj.recorded_at)),
            (_("relayed"), cells.moment(obj.relayed_at)),
            (_("identifier"), cells.code(str(obj.event_id))),
        ]
        receipts = obj.receipts.order_by("pk")
        rows = [[cells.code(receipt.consumer), cells.moment(receipt.at)] for receipt in receipts]
        empty = _("Nobody has taken it.")
        return Page(
            name=obj.name,
            pills=[_state(obj)],
            main=[
                Table(_("Taken by"), [_("consumer"), _("when")], rows, empty),
                Raw(_("Payload"), _pretty(obj.payload)),
            ],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("about"))
    def about(self, obj: OutboxEvent) -> SafeString:
        return cells.two_lines(obj.aggregate_kind.replace("_", " "), obj.aggregate_id)

    @display(description=_("happened"), ordering="id")
    def happened(self, obj: OutboxEvent) -> SafeString:
        return cells.ago(obj.occurred_at)

    @display(description=_("delivery"))
    def state(self, obj: OutboxEvent) -> SafeString:
        return _state(obj)


def _state(event: OutboxEvent) -> SafeString:
    return cells.pill(_("Relayed"), "ok") if event.relayed_at else cells.pill(_("Waiting"), "info")


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)


class ParkedFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("parked", _("Given up")), ("waits", _("Will be tried again")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "all":
            return queryset
        return queryset.filter(parked_at__isnull=self.state == "waits")


@admin.register(Redelivery)
class RedeliveryAdmin(ReadAdmin):
    list_display = ("consumer", "event_name", "state", "attempts", "next_try", "last_error")
    list_filter = (ParkedFilter,)
    list_select_related = ("event",)
    search_fields = ("=consumer", "=event__correlation_id")
    search_help_text = _("Consumer or order identifier")
    ordering = ("-id",)
    empty_title = _("No dead letters")
    empty_text = _("Every message found its way.")
    actions_detail = ["retry"]
    actions_list = ["retry_all"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("event")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        event = links.row_link("outbox.outboxevent", obj.event_id, obj.event.name)
        about: list[tuple[Any, Any]] = [
            (_("event"), event),
            (_("order"), links.order_link(obj.event.correlation_id, _("Order"))),
            (_("attempts"), obj.attempts),
            (_("next try"), cells.moment(obj.available_at)),
            (_("given up"), cells.moment(obj.parked_at)),
            (_("last error"), obj.last_error or cells.NOTHING),
        ]
        return Page(name=obj.consumer, pills=[_parked(obj)], main=[Facts(_("Details"), about)])

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"retry"} if obj.parked_at else set()

    @display(description=_("event"))
    def event_name(self, obj: Redelivery) -> SafeString:
        return cells.two_lines(obj.event.name, obj.event.aggregate_id)

    @display(description=_("state"), ordering="parked_at")
    def state(self, obj: Redelivery) -> SafeString:
        return _parked(obj)

    @display(description=_("next try"), ordering="available_at")
    def next_try(self, obj: Redelivery) -> SafeString:
        return cells.NOTHING if obj.parked_at else cells.ago(obj.available_at)

    @action(description=_("Retry"), permissions=["act"], url_path="retry", icon="refresh")
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Try again"),
            text=_("An effect that happened does not happen again."),
            run=lambda letter, data: dead_letters.retry(
                consumer=letter.consumer, event_id=letter.event.event_id
            ),
            done=_("It is due again."),
        )

    @action(description=_("Retry all"), permissions=["act"], url_path="retry-all", icon="refresh")
    def retry_all(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Try all again"),
            text=_("Every delivery that was given up becomes due. None takes effect twice."),
            run=lambda nothing, data: dead_letters.retry(),
            done=_("They are due again."),
        )


def _parked(letter: Redelivery) -> SafeString:
    return cells.pill(_("Given up"), "bad") if letter.parked_at else cells.pill(_("Waits"), "warn")


@admin.register(RelayHeartbeat)
class RelayHeartbeatAdmin(ReadAdmin):
    list_display = ("name", "seen", "delivered")
    ordering = ("-at",)
    empty_title = _("No relay ever ran")
    empty_text = _("Start one: it delivers what waits.")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        about = [(_("last seen"), cells.ago(obj.at)), (_("delivered"), cells.number(obj.delivered))]
        return Page(name=obj.name, main=[Facts(_("Details"), about)])

    @display(description=_("last seen"), ordering="at")
    def seen(self, obj: RelayHeartbeat) -> SafeString:
        return cells.ago(obj.at)
