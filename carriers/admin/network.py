"""Carriers, accounts, services and their prices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from carriers.models import Carrier, CarrierAccount, Rate, RateSheet, Service
from oms.core.admin import cells
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import EditAdmin, PlainEditAdmin, ReadAdmin
from oms.core.admin.weekdays import WeekdaysField


@admin.register(Carrier)
class CarrierAdmin(ReadAdmin):
    list_display = ("name", "code", "adapter", "service_count", "account_count")
    search_fields = ("=code", "name")
    ordering = ("name",)
    empty_title = _("No carriers yet")
    empty_text = _("Each carrier is a folder of adapters; its first account brings it here.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.annotate(
            services_n=Count("services", distinct=True), accounts_n=Count("accounts", distinct=True)
        )

    def page(self, request: HttpRequest, obj: Any) -> Page:
        rows = [
            [service.name, cells.code(service.code), cells.pill(service.get_speed_display())]
            for service in obj.services.order_by("code")
        ]
        about: list[tuple[Any, Any]] = [
            (_("code"), cells.code(obj.code)),
            (_("adapter"), cells.code(obj.adapter)),
            (_("accounts"), obj.accounts_n),
        ]
        headers = [_("service"), _("code"), _("speed")]
        return Page(
            name=obj.name,
            main=[Table(_("Services"), headers, rows, _("No services."))],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("services"), ordering="services_n")
    def service_count(self, obj: Any) -> int:
        return int(obj.services_n)

    @display(description=_("accounts"), ordering="accounts_n")
    def account_count(self, obj: Any) -> int:
        return int(obj.accounts_n)


@admin.register(CarrierAccount)
class CarrierAccountAdmin(ReadAdmin):
    """Credentials are sealed; not even their length is shown."""

    list_display = ("name", "carrier", "state")
    list_filter = ("carrier", "is_sandbox", "is_active")
    list_select_related = ("carrier",)
    search_fields = ("name",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("carrier").defer("credentials")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        allowed = obj.allowances.select_related("organization").order_by("organization__name")
        rows = [[allowance.organization.name] for allowance in allowed]
        about: list[tuple[Any, Any]] = [
            (_("carrier"), obj.carrier.name),
            (_("identifier"), cells.code(obj.public_id)),
            (_("since"), cells.day(obj.created_at.date())),
        ]
        empty = _("Nobody may ship on it.")
        return Page(
            name=obj.name,
            pills=_account_pills(obj),
            main=[Table(_("Who may ship on it"), [_("organization")], rows, empty)],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("state"))
    def state(self, obj: CarrierAccount) -> SafeString:
        return cells.pills(*_account_pills(obj))


def _account_pills(account: CarrierAccount) -> list[SafeString]:
    found = [cells.pill(_("Active"), "ok") if account.is_active else cells.pill(_("Off"))]
    return [*found, cells.pill(_("Sandbox"), "warn")] if account.is_sandbox else found


class ServiceForm(forms.ModelForm[Service]):
    delivery_days = WeekdaysField(label=_("Delivery days"))


@admin.register(Service)
class ServiceAdmin(EditAdmin):
    form = ServiceForm
    list_display = ("named", "carrier", "speed_pill", "heaviest", "farthest", "state")
    list_filter = ("carrier", "speed", "is_active")
    list_select_related = ("carrier",)
    search_fields = ("=code", "name")
    ordering = ("code",)
    fieldsets = (
        (None, {"fields": ("carrier", ("code", "name"), ("speed", "is_active"))}),
        (
            _("Limits"),
            {"fields": (("max_weight_g", "max_distance_km"), "is_international", "delivery_days")},
        ),
    )

    @display(description=_("service"), ordering="code")
    def named(self, obj: Service) -> SafeString:
        return cells.two_lines(obj.name, obj.code)

    @display(description=_("speed"), ordering="speed")
    def speed_pill(self, obj: Service) -> SafeString:
        return cells.status(obj, "speed")

    @display(description=_("heaviest"), ordering="max_weight_g")
    def heaviest(self, obj: Service) -> SafeString:
        return cells.weight(obj.max_weight_g)

    @display(description=_("farthest"), ordering="max_distance_km")
    def farthest(self, obj: Service) -> Any:
        return f"{obj.max_distance_km:,} km" if obj.max_distance_km else _("No limit")

    @display(description=_("state"), ordering="is_active")
    def state(self, obj: Service) -> SafeString:
        return cells.pill(_("Active"), "ok") if obj.is_active else cells.pill(_("Off"))


class RateInline(TabularInline):
    model = Rate
    extra = 0
    per_page = 25
    hide_title = True
    ordering = ("zone", "max_weight_g")
    fields = ("zone", "max_distance_km", "max_weight_g", "amount", "transit_days")


@admin.register(RateSheet)
class RateSheetAdmin(PlainEditAdmin):
    """A sheet in use is not changed but followed by one that is valid from a later day."""

    list_display = ("service", "currency", "valid_from", "cell_count", "dim_divisor")
    list_filter = ("currency", "service")
    list_select_related = ("service",)
    search_fields = ("service__name", "=service__code")
    ordering = ("service__code", "currency", "-valid_from")
    fields = (("service", "currency"), ("valid_from", "dim_divisor"))
    inlines = (RateInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("service").annotate(cells_n=Count("rates"))

    @display(description=_("prices"), ordering="cells_n")
    def cell_count(self, obj: Any) -> int:
        return int(obj.cells_n)
