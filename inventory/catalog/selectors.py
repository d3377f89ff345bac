"""Facts about variants, never rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import QuerySet

from inventory.catalog.models import KitComponent, Variant, VariantUnit
from inventory.catalog.types import VariantFacts, VariantOwner

_FIELDS = (
    "id", "sku", "name", "weight_g", "length_mm", "width_mm", "height_mm", "price_amount",
    "price_currency", "is_active", "is_hazmat", "tracking", "cost_amount", "min_age",
    "is_export_controlled", "allowed_countries", "blocked_countries",
)  # fmt: skip


def facts_by_sku(*, organization_id: int, skus: Collection[str]) -> dict[str, VariantFacts]:
    """This function will return the seller's variants by SKU, inactive ones too.

    SKUs compare exactly, as written; unknown ones are absent.
    """
    found = Variant.objects.filter(organization_id=organization_id, sku__among=set(skus))
    return {facts.sku: facts for facts in _facts(found)}


def facts_by_id(*, variant_ids: Collection[int]) -> dict[int, VariantFacts]:
    """This function will return variants by primary key; unknown ones are absent."""
    return {facts.id: facts for facts in _facts(Variant.objects.filter(id__among=set(variant_ids)))}


def owners_of(*, variant_ids: Collection[int]) -> dict[int, int]:
    """This function will return the organization of each variant; unknown ones are absent."""
    found = Variant.objects.filter(pk__in=set(variant_ids))
    return dict(found.order_by("pk").values_list("pk", "organization_id"))


def components_of(*, variant_ids: Collection[int]) -> dict[int, tuple[tuple[int, int], ...]]:
    """This function will return (component, quantity) pairs of the kits among the variants.

    Ordered by component; what is no kit is absent.
    """
    rows = KitComponent.objects.filter(kit__among=set(variant_ids)).order_by("kit", "component")
    parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for kit_id, component_id, quantity in rows.values_list("kit_id", "component_id", "quantity"):
        parts[kit_id].append((component_id, quantity))
    return {kit_id: tuple(pairs) for kit_id, pairs in parts.items()}


def kits_with(*, component_ids: Collection[int]) -> set[int]:
    """This function will return the kits of which one of the variants is a part."""
    rows = KitComponent.objects.filter(component_id__in=set(component_ids))
    return set(rows.values_list("kit_id", flat=True))


def units_of(*, variant_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """This function will return how many pieces each unit of the variants has, by its code.

    Variants that are handled in pieces only are absent.
    """
    rows = VariantUnit.objects.filter(variant_id__in=set(variant_ids))
    units: dict[int, dict[str, int]] = defaultdict(dict)
    ordered = rows.order_by("variant", "factor", "code")
    for variant_id, code, factor in ordered.values_list("variant_id", "code", "factor"):
        units[variant_id][code] = factor
    return dict(units)


def list_variants(*, organization_id: int | None = None) -> QuerySet[Variant]:
    """This function will return variants with their product, by SKU."""
    variants = Variant.objects.select_related("product").order_by("sku", "pk")
    if organization_id is None:
        return variants
    return variants.filter(organization_id=organization_id)


def list_active(*, organization_id: int, limit: int) -> list[VariantFacts]:
    """This function will return the first active variants that were made."""
    variants = Variant.objects.filter(organization_id=organization_id, is_active=True)
    return [_fact(row) for row in variants.order_by("pk").values_list(*_FIELDS)[:limit]]


def suggest(*, text: str, limit: int) -> list[tuple[str, str]]:
    """This function will return (SKU, name) of what is sold and whose SKU begins with the text."""
    found = Variant.objects.filter(sku__startswith=text, is_active=True).order_by("sku")
    return list(found.values_list("sku", "name")[:limit])


def list_owners(*, variant_ids: Collection[int]) -> list[VariantOwner]:
    """This function will return whose the variants are, by primary key; unknown ones are absent."""
    return _owners(Variant.objects.filter(pk__in=set(variant_ids)))


def list_owned(*, organization_id: int, after: int, limit: int) -> list[VariantOwner]:
    """This function will return an organization's variants beyond a primary key, in its order."""
    variants = Variant.objects.filter(organization_id=organization_id, pk__gt=after)
    return _owners(variants, limit)


def _owners(variants: QuerySet[Variant], limit: int | None = None) -> list[VariantOwner]:
    rows = variants.order_by("pk").values_list("id", "organization_id", "sku", "is_active")
    return [VariantOwner(*row) for row in rows[:limit]]


def _facts(variants: QuerySet[Variant]) -> list[VariantFacts]:
    return [_fact(row) for row in variants.order_by("pk").values_list(*_FIELDS)]


def _fact(row: Sequence[Any]) -> VariantFacts:
    # Facts do not change: no lists.
    plain: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return VariantFacts(*plain)


def lock_tracking(*, variant_ids: Collection[int]) -> dict[int, str]:
    """This function will lock variants and return how each is tracked; unknown ones are absent."""
    rows = Variant.objects.filter(pk__in=set(variant_ids)).order_by("pk")
    return {
        pk: str(how)
        for pk, how in rows.select_for_update(no_key=True).values_list("pk", "tracking")
    }
