"""Staff pages of what is on its way in, and of who waits for it."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from inventory.catalog import selectors as catalog
from inventory.models import Backorder, InboundSupply
from inventory.nodes import selectors as nodes
from inventory.selectors import supply as selectors
from inventory.services import supply
from inventory.services.supply import InvalidSupply
from inventory.types import Loss, Receipt, SupplyDraft, SupplyRef
from oms.core import clock
from oms.core.admin import cells, links
from oms.core.admin.deeds import Data, choice
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts.services import roles

#: Waiting demands shown on the page of an arrival; the list of backorders has the rest.
SHOWN = 25


class DayInput(UnfoldAdminTextInputWidget):
    """The browser's own calendar."""

    input_type = "date"


def _day() -> forms.DateField:
    return forms.DateField(label=_("Expected"), widget=DayInput())


def _units(**options: Any) -> forms.IntegerField:
    options.setdefault("label", _("Units"))
    return forms.IntegerField(min_value=1, widget=UnfoldAdminIntegerFieldWidget(), **options)


def _text(label: Any, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=60, widget=UnfoldAdminTextInputWidget(), **options
    )


class AnnounceForm(forms.Form):
    """Asks what will arrive, where and when."""

    document_ref = _text(_("Purchase order"))
    line_ref = _text(_("Line"), initial="1")
    sku = _text(_("SKU"))
    node = choice(_("Node"), ())
    quantity = _units()
    expected_on = _day()

    def __init__(self, *args: Any, codes: Collection[str] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [(node.pk, node.name) for node in nodes.list_nodes(codes=codes)]
        self.fields["node"].choices = places  # type: ignore[attr-defined]


class DayForm(forms.Form):
    """Asks for another day."""

    expected_on = _day()


class ReceiveForm(forms.Form):
    """Asks how much came, and by which paper."""

    quantity = _units()
    receipt_ref = _text(
        _("Delivery note"), help_text=_("The same note is booked once, however often it is sent.")
    )
    allow_excess = forms.BooleanField(
        label=_("Take more than was ordered"), required=False, initial=False
    )


class LoseForm(forms.Form):
    """Asks how much will never come."""

    quantity = _units(required=False, help_text=_("Empty: all that is still to come."))


class ToComeFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("open", _("Still to come")), ("late", _("Late")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "all":
            return queryset
        rows = queryset.filter(selectors.TO_COME)
        return rows.filter(expected_on__lt=clock.now().date()) if self.state == "late" else rows


@admin.register(InboundSupply)
class InboundSupplyAdmin(ReadAdmin):
    list_display = ("document", "item", "place", "day", "open_units", "promised", "state")
    list_filter = (ToComeFilter, "kind", "node")
    list_select_related = ("node", "variant")
    search_fields = ("=document_ref", "=variant__sku")
    search_help_text = _("Document number or SKU")
    ordering = ("expected_on", "id")
    empty_title = _("Nothing is on its way")
    empty_text = _("Purchase orders and transfers appear here when they are announced.")
    actions_list = ["announce"]
    actions_detail = ["receive", "re_date", "lose"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("node", "variant", "source_node")
        codes = _codes(request)
        rows = rows.annotate(to_come=F("quantity") - F("received") - F("lost"))
        return rows if codes is None else rows.filter(node__code__in=codes)

    def page(self, request: HttpRequest, obj: Any) -> Page:
        waiting = list(selectors.list_waiting(supply_id=obj.pk)[:SHOWN])
        about: list[tuple[Any, Any]] = [
            (_("item"), cells.two_lines(obj.variant.sku, obj.variant.name)),
            (_("node"), obj.node.name),
            (_("from"), obj.source_node.name if obj.source_node else cells.NOTHING),
            (_("ordered"), cells.number(obj.quantity)),
            (_("received"), cells.number(obj.received)),
            (_("not coming"), cells.number(obj.lost)),
            (_("still to come"), cells.number(obj.to_come)),
            (_("of it promised"), cells.number(obj.promised)),
        ]
        headers = [_("for"), _("waits for"), _("promised")]
        rows = [
            [links.order_link(row.demand_ref, _("Order")), _waits(row), cells.day(row.promised_on)]
            for row in waiting
        ]
        empty = _("Nobody waits for it.")
        more = links.list_link(
            "inventory.stockmovement", _("Movements of the item"), q=obj.variant.sku
        )
        return Page(
            name=self.named(obj),
            pills=[_state(obj)],
            lead=[(_("Expected"), cells.day(obj.expected_on))],
            main=[Table(_("Promised to"), headers, rows, empty, frozenset({1}))],
            side=[Facts(_("Units"), about, note=more)],
        )

    def named(self, obj: InboundSupply) -> str:
        return f"{obj.get_kind_display()} {obj.document_ref}/{obj.line_ref}"

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return None if obj.to_come else set()

    @display(description=_("document"), ordering="document_ref")
    def document(self, obj: InboundSupply) -> SafeString:
        return cells.two_lines(obj.document_ref, obj.get_kind_display())

    @display(description=_("item"), ordering="variant__sku")
    def item(self, obj: InboundSupply) -> SafeString:
        return cells.two_lines(obj.variant.sku, obj.variant.name)

    @display(description=_("node"), ordering="node__code")
    def place(self, obj: InboundSupply) -> str:
        return obj.node.name

    @display(description=_("expected"), ordering="expected_on")
    def day(self, obj: InboundSupply) -> SafeString:
        return cells.day(obj.expected_on)

    @display(description=_("to come"), ordering="to_come")
    def open_units(self, obj: Any) -> SafeString:
        return cells.number(obj.to_come)

    @display(description=_("state"))
    def state(self, obj: InboundSupply) -> SafeString:
        return _state(obj)

    @action(
        description=_("Announce"),
        permissions=["act"],
        url_path="announce",
        icon="add",
        variant=ActionVariant.PRIMARY,
    )
    def announce(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Announce an arrival"),
            text=_("Who waits for the item is promised from it at once."),
            form_class=partial(AnnounceForm, codes=_codes(request)),
            run=lambda nothing, data: _announce(data),
            done=_("The arrival is announced."),
        )

    @action(description=_("Receive"), permissions=["act"], url_path="receive", icon="input")
    def receive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Receive units"),
            text=_("They go to those who wait, the rest on sale."),
            form_class=ReceiveForm,
            run=_receive,
            done=_("The units are received."),
        )

    @action(description=_("Move the day"), permissions=["act"], url_path="move", icon="event")
    def re_date(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Move the day"),
            text=_("The promises that hang on it move along, and each order hears of it once."),
            form_class=DayForm,
            run=_re_date,
            done=_("The day is moved."),
        )

    @action(description=_("Write off"), permissions=["act"], url_path="lose", icon="block")
    def lose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Write off what will not come"),
            text=_("Who was promised from it is promised from later arrivals."),
            form_class=LoseForm,
            run=_lose,
            done=_("The units are written off."),
            is_grave=True,
        )


def _codes(request: HttpRequest) -> Collection[str] | None:
    """The nodes a person may see; None: all."""
    return roles.allowed_node_codes(request.user)  # type: ignore[arg-type]


def _state(row: InboundSupply) -> SafeString:
    if row.quantity == row.received + row.lost:
        return cells.pill(_("Done"), "ok")
    if row.expected_on < clock.now().date():
        return cells.pill(_("Late"), "bad")
    return cells.pill(_("On its way"), "info")


def _waits(row: Backorder) -> SafeString:
    return cells.number(row.quantity - row.filled - row.cancelled)


def _ref(row: InboundSupply) -> SupplyRef:
    return SupplyRef(row.organization_id, row.kind, row.document_ref, row.line_ref)


def _announce(data: Data) -> None:
    found = list(catalog.list_variants().filter(sku=data["sku"])[:2])
    if len(found) != 1:
        raise InvalidSupply(gettext("There is not exactly one item with this SKU."))
    ref = SupplyRef(
        found[0].organization_id,
        InboundSupply.Kind.PURCHASE_ORDER,
        data["document_ref"],
        data["line_ref"],
    )
    draft = SupplyDraft(ref, int(data["node"]), found[0].pk, data["quantity"], data["expected_on"])
    with unit():
        supply.announce(lines=[draft])


def _receive(row: InboundSupply, data: Data) -> None:
    receipt = Receipt(_ref(row), data["quantity"], data["receipt_ref"])
    with unit():
        supply.receive(receipts=[receipt], allow_excess=data["allow_excess"])


def _re_date(row: InboundSupply, data: Data) -> None:
    ref = _ref(row)
    with unit():
        supply.reschedule(
            organization_id=ref.organization_id,
            kind=ref.kind,
            document_ref=ref.document_ref,
            line_ref=ref.line_ref,
            expected_on=data["expected_on"],
        )


def _lose(row: InboundSupply, data: Data) -> None:
    with unit():
        supply.lose(losses=[Loss(_ref(row), data["quantity"])])


class WaitingFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("waiting", _("Waiting")), ("over", _("Over")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "all":
            return queryset
        if self.state == "over":
            return queryset.exclude(selectors.WAITING)
        return queryset.filter(selectors.WAITING)


@admin.register(Backorder)
class BackorderAdmin(ReadAdmin):
    list_display = ("item", "for_order", "waits", "kind_pill", "channel", "promise", "since")
    list_filter = (WaitingFilter, "kind")
    list_select_related = ("variant", "supply")
    search_fields = ("=demand_ref", "=variant__sku")
    search_help_text = _("Order identifier or SKU")
    ordering = ("variant_id", "-priority", "created_at", "id")
    empty_title = _("Nobody waits")
    empty_text = _("Orders appear here when a selling rule lets them wait for stock.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("variant", "supply")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        about: list[tuple[Any, Any]] = [
            (_("item"), cells.two_lines(obj.variant.sku, obj.variant.name)),
            (_("for"), links.order_link(obj.demand_ref, _("Order"))),
            (_("line"), obj.line_ref),
            (_("channel"), obj.channel or cells.NOTHING),
            (_("asked"), cells.number(obj.quantity)),
            (_("filled"), cells.number(obj.filled)),
            (_("cancelled"), cells.number(obj.cancelled)),
            (_("arrival"), _arrival(obj)),
            (_("since"), cells.moment(obj.created_at)),
        ]
        return Page(
            name=_("%(sku)s for a demand") % {"sku": obj.variant.sku},
            pills=[cells.pill(obj.get_kind_display(), "info")],
            lead=[(_("Promised"), cells.day(obj.promised_on))],
            main=[Facts(_("About"), about)],
        )

    @display(description=_("item"), ordering="variant__sku")
    def item(self, obj: Backorder) -> SafeString:
        return cells.two_lines(obj.variant.sku, obj.variant.name)

    @display(description=_("for"))
    def for_order(self, obj: Backorder) -> SafeString:
        return links.order_link(obj.demand_ref, _("Order"))

    @display(description=_("waits for"))
    def waits(self, obj: Backorder) -> SafeString:
        return _waits(obj)

    @display(description=_("kind"), ordering="kind")
    def kind_pill(self, obj: Backorder) -> SafeString:
        return cells.pill(obj.get_kind_display(), "info")

    @display(description=_("promised"), ordering="promised_on")
    def promise(self, obj: Backorder) -> SafeString:
        return cells.two_lines(cells.day(obj.promised_on), _arrival(obj))

    @display(description=_("since"), ordering="created_at")
    def since(self, obj: Backorder) -> SafeString:
        return cells.ago(obj.created_at)


def _arrival(row: Backorder) -> SafeString:
    if row.supply is None:
        return cells.NOTHING
    return links.row_link("inventory.inboundsupply", row.supply_id, row.supply.document_ref)
