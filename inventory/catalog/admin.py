"""Staff pages of the catalog: people own it and edit it; changes of variants keep their history."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from inventory.catalog import selectors, services
from inventory.catalog.models import KitComponent, Product, Variant, VariantUnit
from oms.core.admin import cells
from oms.core.admin.deeds import Data, DeedsMixin, choice
from oms.core.admin.reading import EditAdmin, PlainEditAdmin
from oms.core.transactions import unit


@admin.register(Product)
class ProductAdmin(PlainEditAdmin):
    list_display = ("name", "code", "category", "organization")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    search_fields = ("=code", "name")
    ordering = ("-id",)
    fields = ("organization", "code", "name", "category")


class AmountsForm(forms.Form):
    """Asks for names with a number each, one a line."""

    amounts = forms.CharField(label=_("One a line"), required=False)

    def __init__(self, *args: Any, help_text: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amounts"].widget = UnfoldAdminTextareaWidget()
        self.fields["amounts"].help_text = help_text

    def clean_amounts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["amounts"].splitlines())):
            name, _space, number = line.rpartition(" ")
            if not name or not (number.isascii() and number.isdigit()):
                raise forms.ValidationError(_("Write a name and a number: %s") % line)
            if name.strip() in found:
                raise forms.ValidationError(_("It is there twice: %s") % name.strip())
            found[name.strip()] = int(number)
        return found


class TrackingForm(forms.Form):
    """Asks how units are told apart."""

    tracking = choice(_("Tracked"), Variant.Tracking.choices)


class ReadInline(TabularInline):
    """Shows what a service keeps."""

    extra = 0
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class KitComponentInline(ReadInline):
    model = KitComponent
    fk_name = "kit"
    fields = ("component", "quantity")
    verbose_name_plural = _("parts of the kit")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("component").order_by("component__sku")


class VariantUnitInline(ReadInline):
    model = VariantUnit
    fields = ("code", "factor")
    ordering = ("factor", "code")
    verbose_name_plural = _("units of measure")


@admin.register(Variant)
class VariantAdmin(DeedsMixin, EditAdmin):
    list_display = ("named", "product", "price", "weight", "size", "notes", "organization")
    list_filter = ("is_active", "is_hazmat", "organization")
    list_select_related = ("product", "organization")
    search_fields = ("=sku", "name", "=barcode")
    search_help_text = _("SKU, barcode or name")
    ordering = ("-id",)
    autocomplete_fields = ("product",)
    readonly_fields = ("tracking",)
    inlines = (KitComponentInline, VariantUnitInline)
    actions_detail = ["see_stock", "change_parts", "change_units", "change_tracking"]
    fieldsets = (
        (None, {"fields": ("organization", "product", "sku", "name", "barcode")}),
        (_("Size"), {"fields": (("weight_g", "length_mm"), ("width_mm", "height_mm"))}),
        (_("Price"), {"fields": (("price_amount", "price_currency"), "cost_amount")}),
        (_("Handling"), {"fields": ("is_hazmat", "is_active", "tracking")}),
        (
            _("Who may have it"),
            {
                "fields": (
                    "min_age",
                    ("allowed_countries", "blocked_countries"),
                    "is_export_controlled",
                )
            },
        ),
    )

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    @action(description=_("Parts"), permissions=["act"], url_path="parts", icon="widgets")
    def change_parts(self, request: HttpRequest, object_id: str) -> HttpResponse:
        parts = self._subject(request, object_id).components.select_related("component")
        return self.perform(
            request,
            object_id,
            title=_("Parts of the kit"),
            text=_("A kit is sold as one and stocked as its parts. Without parts it is no kit."),
            form_class=_amounts(
                {part.component.sku: part.quantity for part in parts.order_by("component__sku")},
                _("SKU and quantity, such as: TENT 2"),
            ),
            run=_set_parts,
            done=_("The parts are set."),
        )

    @action(description=_("Units"), permissions=["act"], url_path="units", icon="straighten")
    def change_units(self, request: HttpRequest, object_id: str) -> HttpResponse:
        units = self._subject(request, object_id).units.order_by("factor", "code")
        return self.perform(
            request,
            object_id,
            title=_("Units of measure"),
            text=_("Stock counts pieces; deliveries may be counted in these."),
            form_class=_amounts(
                {unit.code: unit.factor for unit in units},
                _("Unit and pieces in it, such as: case 12"),
            ),
            run=_set_units,
            done=_("The units are set."),
        )

    @action(description=_("Tracking"), permissions=["act"], url_path="tracking", icon="tag")
    def change_tracking(self, request: HttpRequest, object_id: str) -> HttpResponse:
        initial = {"tracking": self._subject(request, object_id).tracking}
        return self.perform(
            request,
            object_id,
            title=_("Change the tracking"),
            text=_("It can change only while there is no stock."),
            form_class=partial(TrackingForm, initial=initial),
            run=_set_tracking,
            done=_("The tracking is set."),
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


def _amounts(amounts: dict[str, int], help_text: Any) -> partial[AmountsForm]:
    lines = "\n".join(f"{name} {number}" for name, number in amounts.items())
    return partial(AmountsForm, initial={"amounts": lines}, help_text=help_text)


def _set_parts(kit: Variant, data: Data) -> None:
    skus = data["amounts"]
    found = selectors.facts_by_sku(organization_id=kit.organization_id, skus=skus)
    unknown = [sku for sku in skus if sku not in found]
    if unknown:
        raise services.InvalidKit(f"There is no SKU {unknown[0]!r}.")
    with unit():
        services.set_components(
            kit_id=kit.pk, components={found[sku].id: units for sku, units in skus.items()}
        )


def _set_units(variant: Variant, data: Data) -> None:
    with unit():
        services.set_units(variant_id=variant.pk, units=data["amounts"])


def _set_tracking(variant: Variant, data: Data) -> None:
    with unit():
        services.set_tracking(variant_id=variant.pk, tracking=data["tracking"])
