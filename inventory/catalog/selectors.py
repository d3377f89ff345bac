"""Facts about variants, never rows."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from inventory.catalog.models import Variant
from inventory.catalog.types import VariantFacts

_FIELDS = (
    "id", "sku", "name", "weight_g", "length_mm", "width_mm", "height_mm", "price_amount",
    "price_currency", "is_active", "is_hazmat",
)  # fmt: skip


def facts_by_sku(*, organization_id: int, skus: Collection[str]) -> dict[str, VariantFacts]:
    """This function will return the seller's variants by SKU, inactive ones too.

    SKUs compare exactly, as written; unknown ones are absent.
    """
    found = Variant.objects.filter(organization_id=organization_id, sku__in=set(skus))
    return {facts.sku: facts for facts in _facts(found)}


def facts_by_id(*, variant_ids: Collection[int]) -> dict[int, VariantFacts]:
    """This function will return variants by primary key; unknown ones are absent."""
    return {facts.id: facts for facts in _facts(Variant.objects.filter(pk__in=set(variant_ids)))}


def owners_by_id(*, variant_ids: Collection[int]) -> dict[int, int]:
    """This function will return the organization of each variant; unknown ones are absent."""
    found = Variant.objects.filter(pk__in=set(variant_ids))
    return dict(found.values_list("pk", "organization_id"))


def list_variants(*, organization_id: int | None = None) -> QuerySet[Variant]:
    """This function will return variants with their product, by SKU."""
    variants = Variant.objects.select_related("product").order_by("sku", "pk")
    if organization_id is None:
        return variants
    return variants.filter(organization_id=organization_id)


def list_active(*, organization_id: int, limit: int) -> list[VariantFacts]:
    """This function will return the first active variants that were made."""
    variants = Variant.objects.filter(organization_id=organization_id, is_active=True)
    return [VariantFacts(*row) for row in variants.order_by("pk").values_list(*_FIELDS)[:limit]]


def _facts(variants: QuerySet[Variant]) -> list[VariantFacts]:
    return [VariantFacts(*row) for row in variants.order_by("pk").values_list(*_FIELDS)]
