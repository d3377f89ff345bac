"""Promises of stock as staff read them: what takes from a place now, for whom, until when."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from inventory.admin import movements, scope, scoping
from inventory.models import Reservation
from inventory.selectors import stock_page
from oms.core import clock
from oms.core.admin import cells, links, steps
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Tally
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts

Status = Reservation.Status

#: The statuses that each balance is the sum of.
TAKES = {
    "allocated": (Status.ALLOCATED, Status.PICKED),
    "held": (Status.HELD, Status.CONFIRMED),
}


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


class TakesFilter(admin.SimpleListFilter):
    """Those that one balance is the sum of; or holds past their time, which count as free."""

    title = _("what they take from")
    parameter_name = "takes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        named = [(name, scope.BALANCES[name]) for name in TAKES]
        return [*named, ("nothing", _("Nothing: the hold ran out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "nothing":
            return queryset.filter(status=Status.HELD, expires_at__lte=clock.now())
        return queryset.filter(status__in=TAKES[value]) if value in TAKES else queryset


@admin.register(Reservation)
class ReservationAdmin(ReadAdmin):
    list_display = (
        "item", "quantity", "place", "status_pill", "for_order", "sold_by", "needed", "expires",
        "made",
    )  # fmt: skip
    list_filter = (LiveFilter, TakesFilter, "status", "channel")
    list_select_related = ("variant", "position__node", "lot")
    list_before_template = "admin/oms/tally.html"
    search_fields = ("=demand_ref", "=variant__sku")
    search_help_text = _("Order identifier or SKU")
    ordering = ("-id",)
    empty_title = _("Nothing is reserved")
    empty_text = _("Orders reserve stock the moment they are confirmed.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("variant", "position__node", "lot")
        return scoping.mine(request, rows, "position__node__code")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        found: Any = super().get_changelist_instance(request)
        found.tally = self._tally(request, found)
        changes: ChangeList = found
        return changes

    def _tally(self, request: HttpRequest, changes: Any) -> Tally | None:
        subject = scope.asked_for(request, variant_key="variant")
        if subject is None:
            return None
        balance = request.GET.get("takes", "")
        if balance not in TAKES or changes.paginator.is_capped:
            return Tally(subject.name, ways=[subject.page])
        totals = stock_page.sum_behind(
            rows=changes.queryset, units="quantity", places=subject.places, balance=balance
        )
        is_whole = scope.is_whole(request, {"position", "variant", "takes"})
        behind = cells.link(subject.movements(balance=balance), _("The movements behind it"))
        return Tally(
            subject.name,
            facts=[
                (_("units in these reservations"), cells.number(totals.sum)),
                (movements.now_of(balance), cells.number(totals.stands)),
            ],
            pills=[movements.agrees(totals)] if is_whole else [],
            ways=[subject.page, behind],
        )

    def page(self, request: HttpRequest, obj: Any) -> Page:
        changes = list(obj.status_changes.order_by("-pk"))
        names = accounts.names_of(actors={change.actor for change in changes})
        return Page(
            name=_("Reservation of %(sku)s") % {"sku": obj.variant.sku},
            pills=pills(obj),
            main=[Facts(_("About"), _about(obj)), steps.story(Reservation, changes, names)],
        )

    @display(description=_("item"), ordering="variant__sku")
    def item(self, obj: Reservation) -> SafeString:
        return cells.two_lines(obj.variant.sku, obj.variant.name)

    @display(description=_("node"))
    def place(self, obj: Reservation) -> Any:
        if obj.position is None:
            return cells.NOTHING
        if obj.lot is None:
            return obj.position.node.name
        return cells.two_lines(obj.position.node.name, _("Lot %(code)s") % {"code": obj.lot.code})

    @display(description=_("status"), ordering="status")
    def status_pill(self, obj: Reservation) -> SafeString:
        return cells.pills(*pills(obj))

    @display(description=_("for"))
    def for_order(self, obj: Reservation) -> SafeString:
        return links.order_link(obj.demand_ref, _("Order"))

    @display(description=_("channel"))
    def sold_by(self, obj: Reservation) -> Any:
        return obj.channel or cells.NOTHING

    @display(description=_("needed"), ordering="needed_on")
    def needed(self, obj: Reservation) -> SafeString:
        return cells.day(obj.needed_on)

    @display(description=_("expires"), ordering="expires_at")
    def expires(self, obj: Reservation) -> SafeString:
        expires = cells.ago(obj.expires_at)
        return cells.two_lines(expires, _extended(obj)) if obj.extensions else expires

    @display(description=_("made"), ordering="id")
    def made(self, obj: Reservation) -> SafeString:
        return cells.ago(obj.created_at)


def pills(reservation: Reservation) -> list[SafeString]:
    """This function will return the status, and that a hold's time is over where it is."""
    # Here "released" means given back, which is nothing to watch.
    tone = "" if reservation.status == Status.RELEASED else None
    found = [cells.status(reservation, tone=tone)]
    if has_run_out(reservation):
        found.append(cells.pill(_("Ran out: free again"), "warn"))
    return found


def has_run_out(reservation: Reservation) -> bool:
    """This function will tell whether a hold's time is over though nobody has tidied it yet."""
    ends = reservation.expires_at
    return reservation.status == Status.HELD and ends is not None and ends <= clock.now()


def line(reservation: Reservation) -> list[Any]:
    """This function will return a reservation as a row of its place's table."""
    return [
        links.row_link("inventory.reservation", reservation.pk, cells.number(reservation.quantity)),
        cells.pills(*pills(reservation)),
        links.order_link(reservation.demand_ref, _("Order")),
        reservation.lot.code if reservation.lot else cells.NOTHING,
        reservation.channel or cells.NOTHING,
        cells.day(reservation.needed_on),
        cells.ago(reservation.expires_at),
    ]


def _about(row: Any) -> list[tuple[Any, Any]]:
    place = row.position
    return [
        (_("item"), cells.two_lines(row.variant.sku, row.variant.name)),
        (_("quantity"), cells.number(row.quantity)),
        (_("of them kept for the channel"), cells.number(row.earmarked)),
        (
            _("node"),
            links.row_link("inventory.stockposition", place.pk, place.node.name)
            if place
            else cells.NOTHING,
        ),
        (_("lot"), row.lot.code if row.lot else cells.NOTHING),
        (_("for"), links.order_link(row.demand_ref, _("Order"))),
        (_("line"), row.line_ref),
        (_("channel"), row.channel or cells.NOTHING),
        (_("needed"), cells.day(row.needed_on)),
        (_("expires"), cells.moment(row.expires_at)),
        (_("extended"), _extended(row) or cells.NOTHING),
        (_("made"), cells.moment(row.created_at)),
    ]


def _extended(row: Reservation) -> str:
    if not row.extensions:
        return ""
    return ngettext("extended %(n)s time", "extended %(n)s times", row.extensions) % {
        "n": row.extensions
    }
