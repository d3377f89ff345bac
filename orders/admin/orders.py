"""The list of orders, their page, and what staff may do with one: hold, release, cancel, route."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from inventory.catalog import selectors as catalog
from oms.core.admin import cells
from oms.core.admin.deeds import ReasonForm, choice
from oms.core.admin.pages import Page
from oms.core.admin.reading import ReadAdmin
from orders.admin import (
    cancelling,
    checks,
    finding,
    milestone_blocks,
    money,
    order_page,
    parcels,
    words,
)
from orders.admin.drafting import DraftDeeds
from orders.admin.editing import EditDeeds
from orders.admin.hold_forms import PlaceHoldForm, terms_of
from orders.admin.many import ManyOrders
from orders.admin.papers import Papers
from orders.admin.replacing import ReplaceDeeds
from orders.channels import selectors as channels
from orders.hold_terms import HoldTerms
from orders.models import Approval, FulfillmentLine, FulfillmentOrder, Hold, Order, OrderLine
from orders.selectors import orders as selectors
from orders.services import backlog, holds, overriding, shipping_parts


@admin.register(Order)
class OrderAdmin(
    EditDeeds,
    DraftDeeds,
    ReplaceDeeds,
    parcels.ParcelDeeds,
    money.MoneyDeeds,
    ManyOrders,
    Papers,
    ReadAdmin,
):
    list_display = (
        "number_and_place",
        "state",
        "goods",
        "ship_by",
        "promised",
        "came_by",
        "units",
        "total",
        "placed",
    )
    list_filter = (
        "status",
        finding.OnHoldFilter,
        finding.LateFilter,
        finding.AtRiskFilter,
        finding.TierFilter,
        finding.TagFilter,
        finding.PaymentFilter,
        "channel",
    )
    list_select_related = ("channel",)
    search_fields = ("number",)
    search_help_text = _("Order number, the channel's reference, tracking number or e-mail")
    ordering = ("-id",)
    empty_title = _("No orders yet")
    empty_text = _("They appear here the moment they arrive.")
    actions_list = ["new_order"]
    actions_detail = [
        "edit_order",
        "edit_draft",
        "submit_draft",
        "replace_units",
        "place_hold",
        "release_hold",
        "decide",
        "override_rule",
        "retry_routing",
        "ship_parts",
        "record_payment",
        "split",
        "merge",
        "unmerge",
        "add_note",
        "add_file",
        "cancel_order",
        "discard_draft",
    ]

    def get_urls(self) -> list[URLPattern]:
        skus = path("skus/", self.admin_site.admin_view(self.skus_view), name="orders_order_skus")
        return [skus, *super().get_urls()]

    def skus_view(self, request: HttpRequest) -> HttpResponse:
        """Suggests what may be ordered while it is typed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = request.GET.get("q", "").strip()
        found = catalog.suggest(text=text, limit=20) if text else []
        return JsonResponse({"results": [{"sku": sku, "name": name} for sku, name in found]})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        waiting = Prefetch("holds", Hold.objects.filter(released_at=None), to_attr="open_holds")
        orders = (
            super()
            .get_queryset(request)
            .annotate(is_unshipped=finding.is_unshipped(), own_level=_own_level())
        )
        if request.GET.get("status__exact") != Order.Status.DRAFT and _is_list(request):
            orders = orders.exclude(status=Order.Status.DRAFT)
        counted = OrderLine.objects.only(
            "order_id", "ordered", "cancelled", "backordered", "allocated", "shipped", "delivered"
        )
        begun = FulfillmentOrder.objects.only("order_id", "status", "request")
        return orders.prefetch_related(
            waiting, Prefetch("lines", counted), Prefetch("fulfillment_orders", begun)
        )

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        work = FulfillmentOrder.objects.order_by("pk").select_related("node", "merged_into__order")
        shared = FulfillmentOrder.objects.order_by("pk").select_related("order")
        lines = FulfillmentLine.objects.order_by("pk")
        orders = Order.objects.select_related("channel", "split_from")
        return orders.annotate(own_level=_own_level()).prefetch_related(
            Prefetch("lines", OrderLine.objects.order_by("position").select_related("variant")),
            "holds",
            "split_off",
            Prefetch(
                "fulfillment_orders",
                work.prefetch_related(Prefetch("lines", lines), Prefetch("merged", shared)),
            ),
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "customer__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        term = search_term.strip().lstrip("#")
        return (
            queryset.filter(finding.wanted(term, may_see_people=_may_see_people(request)))
            if term
            else queryset
        ), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """An exact number or identifier opens its order at once. Drafts stand apart."""
        term = request.GET.get("q", "").strip().lstrip("#")
        if term and self.has_view_permission(request):
            named = Order.objects.filter(finding.is_named(term))
            found = list(named.values_list("pk", flat=True)[:2])
            if len(found) == 1:
                return HttpResponseRedirect(reverse("admin:orders_order_change", args=found))
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def page(self, request: HttpRequest, obj: Any) -> Page:
        return order_page.build(request, obj)

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        if obj.status == Order.Status.DRAFT:
            return {"edit_draft", "submit_draft", "discard_draft"}
        waiting = {hold.type for hold in obj.holds.all() if hold.released_at is None}
        offered = {"record_payment", "add_note", "add_file"}
        offered |= _changes(obj) | checks.offered(obj)
        if obj.closed_at is None:
            offered.add("place_hold")
        if waiting - {*backlog.ROUTED_HOLDS, Hold.Type.APPROVAL}:
            offered.add("release_hold")
        if Hold.Type.APPROVAL in waiting:
            offered.add("decide")
        if waiting & set(backlog.ROUTED_HOLDS):
            offered.add("retry_routing")
        if any(line.unallocated or line.backordered for line in obj.lines.all()):
            offered.add("ship_parts")
        if "cancel" in selectors.allowed_actions(obj):
            offered.add("cancel_order")
        return offered | parcels.offered(obj)

    @display(description=_("order"), ordering="number")
    def number_and_place(self, obj: Order) -> SafeString:
        place = ", ".join(part for part in (obj.city, obj.region or obj.country) if part)
        return cells.two_lines(f"#{obj.number}", place)

    @display(description=_("status"), ordering="status")
    def state(self, obj: Any) -> SafeString:
        holds = (cells.pill(hold.get_type_display(), "hold") for hold in obj.open_holds)
        risk = milestone_blocks.at_risk_pill(obj)
        return cells.pills(cells.status(obj), *words.pending_pill(obj), *risk, *holds)

    @display(description=_("goods"))
    def goods(self, obj: Order) -> SafeString:
        return words.fulfillment_pill(selectors.derived_fulfillment(obj))

    @display(description=_("ship by"), ordering=F("latest_ship_at").asc(nulls_last=True))
    def ship_by(self, obj: Any) -> SafeString:
        return cells.due(obj.latest_ship_at) if obj.is_unshipped else cells.NOTHING

    @display(description=_("promised"), ordering="promised_on")
    def promised(self, obj: Order) -> SafeString:
        return cells.day(obj.promised_on)

    @display(description=_("channel"), ordering="channel__name")
    def came_by(self, obj: Any) -> SafeString:
        return cells.two_lines(obj.channel.name, words.level(obj))

    @display(description=_("units"), ordering="unit_count")
    def units(self, obj: Order) -> SafeString:
        return cells.number(obj.unit_count)

    @display(description=_("total"), ordering="total_amount")
    def total(self, obj: Order) -> SafeString:
        return cells.amount(obj.total_amount, obj.currency)

    @display(description=_("placed"), ordering="placed_at")
    def placed(self, obj: Order) -> SafeString:
        return cells.ago(obj.placed_at)

    @action(description=_("Place hold"), permissions=["act"], url_path="hold", icon="front_hand")
    def place_hold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Place a hold"),
            text=_("Nothing of this order is picked, labeled or shipped until it is released."),
            form_class=PlaceHoldForm,
            run=lambda order, data: _place(order, terms_of(data)),
            done=_("The order is on hold."),
        )

    @action(
        description=_("Release hold"), permissions=["act"], url_path="release", icon="play_arrow"
    )
    def release_hold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Release a hold"),
            text=_("With its last hold released the order goes on where it stopped."),
            form_class=_release_form(object_id),
            run=lambda order, data: holds.release_hold(
                order_id=order.pk, type=data["type"], reason=data["reason"]
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
        order = self._subject(request, object_id)
        asked = Approval.objects.filter(order=order).order_by("-pk").first()
        if asked is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:orders_approval_change", args=(asked.pk,)))

    @action(description=_("Override"), permissions=["act"], url_path="override", icon="gavel")
    def override_rule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Override an objection"),
            text=_("You take responsibility for it; your name and reason are kept."),
            form_class=checks.override_form(object_id),
            run=lambda order, data: overriding.override(
                order_id=order.pk, rule=data["rule"], reason=data["reason"]
            ),
            done=_("The objection is overridden."),
        )

    @action(description=_("Route again"), permissions=["act"], url_path="route", icon="alt_route")
    def retry_routing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Route again"),
            text=_("Every node is asked once more. The order moves on if one can serve it."),
            run=lambda order, data: backlog.retry_order(order_id=order.pk),
            done=_("A route was found and the stock is set aside."),
        )

    @action(
        description=_("Ship what is there"),
        permissions=["act"],
        url_path="parts",
        icon="call_split",
    )
    def ship_parts(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Ship what is there"),
            text=_("What is in stock goes now, in a parcel of its own; the rest follows."),
            run=lambda order, data: shipping_parts.ship_what_is_there(order_id=order.pk),
            done=_("What is there is on its way to a node."),
        )

    @action(
        description=_("Cancel order"),
        permissions=["act"],
        url_path="cancel",
        icon="cancel",
        variant=ActionVariant.DANGER,
    )
    def cancel_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Cancel order"),
            text=_(
                "Leave the units empty to cancel all that is left. What nobody has picked is "
                "cancelled at once; for the rest the floor is asked. It cannot be taken back."
            ),
            form_class=cancelling.form_for(object_id),
            run=cancelling.run,
            done=_("What could be cancelled is; the page says what the floor was asked."),
            is_grave=True,
        )


def _place(order: Order, terms: HoldTerms) -> None:
    [answer] = holds.place_many(order_ids=[order.pk], terms=terms)
    if answer.error is not None:
        raise answer.error


def _changes(order: Order) -> set[str]:
    """What may be changed about it, or sent again."""
    offered = {"edit_order"} if selectors.is_editable(order) else set()
    return offered | {"replace_units"} if any(x.shipped for x in order.lines.all()) else offered


def _own_level() -> Any:
    return channels.own_level_name(organization="organization_id", code="tier")


def _is_list(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.url_name == "orders_order_changelist"


def _may_see_people(request: HttpRequest) -> bool:
    return request.user.has_perm("contacts.view_contact")


def _release_form(object_id: str) -> type[forms.Form]:
    """A form that offers the holds a person may lift on this order."""
    waiting = Hold.objects.filter(order_id=object_id, released_at=None).exclude(
        type__in=[*backlog.ROUTED_HOLDS, Hold.Type.APPROVAL]
    )
    pairs = [(h.type, f"{h.get_type_display()}: {h.reason}") for h in waiting.order_by("pk")]

    class ReleaseHoldForm(ReasonForm):
        type = choice(_("Hold"), pairs)
        field_order = ["type", "reason"]

    return ReleaseHoldForm
