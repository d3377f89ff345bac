"""The ledger as staff read it: all of it, or what is behind one number, which it adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from inventory.admin import scope, scoping
from inventory.models import StockMovement, StockPosition
from inventory.selectors import stock_page
from oms.core.admin import cells, links
from oms.core.admin.pages import Facts, Page, Tally
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts

#: A day in an address; with this at its end, that day and all after it.
ONWARD = ".."


class BalanceFilter(admin.SimpleListFilter):
    """Only what changed one balance."""

    title = _("balance")
    parameter_name = "balance"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(scope.BALANCES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.exclude(**{f"{value}_delta": 0}) if value in scope.BALANCES else queryset


class DayFilter(admin.SimpleListFilter):
    """One day of the node's own zone; by link from a chart, so it offers only the day in use."""

    title = _("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        day, value = self._day(), self.value()
        return [(value, cells.day(day))] if day and value else []

    def has_output(self) -> bool:
        return self._day() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        day = self._day()
        rows = queryset.alias(
            local_day=stock_page.local_day("occurred_at", "position__node__timezone")
        )
        if (self.value() or "").endswith(ONWARD):
            return rows.filter(local_day__gte=day)
        return rows.filter(local_day=day)

    def _day(self) -> date | None:
        try:
            return date.fromisoformat((self.value() or "").removesuffix(ONWARD))
        except ValueError:
            return None


def deltas(movement: StockMovement) -> str:
    """This function will return what a movement changed, in words."""
    changed = ((getattr(movement, f"{name}_delta"), label) for name, label in _LABELS)
    return ", ".join(f"{signed(delta)} {label}" for delta, label in changed if delta)


def signed(units: int) -> str:
    """This function will return a change: with its sign, whichever it is."""
    return f"{'+' if units > 0 else ''}{cells.figure(units)}"


def document(movement: StockMovement) -> SafeString:
    """This function will return the document behind a movement, as a link where it has a page."""
    if movement.document_kind == "order":
        return links.order_link(movement.document_ref, _("Order"))
    return cells.code(movement.document_ref)


def line(movement: StockMovement, names: Mapping[str, str]) -> list[Any]:
    """This function will return a movement as a row of a page's table."""
    return [
        links.row_link(
            "inventory.stockmovement", movement.pk, cells.pill(movement.get_kind_display())
        ),
        deltas(movement),
        movement.reason or document(movement),
        names.get(movement.actor, ""),
        cells.moment(movement.occurred_at),
    ]


_LABELS = tuple(scope.BALANCES.items())


@admin.register(StockMovement)
class StockMovementAdmin(ReadAdmin):
    list_display = ("kind_pill", "item", "place", "change", "reason", "document", "who", "at")
    list_filter = ("kind", BalanceFilter, DayFilter)
    list_select_related = ("position__node", "position__variant")
    list_before_template = "admin/oms/tally.html"
    search_fields = ("document_ref",)
    search_help_text = _("Document or SKU")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("position__node", "position__variant")
        return scoping.mine(request, rows, "position__node__code")

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.get_queryset(request).select_related("lot", "serial")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Exactly a document or a SKU; the places of a SKU first, so that both have an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        places = StockPosition.objects.filter(variant__sku=term).values_list("pk", flat=True)
        return queryset.filter(Q(document_ref=term) | Q(position_id__in=list(places))), False

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Of one balance: its change, and what it came to."""
        shown = list(super().get_list_display(request))
        if _balance(request):
            at = shown.index("change")
            shown[at : at + 1] = ["delta", "after"]
        return shown

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "position__variant" or super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        found: Any = super().get_changelist_instance(request)
        balance, rows = _balance(request), list(found.result_list)
        names = accounts.names_of(actors={row.actor for row in rows})
        after = _after(rows, balance)
        for row in rows:
            row.who, row.after = names[row.actor], after.get(row.pk)
            row.delta = getattr(row, f"{balance}_delta") if balance else 0
        found.result_list = rows
        found.tally = self._tally(request, found, balance)
        changes: ChangeList = found
        return changes

    def _tally(self, request: HttpRequest, changes: Any, balance: str) -> Tally | None:
        subject = scope.asked_for(request, variant_key="position__variant")
        if subject is None:
            return None
        ways = [subject.page]
        if balance:
            ways.append(cells.link(subject.movements(), _("All its movements")))
        if balance in scope.TAKEN:
            ways.append(cells.link(subject.reservations(takes=balance), _("Its reservations")))
        if not balance or changes.paginator.is_capped:
            return Tally(subject.name, ways=ways)
        totals = stock_page.sum_behind(
            rows=changes.queryset, units=f"{balance}_delta", places=subject.places, balance=balance
        )
        is_whole = scope.is_whole(request, {"position", "position__variant", "balance"})
        return Tally(
            subject.name,
            facts=[
                (_("sum of the changes"), signed(totals.sum) if totals.sum else "0"),
                (now_of(balance), cells.number(totals.stands)),
            ],
            pills=[agrees(totals)] if is_whole else [],
            ways=ways,
        )

    def page(self, request: HttpRequest, obj: Any) -> Page:
        names = accounts.names_of(actors={obj.actor})
        place = f"{obj.position.variant.sku} · {obj.position.node.name}"
        about: list[tuple[Any, Any]] = [
            (_("place"), links.row_link("inventory.stockposition", obj.position_id, place)),
            (_("change"), deltas(obj)),
            (_("reason"), obj.reason or cells.NOTHING),
            (_("document"), document(obj)),
            (_("lot"), obj.lot.code if obj.lot else cells.NOTHING),
            (_("serial number"), obj.serial.code if obj.serial else cells.NOTHING),
            (_("who"), names[obj.actor]),
            (_("cause"), cells.code(obj.cause)),
            (_("when"), cells.moment(obj.occurred_at)),
        ]
        return Page(name=f"{obj.get_kind_display()} · {place}", main=[Facts(_("Details"), about)])

    @display(description=_("what"))
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
        return deltas(obj)

    @display(description=_("change"))
    def delta(self, obj: Any) -> str:
        return signed(obj.delta)

    @display(description=_("after it"))
    def after(self, obj: Any) -> SafeString:
        return cells.number(obj.after)

    @display(description=_("document"))
    def document(self, obj: StockMovement) -> SafeString:
        return document(obj)

    @display(description=_("who"))
    def who(self, obj: Any) -> str:
        return str(obj.who)

    @display(description=_("when"), ordering="id")
    def at(self, obj: StockMovement) -> SafeString:
        return cells.ago(obj.occurred_at)


def agrees(totals: stock_page.Totals) -> SafeString:
    """This function will say whether the rows behind a number add up to it."""
    if totals.sum == totals.stands:
        return cells.pill(_("Adds up"), "ok")
    missing = signed(totals.stands - totals.sum)
    return cells.pill(gettext("Does not add up: %(n)s unexplained") % {"n": missing}, "bad")


def _balance(request: HttpRequest) -> str:
    name = request.GET.get("balance", "")
    return name if name in scope.BALANCES else ""


def _after(rows: list[Any], balance: str) -> dict[int, int]:
    if not balance or not rows:
        return {}
    return stock_page.balances_after(movement_ids=[row.pk for row in rows], balance=balance)


def now_of(balance: str) -> str:
    """This function will return what a balance is called beside the rows behind it."""
    return gettext("%(balance)s now") % {"balance": scope.BALANCES[balance]}
