"""Staff pages of the catalog: people own it and edit it; changes of variants keep their history."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from inventory.catalog.models import Product, Variant
from oms.core.admin import cells
from oms.core.admin.reading import EditAdmin, PlainEditAdmin


@admin.register(Product)
class ProductAdmin(PlainEditAdmin):
    list_display = ("name", "code", "category", "organization")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    search_fields = ("=code", "name")
    ordering = ("-id",)
    fields = ("organization", "code", "name", "category")


@admin.register(Variant)
class VariantAdmin(EditAdmin):
    list_display = ("named", "product", "price", "weight", "size", "notes", "organization")
    list_filter = ("is_active", "is_hazmat", "organization")
    list_select_related = ("product", "organization")
    search_fields = ("=sku", "name", "=barcode")
    search_help_text = _("SKU, barcode or name")
    ordering = ("-id",)
    autocomplete_fields = ("product",)
    actions_detail = ("see_stock",)
    fieldsets = (
        (None, {"fields": ("organization", "product", "sku", "name", "barcode")}),
        (_("Size"), {"fields": (("weight_g", "length_mm"), ("width_mm", "height_mm"))}),
        (_("Price"), {"fields": (("price_amount", "price_currency"),)}),
        (_("Handling"), {"fields": ("is_hazmat", "is_active")}),
    )

    @display(description=_("variant"), ordering="sku")
    def named(self, obj: Variant) -> SafeString:
        return cells.two_lines(obj.sku, obj.name)

    @display(description=_("price"), ordering="price_amount")
    def price(self, obj: Variant) -> SafeString:
        return cells.amount(obj.price_amount, obj.price_currency)

    @display(description=_("weight"), ordering="weight_g")
    def weight(self, obj: Variant) -> SafeString:
        return cells.weight(obj.weight_g)

    @display(description=_("size"))
    def size(self, obj: Variant) -> SafeString:
        return cells.size(obj.length_mm, obj.width_mm, obj.height_mm)

    @display(description=_("notes"))
    def notes(self, obj: Variant) -> SafeString:
        found = []
        if not obj.is_active:
            found.append(cells.pill(_("Not sold")))
        if obj.is_hazmat:
            found.append(cells.pill(_("Hazardous"), "warn"))
        return cells.pills(*found)

    def has_see_stock_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("inventory.view_stockposition")

    @action(description=_("Stock"), permissions=["see_stock"], url_path="stock", icon="inventory_2")
    def see_stock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Opens what can be sold of it, at each node."""
        address = reverse("admin:inventory_stockposition_variant", args=(object_id,))
        return HttpResponseRedirect(address)
