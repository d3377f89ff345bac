"""Staff pages of stock: the list of places, a place, a variant at all of them. Corrections are
movements."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from inventory.admin import place_blocks, place_page, scope, scoping, variant_page
from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from inventory.models import StockPosition
from inventory.selectors import stock_page
from inventory.services import stock
from inventory.types import StockChange
from oms.core.admin import cells, links
from oms.core.admin.deeds import Data
from oms.core.admin.pages import Page
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit


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
    _limits = {"none": (0, 0), "few": (1, place_blocks.FEW), "some": (place_blocks.FEW + 1, None)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("Nothing free")), ("few", _("10 or fewer")), ("some", _("More than 10"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        limits = self._limits.get(self.value() or "")
        if limits is None:
            return queryset
        return queryset.filter(stock_page.places_with_free(least=limits[0], most=limits[1]))


@admin.register(StockPosition)
class StockPositionAdmin(ReadAdmin):
    list_display = (
        "item", "place", "atp", "on_hand_", "allocated_", "held_", "earmarked_", "safety", "aside",
        "coming",
    )  # fmt: skip
    list_filter = ("node", AvailabilityFilter)
    search_fields = ("variant__sku",)
    search_help_text = _("SKU, barcode or name")
    # The order of an index, so that a page of a table of any size is read, not sorted.
    ordering = ("variant_id", "node_id")
    sortable_by = ("atp", "on_hand_", "allocated_", "held_")
    empty_title = _("No stock yet")
    empty_text = _("Positions appear when stock is received.")
    actions_detail = ["adjust"]

    def get_urls(self) -> list[URLPattern]:
        variant = path(
            "variant/<int:variant_id>/",
            self.admin_site.admin_view(self.variant_view),
            name="inventory_stockposition_variant",
        )
        return [variant, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scoping.mine(request, stock_page.list_bare(), "node__code")

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scoping.mine(request, stock_page.list_places(), "node__code")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Narrows and sorts places alone, then reads what bears on those of one page."""
        found: Any = super().get_changelist_instance(request)
        keys = [place.pk for place in found.result_list]
        places = {place.pk: place for place in stock_page.list_places().filter(pk__in=keys)}
        found.result_list = [places[key] for key in keys]
        changes: ChangeList = found
        return changes

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The variants first: there are far fewer of them than places."""
        term = search_term.strip()
        if not term:
            return queryset, False
        variants = catalog.list_variants().filter(_named(term) | Q(name__icontains=term))
        return queryset.filter(variant_id__in=variants.order_by().values("pk")), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """An exact SKU or barcode opens the variant's stock at once."""
        term = request.GET.get("q", "").strip()
        if term and self.has_view_permission(request):
            found = list(catalog.list_variants().filter(_named(term))[:2])
            if len(found) == 1:
                return HttpResponseRedirect(scope.variant_address(found[0].pk))
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def variant_view(self, request: HttpRequest, variant_id: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        variant = catalog.list_variants().filter(pk=variant_id).first()
        if variant is None:
            raise Http404
        places = stock_page.list_places(variant_id=variant_id)
        rows = list(scoping.mine(request, places, "node__code"))
        parts = [] if rows else _parts(variant_id)
        if parts:
            return self.show(request, variant_page.build_kit(variant, parts))
        return self.show(request, variant_page.build(variant, rows, scope.my_places(request)))

    def page(self, request: HttpRequest, obj: Any) -> Page:
        return place_page.build(obj)

    def named(self, obj: StockPosition) -> str:
        return f"{obj.variant.sku} · {obj.node.name}"

    @display(description=_("item"))
    def item(self, obj: StockPosition) -> SafeString:
        return cells.two_lines(obj.variant.sku, obj.variant.name)

    @display(description=_("node"))
    def place(self, obj: StockPosition) -> SafeString:
        return cells.two_lines(obj.node.name, obj.node.city)

    @display(description=_("ATP"), ordering="stored")
    def atp(self, obj: Any) -> SafeString:
        return place_blocks.free_pill(obj)

    @display(description=scope.BALANCES["on_hand"], ordering="on_hand")
    def on_hand_(self, obj: StockPosition) -> SafeString:
        return _behind(obj, "on_hand")

    @display(description=scope.BALANCES["allocated"], ordering="allocated")
    def allocated_(self, obj: StockPosition) -> SafeString:
        return _behind(obj, "allocated")

    @display(description=scope.BALANCES["held"], ordering="held")
    def held_(self, obj: StockPosition) -> SafeString:
        return _behind(obj, "held")

    @display(description=_("kept"))
    def earmarked_(self, obj: StockPosition) -> SafeString:
        return _behind(obj, "earmarked")

    @display(description=_("safety"))
    def safety(self, obj: StockPosition) -> Any:
        return place_blocks.safety(obj)

    @display(description=_("set aside"))
    def aside(self, obj: StockPosition) -> SafeString:
        units = obj.quarantined + obj.damaged + obj.returned
        return links.figure(units, links.row_address("inventory.stockposition", obj.pk))

    @display(description=_("on its way"))
    def coming(self, obj: Any) -> SafeString:
        return place_blocks.coming(obj)

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


def _behind(place: StockPosition, balance: str) -> SafeString:
    return scope.of_place(place).behind(getattr(place, balance), balance)


def _parts(variant_id: int) -> list[tuple[VariantFacts, int]]:
    parts = catalog.components_of(variant_ids=[variant_id]).get(variant_id, ())
    facts = catalog.facts_by_id(variant_ids=[key for key, _ in parts])
    return [(facts[key], quantity) for key, quantity in parts]


def _named(term: str) -> Q:
    """Exactly this SKU, in capitals too, or this barcode."""
    return Q(sku__in={term, term.upper()}) | Q(barcode=term)


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
