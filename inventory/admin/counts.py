"""Staff pages of cycle counts: start a sheet, count it blind on a phone, review, book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from inventory.admin.count_forms import EnterForm, HomeForm, StartForm
from inventory.catalog import selectors as catalog
from inventory.models import CountLine, StockCount
from inventory.nodes import services as node_services
from inventory.selectors import counts as sheets
from inventory.selectors.offers import UnknownSku
from inventory.services import counts
from inventory.types import CountedLine, ReviewLine
from oms.core.admin import cells, links, steps
from oms.core.admin.deeds import Data, ReasonForm
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.services import organizations, roles

Status = StockCount.Status

#: Places in one entry form; those without a number come first.
_SHOWN = 100


class OpenFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("open", _("Open")), ("over", _("Over")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        is_open = {"status__in": (Status.COUNTING, Status.COUNTED)}
        if self.state == "open":
            return queryset.filter(**is_open)
        return queryset.exclude(**is_open) if self.state == "over" else queryset


@admin.register(StockCount)
class StockCountAdmin(ReadAdmin):
    list_display = ("sheet", "place", "state", "progress", "reason", "started")
    list_filter = (OpenFilter, "node")
    search_fields = ("=public_id", "=bin__code", "=lines__position__variant__sku")
    search_help_text = _("Count, bin or SKU")
    ordering = ("-id",)
    empty_title = _("Nothing is being counted")
    empty_text = _("Start a count of a bin or of some SKUs; work goes on meanwhile.")
    actions_list = ["start", "give_home"]
    actions_detail = ["enter", "submit", "book", "recount", "cancel"]

    def has_count_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may count: the floor, and those who may book what it finds."""
        return self.has_act_permission(request, obj) or request.user.has_perm(
            "warehouse.change_workorder"
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        codes = roles.allowed_node_codes(request.user)  # type: ignore[arg-type]
        rows = sheets.list_counts().order_by(*self.ordering)
        return rows if codes is None else rows.filter(node__code__in=codes)

    def offers(self, request: HttpRequest, obj: Any) -> set[str]:
        return {
            Status.COUNTING: {"enter", "submit", "cancel"},
            Status.COUNTED: {"book", "recount", "cancel"},
        }.get(obj.status, set())

    def page(self, request: HttpRequest, obj: Any) -> Page:
        changes = list(obj.status_changes.order_by("-pk"))
        names = accounts.names_of(actors={change.actor for change in changes})
        is_blind = obj.status in (Status.COUNTING, Status.CANCELLED)
        lead, table = _blind(obj) if is_blind else _reviewed(obj)
        return Page(
            name=_("Count at %(place)s") % {"place": self.named(obj)},
            pills=[cells.status(obj)],
            lead=lead,
            main=[table, steps.story(StockCount, changes, names)],
            side=[Facts(_("About"), _about(obj))],
        )

    def named(self, obj: StockCount) -> str:
        return f"{obj.node.name}, {obj.bin.code}" if obj.bin else obj.node.name

    @display(description=_("count"), ordering="id")
    def sheet(self, obj: StockCount) -> SafeString:
        return cells.code(obj.public_id)

    @display(description=_("place"), ordering="node__code")
    def place(self, obj: StockCount) -> SafeString:
        return cells.two_lines(obj.node.name, obj.bin.code if obj.bin else _("some SKUs"))

    @display(description=_("status"), ordering="status")
    def state(self, obj: StockCount) -> SafeString:
        return cells.status(obj)

    @display(description=_("counted"))
    def progress(self, obj: Any) -> str:
        return gettext("%(done)d of %(places)d") % {"done": obj.done, "places": obj.places}

    @display(description=_("started"), ordering="id")
    def started(self, obj: StockCount) -> SafeString:
        return cells.ago(obj.created_at)

    @action(description=_("Start a count"), permissions=["count"], url_path="start", icon="add")
    def start(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Start a count"),
            text=_("What is known now is kept; what is picked or received meanwhile stays."),
            form_class=_of_person(StartForm, request),
            run=lambda _none, data: HttpResponseRedirect(self._address(_start(data))),
            done="",
        )

    @action(description=_("Give a home"), permissions=["act"], url_path="home", icon="shelves")
    def give_home(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Give goods a home"),
            text=_("A bin is counted with all that has its home there."),
            form_class=_of_person(HomeForm, request),
            run=_give_home,
            done=_("The goods have their home."),
        )

    @action(description=_("Enter"), permissions=["count"], url_path="enter", icon="dialpad")
    def enter(self, request: HttpRequest, object_id: str) -> HttpResponse:
        lines = _to_enter(self._subject(request, object_id))
        return self.perform(
            request,
            object_id,
            title=_("What lies there?"),
            text=_("Leave empty what you have not counted. 0 is none."),
            form_class=partial(EnterForm, lines=lines),
            submit=_("Save"),
            run=partial(_enter, lines),
            done=_("The numbers are noted."),
        )

    @action(description=_("Finish"), permissions=["count"], url_path="submit", icon="done_all")
    def submit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Finish counting"),
            text=_("The numbers go to review. Nothing is booked yet."),
            run=_step(counts.submit),
            done=_("Counted. Somebody has to review and book it."),
        )

    @action(description=_("Book"), permissions=["act"], url_path="book", icon="check")
    def book(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def run(count: StockCount, data: Data) -> HttpResponse:
            with unit():
                booked = counts.book(count_id=count.pk)
            messages.success(request, _said(booked))
            return HttpResponseRedirect(self._address(count))

        return self.perform(
            request,
            object_id,
            title=_("Book the differences"),
            text=_(
                "Promises without stock end, the youngest first; their orders are routed again."
            ),
            run=run,
            done="",
        )

    @action(description=_("Count again"), permissions=["act"], url_path="recount", icon="replay")
    def recount(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Count again"),
            text=_("The numbers are dropped, and what is known now is kept."),
            form_class=ReasonForm,
            run=lambda count, data: _step(counts.recount, reason=data["reason"])(count, data),
            done=_("It is being counted again."),
        )

    @action(description=_("Cancel"), permissions=["act"], url_path="cancel", icon="close")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Cancel the count"),
            text=_("Nothing is booked."),
            form_class=ReasonForm,
            is_grave=True,
            run=lambda count, data: _step(counts.cancel, reason=data["reason"])(count, data),
            done=_("The count is cancelled."),
        )


def _of_person(form: type[StartForm] | type[HomeForm], request: HttpRequest) -> Any:
    return partial(form, codes=roles.allowed_node_codes(request.user))  # type: ignore[arg-type]


def _start(data: Data) -> StockCount:
    with unit():
        return counts.start(
            node_id=int(data["node"]),
            variant_ids=_variant_ids(data["skus"]),
            bin_code=data["bin"],
            reason=data["reason"],
        )


def _give_home(_none: None, data: Data) -> None:
    node_id = int(data["node"])
    with unit():
        if data["bin"]:
            node_services.upsert_bins(node_id=node_id, codes=[data["bin"]])
        counts.assign_bin(
            node_id=node_id, variant_ids=_variant_ids(data["skus"]), bin_code=data["bin"]
        )


def _variant_ids(text: str) -> list[int]:
    """Of the operator's catalog; a partner's goods are counted by their bins."""
    skus = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    known = catalog.facts_by_sku(organization_id=organizations.ensure_operator().pk, skus=skus)
    unknown = [sku for sku in skus if sku not in known]
    if unknown:
        raise UnknownSku(
            gettext("Not in the catalog: %(skus)s.") % {"skus": ", ".join(unknown[:5])}
        )
    return [known[sku].id for sku in skus]


def _to_enter(count: StockCount) -> list[CountLine]:
    lines = list(sheets.list_lines(count_id=count.pk))
    return sorted(lines, key=lambda line: line.counted is not None)[:_SHOWN]


def _enter(lines: Sequence[CountLine], count: StockCount, data: Data) -> None:
    found = [(line, data[f"line_{line.pk}"]) for line in lines]
    with unit():
        counts.enter(
            count_id=count.pk,
            lines=[
                CountedLine(line.position.variant_id, counted, line.lot_id)
                for line, counted in found
                if counted is not None
            ],
        )


def _step(service: Callable[..., object], **options: str) -> Callable[[StockCount, Data], None]:
    def run(count: StockCount, data: Data) -> None:
        with unit():
            service(count_id=count.pk, **options)

    return run


def _said(booked: counts.Booked) -> str:
    lost = len(booked.missing)
    if not lost:
        return gettext("The count is booked.")
    said = ngettext(
        "The count is booked. %(n)d demand lost units and is routed again.",
        "The count is booked. %(n)d demands lost units and are routed again.",
        lost,
    )
    return said % {"n": lost}


def _about(count: Any) -> list[tuple[Any, Any]]:
    booked = links.list_link("inventory.stockmovement", _("Movements"), q=count.public_id)
    return [
        (_("node"), count.node.name),
        (_("bin"), count.bin.code if count.bin else cells.NOTHING),
        (_("reason"), count.reason or cells.NOTHING),
        (_("counted"), f"{count.done} / {count.places}"),
        (_("started"), cells.moment(count.created_at)),
        (_("closed"), cells.moment(count.closed_at)),
        (_("booked"), booked if count.status == Status.APPLIED else cells.NOTHING),
        (_("identifier"), cells.code(count.public_id)),
    ]


def _blind(count: StockCount) -> tuple[list[tuple[Any, Any]], Table]:
    """Who counts does not see what the books say."""
    rows = [
        [
            cells.two_lines(line.position.variant.sku, line.position.variant.name),
            line.position.bin.code if line.position.bin else cells.NOTHING,
            line.lot.code if line.lot else cells.NOTHING,
            cells.number(line.counted),
        ]
        for line in sheets.list_lines(count_id=count.pk)
    ]
    headers = [_("item"), _("bin"), _("lot"), _("counted")]
    return [], Table(_("Places"), headers, rows, _("No places."), frozenset({3}))


def _reviewed(count: StockCount) -> tuple[list[tuple[Any, Any]], Table]:
    lines = sheets.review(count_id=count.pk)
    units = sum(line.difference for line in lines)
    worth: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        worth[line.currency] += line.value
    uncovered = sum(line.uncovered for line in lines)
    lead: list[tuple[Any, Any]] = [(_("Difference in units"), _signed(units))]
    lead += [(_("In value"), cells.amount(value, code)) for code, value in sorted(worth.items())]
    if uncovered:
        lead.append((_("Promised units without stock"), cells.pill(f"{uncovered:,}", "bad")))
    headers: list[Any] = [_("item"), _("lot"), _("by the books"), _("counted")]
    headers += [_("difference"), _("value"), _("note")]
    table = Table(
        _("Differences"),
        headers,
        [_review_row(line) for line in sorted(lines, key=lambda line: line.difference == 0)],
        _("No places."),
        frozenset({2, 3, 4, 5}),
    )
    return lead, table


def _review_row(line: ReviewLine) -> list[Any]:
    hints = []
    if line.has_moved:
        hints.append(cells.pill(_("Moved meanwhile"), "warn"))
    if line.uncovered:
        said = ngettext("%(n)d promised", "%(n)d promised", line.uncovered)
        hints.append(cells.pill(said % {"n": line.uncovered}, "bad"))
    return [
        cells.two_lines(line.sku, line.name),
        line.lot or cells.NOTHING,
        cells.number(line.expected),
        cells.number(line.counted),
        _signed(line.difference),
        cells.amount(line.value, line.currency),
        cells.pills(*hints),
    ]


def _signed(units: int) -> SafeString:
    if not units:
        return cells.pill("0", "ok")
    return cells.pill(f"{units:+,d}".replace("-", "−"), "bad" if units < 0 else "warn")
