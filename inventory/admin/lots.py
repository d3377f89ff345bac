"""Staff pages of lots and serial numbers: where they are, if they may be sold, their way."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from inventory.admin import scoping, trails
from inventory.models import Lot, LotBalance, Serial, StockMovement
from inventory.models.lots import Block
from inventory.selectors import lots as selectors
from inventory.services import lots, serials
from oms.core import clock
from oms.core.admin import cells, deeds, links
from oms.core.admin.deeds import Data, ReasonForm
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Moment, Page, Story, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts import selectors as accounts

#: A recall is called on its own page.
_KINDS = [
    (value, label) for value, label in Block.choices if value in (Block.HOLD, Block.QUARANTINE)
]
_TONES = {Block.HOLD: "hold", Block.QUARANTINE: "warn", Block.RECALLED: "bad"}

_CONDITIONS = {
    "on_hand": _("On the shelf"),
    "quarantined": _("In quarantine"),
    "damaged": _("Damaged"),
    "returned": _("Returned, not inspected"),
}


class BlockForm(forms.Form):
    """Asks how, and why."""

    block = deeds.choice(_("How"), _KINDS)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=80,
        help_text=_("Others read it later. Leave out names and addresses."),
        widget=UnfoldAdminTextInputWidget(),
    )


class KindForm(forms.Form):
    """Asks how."""

    block = deeds.choice(_("How"), _KINDS)


class BlockFilter(StateFilter):
    title = _("may be sold")
    parameter_name = "state"
    states = (("all", _("All")), ("free", _("May be sold")), ("blocked", _("Blocked")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "free":
            return queryset.filter(block=Block.NONE)
        return queryset.exclude(block=Block.NONE) if self.state == "blocked" else queryset


class DaysFilter(admin.SimpleListFilter):
    title = _("last day of sale")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("over", _("Over")), ("ahead", _("Ahead, or none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        today = clock.now().date()
        if self.value() == "over":
            return queryset.filter(last_day__lte=today)
        if self.value() == "ahead":
            return queryset.filter(Q(last_day__isnull=True) | Q(last_day__gt=today))
        return queryset


class BlockedMixin:
    """What lots and numbered units have in common: only who sees all nodes may block."""

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_act_permission(request, obj)  # type: ignore[misc]
        return allowed and scoping.sees_all(request)

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"unblock"} if obj.block else {"block"}

    @display(description=_("item"), ordering="variant__sku")
    def item(self, obj: Any) -> SafeString:
        return cells.two_lines(obj.variant.sku, obj.variant.name)

    @display(description=_("may be sold"), ordering="block")
    def sold(self, obj: Any) -> SafeString:
        return _block_pill(obj)


@admin.register(Lot)
class LotAdmin(BlockedMixin, ReadAdmin):
    list_display = ("code_cell", "item", "sold", "until", "on_hand", "allocated", "aside")
    list_filter = (BlockFilter, DaysFilter)
    list_select_related = ("variant",)
    search_fields = ("=code", "=variant__sku")
    search_help_text = _("Lot or SKU")
    ordering = ("-id",)
    empty_title = _("No lots yet")
    empty_text = _("They appear when goods that are tracked by lot are received.")
    actions_detail = ["block", "unblock"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("variant")
        codes, at_mine = scoping.codes_of(request), None
        if codes is not None:
            here = LotBalance.objects.filter(position__node__code__in=codes)
            rows = rows.filter(Exists(here.filter(lot=OuterRef("pk"))))
            at_mine = Q(balances__position__node__code__in=codes)
        sums = {
            f"total_{name}": Coalesce(Sum(f"balances__{name}", filter=at_mine), 0)
            for name in ("on_hand", "allocated", "quarantined", "damaged", "returned")
        }
        return rows.annotate(last_day=Coalesce("removal_on", "expires_on"), **sums)

    def page(self, request: HttpRequest, obj: Any) -> Page:
        about: list[tuple[Any, Any]] = [
            (_("expires"), cells.day(obj.expires_on)),
            (_("removed from sale"), cells.day(obj.removal_on)),
            (_("unit cost"), cells.amount(obj.cost_amount, obj.cost_currency)),
            (_("known since"), cells.moment(obj.created_at)),
        ]
        return Page(
            name=_("Lot %(code)s") % {"code": obj.code},
            pills=[_block_pill(obj), *_over_pill(obj)],
            lead=[(_("Item"), f"{obj.variant.sku} · {obj.variant.name}")],
            main=[
                _balances(request, obj),
                trails.trail(request, StockMovement.objects.filter(lot=obj)),
                _edits(obj),
            ],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("lot"), ordering="code")
    def code_cell(self, obj: Lot) -> SafeString:
        return cells.code(obj.code)

    @display(description=_("last day of sale"), ordering="last_day")
    def until(self, obj: Any) -> SafeString:
        return cells.pills(*_over_pill(obj)) if _is_over(obj) else cells.day(obj.last_day)

    @display(description=_("on hand"), ordering="total_on_hand")
    def on_hand(self, obj: Any) -> SafeString:
        return cells.number(obj.total_on_hand)

    @display(description=_("set aside"), ordering="total_allocated")
    def allocated(self, obj: Any) -> SafeString:
        return cells.number(obj.total_allocated)

    @display(description=_("not for sale"))
    def aside(self, obj: Any) -> SafeString:
        return cells.number(obj.total_quarantined + obj.total_damaged + obj.total_returned)

    @action(description=_("Block"), permissions=["act"], url_path="block", icon="block")
    def block(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Block the lot"),
            text=_("It cannot be sold from now on, at any node. What is promised stays promised."),
            form_class=BlockForm,
            run=_block_lot,
            done=_("The lot is blocked."),
            is_grave=True,
        )

    @action(description=_("Unblock"), permissions=["act"], url_path="unblock", icon="lock_open")
    def unblock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Unblock the lot"),
            text=_("It can be sold again, at every node that has it."),
            form_class=ReasonForm,
            run=_unblock_lot,
            done=_("The lot may be sold again."),
        )


@admin.register(Serial)
class SerialAdmin(BlockedMixin, ReadAdmin):
    list_display = ("code_cell", "item", "place", "condition_pill", "sold", "promised")
    list_filter = (BlockFilter, "condition")
    list_select_related = ("variant", "position__node", "reservation")
    search_fields = ("=code", "=variant__sku")
    search_help_text = _("Serial number or SKU")
    ordering = ("-id",)
    empty_title = _("No serial numbers yet")
    empty_text = _("They appear when goods that are tracked by serial number are received.")
    actions_detail = ["block", "unblock"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        related = rows.select_related("variant", "lot", "position__node", "reservation")
        return scoping.mine(request, related, "position__node__code")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        lot = links.row_link("inventory.lot", obj.lot_id, obj.lot.code) if obj.lot else None
        about: list[tuple[Any, Any]] = [
            (_("item"), cells.two_lines(obj.variant.sku, obj.variant.name)),
            (_("node"), _place(obj)),
            (_("promised to"), _promise(obj)),
            (_("lot"), lot or cells.NOTHING),
            (_("known since"), cells.moment(obj.created_at)),
        ]
        return Page(
            name=_("Serial number %(code)s") % {"code": obj.code},
            pills=[_condition_pill(obj), _block_pill(obj)],
            main=[trails.trail(request, StockMovement.objects.filter(serial=obj))],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("serial number"), ordering="code")
    def code_cell(self, obj: Serial) -> SafeString:
        return cells.code(obj.code)

    @display(description=_("node"))
    def place(self, obj: Serial) -> Any:
        return _place(obj)

    @display(description=_("condition"), ordering="condition")
    def condition_pill(self, obj: Serial) -> SafeString:
        return _condition_pill(obj)

    @display(description=_("promised to"))
    def promised(self, obj: Serial) -> SafeString:
        return _promise(obj)

    @action(description=_("Block"), permissions=["act"], url_path="block", icon="block")
    def block(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Block the unit"),
            text=_("It cannot be sold from now on. If it is promised, it stays promised."),
            form_class=KindForm,
            run=_block_unit,
            done=_("The unit is blocked."),
            is_grave=True,
        )

    @action(description=_("Unblock"), permissions=["act"], url_path="unblock", icon="lock_open")
    def unblock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Unblock the unit"),
            run=_unblock_unit,
            done=_("The unit may be sold again."),
        )


def _block_lot(lot: Lot, data: Data) -> None:
    with unit():
        lots.block(lot_ids=[lot.pk], block=data["block"], reason=data["reason"])


def _unblock_lot(lot: Lot, data: Data) -> None:
    with unit():
        lots.unblock(lot_ids=[lot.pk], reason=data["reason"])


def _block_unit(serial: Serial, data: Data) -> None:
    with unit():
        serials.block(serial_ids=[serial.pk], block=data["block"])


def _unblock_unit(serial: Serial, data: Data) -> None:
    with unit():
        serials.unblock(serial_ids=[serial.pk])


def _balances(request: HttpRequest, lot: Lot) -> Table:
    rows = scoping.mine(request, selectors.list_balances(lot_id=lot.pk), "position__node__code")
    headers = [
        _("node"), _("on hand"), _("set aside"), _("quarantined"), _("damaged"), _("returned"),
    ]  # fmt: skip
    lines = [
        [
            links.row_link("inventory.stockposition", row.position_id, row.position.node.name),
            *(
                cells.number(units)
                for units in (
                    row.on_hand, row.allocated, row.quarantined, row.damaged, row.returned
                )
            ),
        ]
        for row in rows
    ]  # fmt: skip
    empty = _("No node has any of it.")
    return Table(_("Where it is"), headers, lines, empty, frozenset(range(1, 6)))


def _edits(lot: Any) -> Story:
    """Who changed dates, cost or the block, newest first."""
    past = list(lot.history.order_by("-history_id")[: trails.SHOWN])
    told = [(row, *(row.history_change_reason or "").partition(": ")[::2]) for row in past]
    names = accounts.names_of(actors={actor for _row, actor, _reason in told})
    moments = [
        Moment(
            at=cells.moment(row.history_date),
            text=reason or _words(row),
            who=names[actor],
            tone=_TONES.get(row.block, "ok"),
        )
        for row, actor, reason in told
    ]
    return Story(_("Edits"), moments)


def _words(past: Any) -> Any:
    return _("Registered") if past.history_type == "+" else _("Changed")


def _block_pill(obj: Any) -> SafeString:
    return cells.pill(obj.get_block_display(), _TONES.get(obj.block, "ok"))


def _is_over(lot: Any) -> bool:
    return lot.last_day is not None and lot.last_day <= clock.now().date()


def _over_pill(lot: Any) -> list[SafeString]:
    if not _is_over(lot):
        return []
    return [cells.pill(_("Over since %(day)s") % {"day": lot.last_day.isoformat()}, "bad")]


def _condition_pill(serial: Serial) -> SafeString:
    if serial.position_id is None:
        return cells.pill(_("Out"))
    tone = "ok" if serial.condition == "on_hand" else "warn"
    return cells.pill(_CONDITIONS[serial.condition], tone)


def _place(serial: Serial) -> Any:
    return serial.position.node.name if serial.position else cells.NOTHING


def _promise(serial: Serial) -> SafeString:
    if serial.reservation is None:
        return cells.NOTHING
    return trails.document(serial.reservation.demand_kind, serial.reservation.demand_ref)
