"""Staff pages of stock: balances, their movements, what is promised. Corrections are movements."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from inventory.models import Reservation, StockMovement, StockPosition
from inventory.selectors import stock as stock_selectors
from inventory.services import stock
from inventory.types import StockChange
from oms.core.admin import cells, links, steps
from oms.core.admin.deeds import Data
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.services import roles

#: Movements shown on a position's page; the list of movements has the rest.
SHOWN = 25


class AdjustForm(forms.Form):
    """Asks by how much, and why."""

    quantity = forms.IntegerField(
        label=_("Change of what is on hand"),
        help_text=_("Minus takes away: -3 for three that are missing."),
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=80,
        help_text=_("It stays in the ledger."),
        widget=UnfoldAdminTextInputWidget(),
    )


class AvailabilityFilter(admin.SimpleListFilter):
    title = _("availability")
    parameter_name = "free"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("Nothing free")), ("few", _("10 or fewer")), ("some", _("More than 10"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "none":
            return queryset.filter(available=0)
        if self.value() == "few":
            return queryset.filter(available__range=(1, 10))
        return queryset.filter(available__gt=10) if self.value() == "some" else queryset


def _mine(request: HttpRequest, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """Only rows of the nodes a person may see."""
    codes = roles.allowed_node_codes(request.user)  # type: ignore[arg-type]
    return rows if codes is None else rows.filter(**{f"{path}__in": codes})


@admin.register(StockPosition)
class StockPositionAdmin(ReadAdmin):
    list_display = (
        "item",
        "place",
        "free",
        "on_hand",
        "allocated",
        "held",
        "aside",
        "safety_stock",
    )
    list_filter = ("node", AvailabilityFilter)
    list_select_related = ("node", "variant")
    search_fields = ("=variant__sku", "variant__name", "=variant__barcode")
    search_help_text = _("SKU, barcode or name")
    ordering = ("variant_id", "node_id")
    empty_title = _("No stock yet")
    empty_text = _("Positions appear when stock is received.")
    actions_detail = ["adjust"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("node", "variant")
        available = Greatest(stock_selectors.FREE, 0)
        return _mine(request, rows.annotate(available=available), "node__code")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        movements = list(stock_selectors.list_movements(position_id=obj.pk)[:SHOWN])
        names = accounts.names_of(actors={movement.actor for movement in movements})
        balance: list[tuple[Any, Any]] = [
            (_("on hand"), cells.number(obj.on_hand)),
            (_("set aside"), cells.number(obj.allocated)),
            (_("held"), cells.number(obj.held)),
            (_("safety stock"), cells.number(obj.safety_stock)),
            (_("may be oversold by"), cells.number(obj.oversell_limit)),
            (_("quarantined"), cells.number(obj.quarantined)),
            (_("damaged"), cells.number(obj.damaged)),
        ]
        headers = [_("what"), _("change"), _("why"), _("who"), _("when")]
        story = [_movement(movement, names) for movement in movements]
        more = links.list_link("inventory.stockmovement", _("All movements"), position=obj.pk)
        return Page(
            name=f"{obj.variant.sku} · {obj.node.name}",
            pills=[_free_pill(obj)],
            lead=[(_("Item"), obj.variant.name), (_("Node"), obj.node.code)],
            main=[
                Table(_("Movements"), headers, story, _("No movement yet."), frozenset({1}), more)
            ],
            side=[Facts(_("Balance"), balance)],
        )

    def named(self, obj: StockPosition) -> str:
        return f"{obj.variant.sku} · {obj.node.name}"

    @display(description=_("item"), ordering="variant__sku")
    def item(self, obj: StockPosition) -> SafeString:
        return cells.two_lines(obj.variant.sku, obj.variant.name)

    @display(description=_("node"), ordering="node__code")
    def place(self, obj: StockPosition) -> SafeString:
        return cells.two_lines(obj.node.name, obj.node.city)

    @display(description=_("free to sell"), ordering="available")
    def free(self, obj: Any) -> SafeString:
        return _free_pill(obj)

    @display(description=_("set aside for inspection"))
    def aside(self, obj: StockPosition) -> SafeString:
        return cells.number(obj.quarantined + obj.damaged)

    @action(description=_("Adjust"), permissions=["act"], url_path="adjust", icon="exposure")
    def adjust(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Adjust the stock"),
            text=_("Corrects what is on hand. The change and its reason are kept for good."),
            form_class=AdjustForm,
            run=_adjust,
            done=_("The stock is adjusted."),
        )


def _free_pill(position: Any) -> SafeString:
    if not position.available:
        return cells.pill(_("None free"), "bad")
    tone = "warn" if position.available <= 10 else "ok"
    return cells.pill(_("%(n)s free") % {"n": f"{position.available:,}"}, tone)


def _adjust(position: StockPosition, data: Data) -> None:
    change = StockChange(
        node_id=position.node_id,
        variant_id=position.variant_id,
        quantity=data["quantity"],
        reason=data["reason"],
        document_kind="adjustment",
    )
    with unit():
        stock.adjust(changes=[change])


_BALANCES = (
    ("on_hand_delta", _("on hand")),
    ("allocated_delta", _("set aside")),
    ("held_delta", _("held")),
    ("quarantined_delta", _("quarantined")),
    ("damaged_delta", _("damaged")),
)


def _deltas(movement: StockMovement) -> str:
    changed = [(getattr(movement, name), label) for name, label in _BALANCES]
    return ", ".join(f"{delta:+d} {label}".replace("-", "−") for delta, label in changed if delta)


def _movement(movement: StockMovement, names: dict[str, str]) -> list[Any]:
    return [
        cells.pill(movement.get_kind_display()),
        _deltas(movement),
        movement.reason or _document(movement),
        names.get(movement.actor, ""),
        cells.moment(movement.occurred_at),
    ]


def _document(movement: StockMovement) -> SafeString:
    if movement.document_kind == "order":
        return links.order_link(movement.document_ref, _("Order"))
    return cells.code(movement.document_ref)


class PositionFilter(admin.SimpleListFilter):
    """Only by link from a position: no choices to show."""

    title = _("position")
    parameter_name = "position"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return []

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(position_id=int(value)) if value and value.isdigit() else queryset


@admin.register(StockMovement)
class StockMovementAdmin(ReadAdmin):
    list_display = ("kind_pill", "item", "place", "change", "reason", "document", "at")
    list_filter = ("kind", PositionFilter)
    list_select_related = ("position__node", "position__variant")
    search_fields = ("=document_ref", "=position__variant__sku")
    search_help_text = _("Document or SKU")
    ordering = ("-id",)
    facts = (
        "kind", "on_hand_delta", "allocated_delta", "held_delta", "quarantined_delta",
        "damaged_delta", "reason", "actor", "document_kind", "document_ref", "occurred_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("position__node", "position__variant")
        return _mine(request, rows, "position__node__code")

    @display(description=_("what"), ordering="kind")
    def kind_pill(self, obj: StockMovement) -> SafeString:
        return cells.pill(obj.get_kind_display())

    @display(description=_("item"))
    def item(self, obj: StockMovement) -> str:
        return obj.position.variant.sku

    @display(description=_("node"))
    def place(self, obj: StockMovement) -> str:
        return obj.position.node.name

    @display(description=_("change"))
    def change(self, obj: StockMovement) -> str:
        return _deltas(obj)

    @display(description=_("document"))
    def document(self, obj: StockMovement) -> SafeString:
        return _document(obj)

    @display(description=_("when"), ordering="id")
    def at(self, obj: StockMovement) -> SafeString:
        return cells.ago(obj.occurred_at)


class LiveFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("live", _("Taking stock now")), ("over", _("Over")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "live":
            return queryset.filter(status__in=Reservation.LIVE)
        if self.state == "over":
            return queryset.exclude(status__in=Reservation.LIVE)
        return queryset


@admin.register(Reservation)
class ReservationAdmin(ReadAdmin):
    list_display = ("item", "quantity", "place", "status_pill", "for_order", "expires", "made")
    list_filter = (LiveFilter, "status")
    list_select_related = ("variant", "position__node")
    search_fields = ("=demand_ref", "=variant__sku")
    search_help_text = _("Order identifier or SKU")
    ordering = ("-id",)
    empty_title = _("Nothing is reserved")
    empty_text = _("Orders reserve stock the moment they are confirmed.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("variant", "position__node")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        changes = list(obj.status_changes.order_by("-pk"))
        names = accounts.names_of(actors={change.actor for change in changes})
        about: list[tuple[Any, Any]] = [
            (_("item"), cells.two_lines(obj.variant.sku, obj.variant.name)),
            (_("quantity"), cells.number(obj.quantity)),
            (_("node"), obj.position.node.name if obj.position else cells.NOTHING),
            (_("for"), links.order_link(obj.demand_ref, _("Order"))),
            (_("line"), obj.line_ref),
            (_("expires"), cells.moment(obj.expires_at)),
            (_("made"), cells.moment(obj.created_at)),
        ]
        return Page(
            name=_("Reservation of %(sku)s") % {"sku": obj.variant.sku},
            pills=[_status(obj)],
            main=[Facts(_("About"), about), steps.story(Reservation, changes, names)],
        )

    @display(description=_("item"), ordering="variant__sku")
    def item(self, obj: Reservation) -> SafeString:
        return cells.two_lines(obj.variant.sku, obj.variant.name)

    @display(description=_("node"))
    def place(self, obj: Reservation) -> Any:
        return obj.position.node.name if obj.position else cells.NOTHING

    @display(description=_("status"), ordering="status")
    def status_pill(self, obj: Reservation) -> SafeString:
        return _status(obj)

    @display(description=_("for"))
    def for_order(self, obj: Reservation) -> SafeString:
        return links.order_link(obj.demand_ref, _("Order"))

    @display(description=_("expires"), ordering="expires_at")
    def expires(self, obj: Reservation) -> SafeString:
        return cells.ago(obj.expires_at)

    @display(description=_("made"), ordering="id")
    def made(self, obj: Reservation) -> SafeString:
        return cells.ago(obj.created_at)


def _status(reservation: Reservation) -> SafeString:
    """Here "released" means given back, which is nothing to watch."""
    tone = "" if reservation.status == Reservation.Status.RELEASED else None
    return cells.status(reservation, tone=tone)
