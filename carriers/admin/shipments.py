"""Parcels on their way: to read, with a second try at a label and giving one back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from carriers.models import LabelIntent, Shipment, TrackingEvent
from carriers.services import shipments
from oms.core import transitions
from oms.core.admin import cells, links, steps, tones
from oms.core.admin.deeds import ReasonForm
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.services import roles

_LABELS = dict(Shipment.Status.choices)
_TROUBLE = ("label_in_doubt", "label_failed", "exception", "returning", "lost")


class TroubleFilter(admin.SimpleListFilter):
    title = _("needs a look")
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("any", _("Anything wrong")), ("label", _("Label")), ("way", _("On the way"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wrong = {"any": _TROUBLE, "label": _TROUBLE[:2], "way": _TROUBLE[2:]}.get(
            self.value() or ""
        )
        return queryset.filter(status__in=wrong) if wrong else queryset


@admin.register(Shipment)
class ShipmentAdmin(ReadAdmin):
    list_display = (
        "tracking", "order", "status_pill", "served_by", "origin_code", "promised", "last_seen",
        "cost",
    )  # fmt: skip
    list_filter = ("status", TroubleFilter, "service")
    list_select_related = ("service__carrier",)
    search_fields = ("=tracking_number", "=order_number", "=public_id")
    search_help_text = _("Tracking number or order number")
    ordering = ("-id",)
    empty_title = _("No shipments yet")
    empty_text = _("They appear when the floor packs.")
    actions_detail = ["retry_label", "void"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).select_related("service__carrier")
        codes = roles.allowed_node_codes(request.user)  # type: ignore[arg-type]
        return rows if codes is None else rows.filter(origin_code__in=codes)

    def page(self, request: HttpRequest, obj: Any) -> Page:
        changes = list(obj.status_changes.order_by("-pk"))
        names = accounts.names_of(actors={change.actor for change in changes})
        return Page(
            name=obj.tracking_number or _("Parcel of order %(n)s") % {"n": obj.order_number},
            pills=[cells.status(obj)],
            lead=[
                (_("Order"), links.order_link(obj.correlation_id, f"#{obj.order_number}")),
                (_("Promised"), cells.day(obj.promised_on)),
                (_("Carrier"), f"{obj.service.carrier.name} · {obj.service.name}"),
                (_("Last seen"), cells.ago(obj.last_scan_at)),
            ],
            main=[_scans(obj), _intents(obj), steps.story(Shipment, changes, names)],
            side=[Facts(_("About"), _about(obj))],
        )

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        triggers = transitions.allowed_triggers(obj)
        offered = {"void"} & set(triggers)
        return offered | {"retry_label"} if obj.status == "label_failed" else offered

    @display(description=_("tracking"), ordering="tracking_number")
    def tracking(self, obj: Shipment) -> Any:
        return cells.code(obj.tracking_number) if obj.tracking_number else _("No label yet")

    @display(description=_("order"), ordering="order_number")
    def order(self, obj: Shipment) -> str:
        return f"#{obj.order_number}"

    @display(description=_("status"), ordering="status")
    def status_pill(self, obj: Shipment) -> SafeString:
        return cells.status(obj)

    @display(description=_("service"), ordering="service__name")
    def served_by(self, obj: Shipment) -> SafeString:
        return cells.two_lines(obj.service.carrier.name, obj.service.name)

    @display(description=_("promised"), ordering="promised_on")
    def promised(self, obj: Shipment) -> SafeString:
        return cells.day(obj.promised_on)

    @display(description=_("last seen"), ordering="last_scan_at")
    def last_seen(self, obj: Shipment) -> SafeString:
        return cells.ago(obj.delivered_at or obj.last_scan_at or obj.handed_over_at)

    @display(description=_("cost"), ordering="cost_amount")
    def cost(self, obj: Shipment) -> SafeString:
        return cells.amount(obj.cost_amount, obj.cost_currency)

    @action(description=_("Retry label"), permissions=["act"], url_path="retry", icon="refresh")
    def retry_label(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Buy the label again"),
            text=_(
                "Only after a refusal. A label in doubt is looked up by itself, never bought twice."
            ),
            form_class=ReasonForm,
            run=lambda shipment, data: shipments.retry_label(
                shipment_ref=shipment.public_id, reason=data["reason"]
            ),
            done=_("The carrier is asked again."),
        )

    @action(
        description=_("Void label"),
        permissions=["act"],
        url_path="void",
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Give the label back"),
            text=_("The parcel must not leave with it any more. This cannot be taken back."),
            form_class=ReasonForm,
            run=lambda shipment, data: shipments.void(
                shipment_ref=shipment.public_id, reason=data["reason"]
            ),
            done=_("The label is given back."),
            is_grave=True,
        )


def _scans(shipment: Shipment) -> Table:
    rows = [
        [
            _scan_pill(scan.status),
            cells.place(scan.city, scan.region, scan.country),
            cells.code(scan.carrier_code),
            cells.moment(scan.occurred_at),
        ]
        for scan in shipment.events.order_by("-occurred_at", "-pk")
    ]
    headers = [_("what"), _("where"), _("carrier's code"), _("when")]
    return Table(_("Scans"), headers, rows, _("The carrier has not seen it yet."))


def _scan_pill(status: str) -> SafeString:
    words = _LABELS.get(status) or status.replace("_", " ").capitalize()
    return cells.pill(words, tones.of(status))


def _intents(shipment: Shipment) -> Table:
    rows = [
        [
            intent.attempt,
            cells.status(intent, "state"),
            intent.tries,
            intent.error_code.replace("_", " ") or cells.NOTHING,
            cells.code(intent.reference),
        ]
        for intent in shipment.label_intents.order_by("-attempt")
    ]
    headers = [_("attempt"), _("state"), _("calls"), _("error"), _("told the carrier")]
    return Table(_("Label"), headers, rows, _("No label was asked for."))


def _about(shipment: Shipment) -> list[tuple[Any, Any]]:
    cost = cells.amount(shipment.cost_amount, shipment.cost_currency)
    size = cells.size(shipment.length_mm, shipment.width_mm, shipment.height_mm)
    return [
        (_("from"), shipment.origin_code),
        (_("weight"), cells.weight(shipment.weight_g)),
        (_("size"), size),
        (_("cost"), cost),
        (_("labeled"), cells.moment(shipment.labeled_at)),
        (_("handed over"), cells.moment(shipment.handed_over_at)),
        (_("delivered"), cells.moment(shipment.delivered_at)),
        (_("identifier"), cells.code(shipment.public_id)),
        (_("parcel"), cells.code(shipment.parcel_ref)),
    ]


class IntentFilter(StateFilter):
    title = _("state")
    parameter_name = "open"
    states = (("open", _("Not bought yet")), ("refused", _("Refused")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"open": ("due", "calling", "in_doubt"), "refused": ("refused",)}.get(self.state)
        return queryset.filter(state__in=wanted) if wanted else queryset


@admin.register(LabelIntent)
class LabelIntentAdmin(ReadAdmin):
    list_display = (
        "reference",
        "order",
        "state_pill",
        "attempt",
        "tries",
        "next_try",
        "error_code",
    )
    list_filter = (IntentFilter, "state")
    list_select_related = ("shipment",)
    search_fields = ("=reference", "=shipment__order_number")
    search_help_text = _("Reference or order number")
    ordering = ("-id",)
    empty_title = _("Every label is bought")
    empty_text = _("Nothing is waiting for a carrier.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("shipment")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        parcel = obj.shipment
        about: list[tuple[Any, Any]] = [
            (_("shipment"), links.row_link("carriers.shipment", parcel.pk, str(parcel))),
            (_("order"), links.order_link(parcel.correlation_id, f"#{parcel.order_number}")),
            (_("attempt"), obj.attempt),
            (_("calls"), obj.tries),
            (_("next try"), cells.moment(obj.available_at)),
            (_("lease until"), cells.moment(obj.lease_until)),
            (_("error"), obj.error_code or cells.NOTHING),
            (_("decided"), cells.moment(obj.created_at)),
        ]
        pills = [cells.status(obj, "state")]
        return Page(name=obj.reference, pills=pills, main=[Facts(_("About"), about)])

    @display(description=_("order"))
    def order(self, obj: LabelIntent) -> str:
        return f"#{obj.shipment.order_number}"

    @display(description=_("state"), ordering="state")
    def state_pill(self, obj: LabelIntent) -> SafeString:
        return cells.status(obj, "state")

    @display(description=_("next try"), ordering="available_at")
    def next_try(self, obj: LabelIntent) -> SafeString:
        return cells.ago(obj.available_at) if obj.state == "due" else cells.NOTHING


class MatchFilter(admin.SimpleListFilter):
    title = _("shipment")
    parameter_name = "match"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("Unknown parcel"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(shipment=None) if self.value() == "none" else queryset


@admin.register(TrackingEvent)
class TrackingEventAdmin(ReadAdmin):
    list_display = ("tracking_number", "what", "where", "carrier", "at", "heard")
    list_filter = ("carrier", MatchFilter)
    list_select_related = ("carrier",)
    search_fields = ("=tracking_number",)
    search_help_text = _("Tracking number")
    ordering = ("-id",)
    empty_title = _("No scans yet")
    empty_text = _("They appear when carriers report them.")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        shipment = cells.NOTHING
        if obj.shipment_id:
            shipment = links.row_link("carriers.shipment", obj.shipment_id, obj.tracking_number)
        about: list[tuple[Any, Any]] = [
            (_("shipment"), shipment),
            (_("where"), cells.place(obj.city, obj.region, obj.country)),
            (_("carrier's code"), cells.code(obj.carrier_code)),
            (_("key"), cells.code(obj.event_key)),
            (_("when"), cells.moment(obj.occurred_at)),
            (_("heard"), cells.moment(obj.received_at)),
        ]
        pills = [_scan_pill(obj.status)]
        return Page(name=obj.tracking_number, pills=pills, main=[Facts(_("About"), about)])

    @display(description=_("what"), ordering="status")
    def what(self, obj: TrackingEvent) -> SafeString:
        return _scan_pill(obj.status)

    @display(description=_("where"))
    def where(self, obj: TrackingEvent) -> SafeString:
        return cells.place(obj.city, obj.region, obj.country)

    @display(description=_("when"), ordering="occurred_at")
    def at(self, obj: TrackingEvent) -> SafeString:
        return cells.ago(obj.occurred_at)

    @display(description=_("heard"), ordering="id")
    def heard(self, obj: TrackingEvent) -> SafeString:
        return cells.ago(obj.received_at)
