"""Staff pages of recalls: one form to call goods back or to rehearse it, and a board that accounts
for every received unit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from inventory.admin import scoping, trails
from inventory.models import Recall, RecallItem
from inventory.nodes import selectors as nodes
from inventory.selectors import recalls as selectors
from inventory.services import recalls
from inventory.types import RecallBoard, RecallScope
from oms.core.admin import cells, links
from oms.core.admin.deeds import Data
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Share, Shares, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.services import organizations

#: Demands shown of a kind; the command has all.
SHOWN = 200

#: What each part of the board is called, and its tone.
_PARTS: dict[str, tuple[Any, str]] = {
    "on_shelf": (_("On the shelf"), "info"),
    "allocated": (_("Set aside for demands"), "hold"),
    "picked": (_("Picked"), "hold"),
    "quarantined": (_("In quarantine"), "warn"),
    "damaged": (_("Damaged"), "warn"),
    "returned": (_("Returned, not inspected"), "warn"),
    "shipped": (_("With customers"), "bad"),
    "scrapped": (_("Scrapped"), "ok"),
    "on_the_way": (_("Between nodes"), "info"),
    "lost": (_("Lost or corrected"), ""),
}


class RecallForm(forms.Form):
    """Asks for the goods and the reason."""

    sku = forms.CharField(label=_("SKU"), max_length=64, widget=UnfoldAdminTextInputWidget())
    lots = forms.CharField(
        label=_("Lots"),
        required=False,
        help_text=_("One per line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    serials = forms.CharField(
        label=_("Serial numbers"),
        required=False,
        help_text=_("One per line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Others read it later. Leave out names and addresses."),
        widget=UnfoldAdminTextInputWidget(),
    )
    is_drill = forms.BooleanField(
        label=_("Drill"),
        required=False,
        help_text=_("Shows the same board and changes nothing."),
        widget=UnfoldBooleanSwitchWidget(),
    )

    def clean_lots(self) -> list[str]:
        return _lines(self.cleaned_data["lots"])

    def clean_serials(self) -> list[str]:
        return _lines(self.cleaned_data["serials"])


class OpenFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("all", _("All")), ("open", _("Open")), ("closed", _("Closed")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.state == "open")


@admin.register(Recall)
class RecallAdmin(ReadAdmin):
    """A recall concerns every node, so only who sees all of them sees it."""

    list_display = ("name", "state", "goods", "called")
    list_filter = (OpenFilter,)
    search_fields = ("=public_id", "=items__lot__code", "=items__serial__code")
    search_help_text = _("Recall, lot or serial number")
    ordering = ("-id",)
    empty_title = _("Nothing was recalled")
    empty_text = _("Rehearse it before you need it: a drill changes nothing.")
    actions_list = ["call_back"]
    actions_detail = ["close"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return selectors.list_recalls() if scoping.sees_all(request) else Recall.objects.none()

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_act_permission(request, obj) and scoping.sees_all(request)

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return set() if obj.closed_at else {"close"}

    def page(self, request: HttpRequest, obj: Any) -> Page:
        board = selectors.get_board(scope=selectors.scope_of_recall(recall_id=obj.pk))
        names = accounts.names_of(actors={obj.actor})
        about: list[tuple[Any, Any]] = [
            (_("number"), obj.public_id),
            (_("called by"), names[obj.actor]),
            (_("called"), cells.moment(obj.created_at)),
            (_("closed"), cells.moment(obj.closed_at)),
        ]
        page = board_page(board, name=_("Recall: %(reason)s") % {"reason": obj.reason})
        return Page(
            name=page.name,
            pills=[_state_pill(obj), *page.pills],
            lead=page.lead,
            main=page.main,
            side=[Facts(_("About"), about), _items(obj)],
        )

    @display(description=_("recall"), ordering="id")
    def name(self, obj: Recall) -> SafeString:
        return cells.two_lines(obj.reason, obj.public_id)

    @display(description=_("state"), ordering="closed_at")
    def state(self, obj: Recall) -> SafeString:
        return _state_pill(obj)

    @display(description=_("goods"))
    def goods(self, obj: Any) -> str:
        counts = [
            (obj.lots, ngettext("%d lot", "%d lots", obj.lots)),
            (obj.serials, ngettext("%d serial number", "%d serial numbers", obj.serials)),
        ]
        return ", ".join(text % count for count, text in counts if count)

    @display(description=_("called"), ordering="id")
    def called(self, obj: Recall) -> SafeString:
        return cells.ago(obj.created_at)

    @action(
        description=_("Recall goods"), permissions=["act"], url_path="call-back", icon="campaign"
    )
    def call_back(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Recall goods"),
            text=_(
                "What remains of them is blocked at every node at once. You see who has them open "
                "and to whom they were shipped."
            ),
            form_class=RecallForm,
            run=lambda _none, data: self._call_back(request, data),
            done=_("The goods are recalled."),
            is_grave=True,
        )

    @action(description=_("Close"), permissions=["act"], url_path="close", icon="task_alt")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Close the recall"),
            text=_("Nothing of it is promised any more and every unit is accounted for."),
            run=_close,
            done=_("The recall is closed."),
        )

    def _call_back(self, request: HttpRequest, data: Data) -> HttpResponse:
        owner = organizations.ensure_operator().pk
        goods = selectors.scope_of(
            organization_id=owner,
            sku=data["sku"],
            lot_codes=data["lots"],
            serial_codes=data["serials"],
        )
        if data["is_drill"]:
            return self._rehearse(request, goods, data["reason"])
        with unit():
            recall = recalls.call_back(organization_id=owner, scope=goods, reason=data["reason"])
        return HttpResponseRedirect(reverse("admin:inventory_recall_change", args=(recall.pk,)))

    def _rehearse(self, request: HttpRequest, goods: RecallScope, reason: str) -> HttpResponse:
        recalls.require_something(scope=goods, reason=reason)
        page = board_page(selectors.get_board(scope=goods), name=_("Recall drill"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": page.name,
            "page": Page(
                name=page.name,
                pills=[cells.pill(_("Drill: nothing was changed"), "info"), *page.pills],
                lead=page.lead,
                main=page.main,
            ),
        }
        return TemplateResponse(request, "admin/oms/read.html", context)


def board_page(board: RecallBoard, *, name: Any) -> Page:
    """This function will return what a board says: the sum, the picture, and who has the units."""
    with_customers = dict(board.parts)["shipped"]
    open_units = sum(work.quantity for work in board.open_work)
    return Page(
        name=name,
        pills=[_sum_pill(board)],
        lead=[
            (_("Received"), cells.number(board.received)),
            (_("With customers"), cells.number(with_customers)),
            (_("In open work"), cells.number(open_units)),
        ],
        main=[_picture(board), _remaining(board), _open_work(board), _shipped(board)],
    )


def _picture(board: RecallBoard) -> Shares:
    shares = [
        Share(label, units, tone)
        for code, units in board.parts
        for label, tone in [_PARTS[code]]
        if units
    ]
    note = _("Together %(accounted)s of %(received)s received.") % {
        "accounted": f"{board.accounted:,}",
        "received": f"{board.received:,}",
    }
    return Shares(_("Where every unit is"), shares, empty=_("Nothing was received."), note=note)


def _sum_pill(board: RecallBoard) -> SafeString:
    if board.is_balanced:
        return cells.pill(_("Every unit accounted for"), "ok")
    missing = board.received - board.accounted
    return cells.pill(_("%(n)s not accounted for") % {"n": f"{missing:,}"}, "bad")


def _remaining(board: RecallBoard) -> Table:
    names = nodes.facts_by_id(node_ids={row.node_id for row in board.remaining})
    headers = [
        _("node"), _("on hand"), _("set aside"), _("quarantined"), _("damaged"), _("returned"),
    ]  # fmt: skip
    lines = [
        [
            names[row.node_id].name,
            *(
                cells.number(units)
                for units in (
                    row.on_hand, row.allocated, row.quarantined, row.damaged, row.returned
                )
            ),
        ]
        for row in board.remaining
    ]  # fmt: skip
    empty = _("No node has any of it.")
    return Table(_("Still in the house"), headers, lines, empty, frozenset(range(1, 6)))


def _open_work(board: RecallBoard) -> Table:
    names = nodes.facts_by_id(node_ids={work.node_id for work in board.open_work})
    lines = [
        [
            trails.document(work.demand_kind, work.demand_ref),
            names[work.node_id].name,
            cells.number(work.quantity),
            cells.pill(_PARTS[work.status][0], "hold"),
        ]
        for work in board.open_work[:SHOWN]
    ]
    headers = [_("for"), _("node"), _("units"), _("state")]
    note = _more(len(board.open_work))
    empty = _("Nobody has any of it in work.")
    return Table(_("Open work"), headers, lines, empty, frozenset({2}), note)


def _shipped(board: RecallBoard) -> Table:
    lines = [
        [
            trails.document(row.demand_kind, row.demand_ref),
            cells.number(row.quantity),
            cells.moment(row.at),
        ]
        for row in board.shipped[:SHOWN]
    ]
    headers = [_("for"), _("units"), _("left")]
    note = _more(len(board.shipped))
    return Table(_("Shipped"), headers, lines, _("None of it left."), frozenset({1}), note)


def _more(count: int) -> Any:
    hidden = count - SHOWN
    if hidden <= 0:
        return ""
    return _("%(n)s more; the command `recall` tells all.") % {"n": f"{hidden:,}"}


def _items(recall: Recall) -> Table:
    items = RecallItem.objects.filter(recall=recall).select_related("lot", "serial")
    lines = [
        [
            links.row_link("inventory.lot", item.lot_id, item.lot.code)
            if item.lot
            else links.row_link("inventory.serial", item.serial_id, _code(item))
        ]
        for item in items.order_by("pk")[:SHOWN]
    ]
    return Table(_("Goods"), [_("lot or serial number")], lines, "")


def _code(item: RecallItem) -> str:
    return item.serial.code if item.serial else ""


def _state_pill(recall: Recall) -> SafeString:
    if recall.closed_at:
        return cells.pill(_("Closed"), "ok")
    return cells.pill(_("Open"), "bad")


def _close(recall: Recall, data: Data) -> None:
    with unit():
        recalls.close(recall_id=recall.pk)


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
