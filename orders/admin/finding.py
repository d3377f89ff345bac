"""How staff find orders: filters for the list, and what a search term may mean."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from carriers.selectors import shipments
from oms.core import clock
from oms.infra.contacts.selectors import search
from orders.admin.milestone_blocks import NAMES
from orders.billing.selectors import STATES
from orders.channels import selectors as channels
from orders.milestones import FLAGGED
from orders.models import FulfillmentOrder, Hold, Order, OrderLine
from orders.selectors.payments import is_in_payment_state

#: In these an order may still have something to ship.
_OPEN = ("received", "verifying", "confirmed", "released")


#: Orders whose tags are offered.
_RECENT = 500


class OnHoldFilter(admin.SimpleListFilter):
    title = _("hold")
    parameter_name = "on_hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("any", _("On hold")), *Hold.Type.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if not self.value():
            return queryset
        waiting = Hold.objects.filter(released_at=None)
        if self.value() != "any":
            waiting = waiting.filter(type=self.value())
        return queryset.filter(pk__in=waiting.values("order_id"))


class LateFilter(admin.SimpleListFilter):
    title = _("ship by")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("late", _("Late to ship")), ("hour", _("Within the hour"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if self.value() == "late":
            return _pressing(queryset, within_minutes=0)
        if self.value() == "hour":
            return _pressing(queryset, within_minutes=60)
        return queryset


class AtRiskFilter(admin.SimpleListFilter):
    title = _("at risk")
    parameter_name = "at_risk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("any", _("At risk")), *((code, NAMES[code]) for code in FLAGGED)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if not self.value():
            return queryset
        # In full, so that the index of the few at risk is used.
        risky = queryset.filter(~Q(at_risk_of=""))
        return risky if self.value() == "any" else risky.filter(at_risk_of=self.value())


class TierFilter(admin.SimpleListFilter):
    title = _("service level")
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return channels.level_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(tier=self.value()) if self.value() else queryset


class PaymentFilter(admin.SimpleListFilter):
    title = _("payment")
    parameter_name = "payment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STATES.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        state = self.value()
        return queryset.filter(is_in_payment_state(state)) if state else queryset


class TagFilter(admin.SimpleListFilter):
    """The tags of the newest orders that have any; a link may name another one."""

    title = _("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        newest = Order.objects.order_by("-id").values_list("tags", flat=True)
        found = {tag for tags in newest[:_RECENT] for tag in tags}
        asked = request.GET.get(self.parameter_name)
        return [(tag, tag) for tag in sorted(found | ({asked} if asked else set()))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(tags__contains=[self.value()]) if self.value() else queryset


def is_unshipped() -> Exists:
    """This function will tell, in a query of orders, whether something still has to leave."""
    return Exists(
        OrderLine.objects.filter(order=OuterRef("pk")).exclude(
            ordered=F("cancelled") + F("shipped")
        )
    )


def wanted(term: str, *, may_see_people: bool) -> Q:
    """This function will return what a search term asks for: a number first, else an identifier,
    a mail address, a tracking number, the channel's reference or a SKU."""
    if _is_number(term):
        return is_named(term) | Q(external_ref=term)
    if "@" in term:
        return _ordered_by(term) if may_see_people else Q(pk=None)
    if term.startswith("ord_"):
        return is_named(term)
    served = shipments.list_demand_refs(tracking_number=term)
    if served:
        leads = list(
            FulfillmentOrder.objects.filter(public_id__in=served).values_list("pk", flat=True)
        )
        works = FulfillmentOrder.objects.filter(Q(pk__in=leads) | Q(merged_into__in=leads))
        return Q(pk__in=works.values("order_id"))
    lines = OrderLine.objects.filter(sku=term)
    return Q(external_ref=term) | Q(pk__in=lines.values("order_id"))


def is_named(term: str) -> Q:
    """This function will return the orders with this identifier or number; a number by organization
    too, so that the unique index serves it."""
    if _is_number(term):
        return Q(number=int(term), organization_id__in=_owners())
    return Q(public_id=term) if term.startswith("ord_") else Q(pk=None)


def _is_number(term: str) -> bool:
    return term.isascii() and term.isdigit() and len(term) < 19


def _owners() -> QuerySet[Any]:
    related: Any = Order._meta.get_field("organization").related_model
    owners: QuerySet[Any] = related._default_manager.values("pk")
    return owners


def _ordered_by(email: str) -> Q:
    found = [
        contact_id
        for organization_id in _owners().values_list("pk", flat=True)
        for contact_id in search.find_contact_ids(organization_id=organization_id, email=email)
    ]
    return Q(ship_to_id__in=found)


def _pressing(orders: QuerySet[Order], *, within_minutes: int) -> QuerySet[Order]:
    before = clock.now() + timedelta(minutes=within_minutes)
    return orders.filter(is_unshipped(), status__in=_OPEN, latest_ship_at__lte=before)
