"""Keeps the catalog: products and variants are made or brought up to date by their codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from inventory.catalog.models import Product, Variant
from inventory.catalog.types import VariantDraft
from oms.core.context import current
from oms.core.errors import FieldError, Invalid
from oms.core.transactions import needs_transaction

_FIELDS = (
    "name", "barcode", "weight_g", "length_mm", "width_mm", "height_mm", "price_amount",
    "price_currency", "is_hazmat", "is_active",
)  # fmt: skip

#: What a parcel needs to have; a zero here makes rates and cartons wrong without a word.
_POSITIVE = ("weight_g", "length_mm", "width_mm", "height_mm")

_BATCH = 2_000


class InvalidVariant(Invalid):
    code = "catalog.invalid_variant"


@needs_transaction
def upsert_variants(*, organization_id: int, drafts: Sequence[VariantDraft]) -> dict[str, int]:
    """This function will make the variants that are new and change those that differ.

    Equal ones are not written, so a repeat costs reads only. Edits are kept as history.

    :returns: primary keys by SKU.
    :raises InvalidVariant: a draft is wrong, or a SKU occurs twice; nothing is written.
    """
    _check(drafts)
    products = _upsert_products(organization_id, drafts)
    existing = {
        variant.sku: variant
        for variant in Variant.objects.select_for_update()
        .filter(organization_id=organization_id, sku__in=[draft.sku for draft in drafts])
        .order_by("pk")
    }
    new, changed = [], []
    for draft in drafts:
        variant = existing.get(draft.sku)
        if variant is None:
            new.append(_variant(organization_id, products, draft))
        elif _change(variant, products, draft):
            changed.append(variant)
    _validate([*new, *changed])
    reason = current().actor
    if new:
        new = bulk_create_with_history(
            new, Variant, batch_size=_BATCH, default_change_reason=reason
        )
    if changed:
        bulk_update_with_history(
            changed,
            Variant,
            [*_FIELDS, "product"],
            batch_size=_BATCH,
            default_change_reason=reason,
        )
    return {variant.sku: variant.pk for variant in [*existing.values(), *new]}


def _check(drafts: Sequence[VariantDraft]) -> None:
    seen: set[str] = set()
    for index, draft in enumerate(drafts):
        if draft.sku in seen:
            raise _invalid(index, "sku", "duplicate", f"{draft.sku} occurs twice.")
        seen.add(draft.sku)
        for name in _POSITIVE:
            if getattr(draft, name) < 1:
                raise _invalid(index, name, "too_small", f"{draft.sku}: {name} must be at least 1.")
        if draft.price_amount < 0:
            raise _invalid(index, "price_amount", "too_small", f"{draft.sku}: a negative price.")


def _invalid(index: int, field: str, code: str, detail: str) -> InvalidVariant:
    return InvalidVariant(detail, errors=[FieldError(f"/{index}/{field}", code, detail)])


def _upsert_products(organization_id: int, drafts: Sequence[VariantDraft]) -> dict[str, Product]:
    wanted = {_product_code(draft): draft for draft in reversed(drafts)}
    new = [
        Product(
            organization_id=organization_id,
            code=code,
            name=draft.product_name or draft.name,
            category=draft.category,
        )
        for code, draft in wanted.items()
    ]
    Product.objects.bulk_create(
        new,
        update_conflicts=True,
        unique_fields=["organization", "code"],
        update_fields=["name", "category"],
        batch_size=_BATCH,
    )
    return {
        product.code: product
        for product in Product.objects.filter(organization_id=organization_id, code__in=wanted)
    }


def _product_code(draft: VariantDraft) -> str:
    return draft.product_code or draft.sku


def _variant(organization_id: int, products: Mapping[str, Product], draft: VariantDraft) -> Variant:
    return Variant(
        organization_id=organization_id,
        product=products[_product_code(draft)],
        sku=draft.sku,
        **{name: getattr(draft, name) for name in _FIELDS},
    )


def _change(variant: Variant, products: Mapping[str, Product], draft: VariantDraft) -> bool:
    """Sets what differs; tells whether anything did."""
    product = products[_product_code(draft)]
    differing = [name for name in _FIELDS if getattr(variant, name) != getattr(draft, name)]
    for name in differing:
        setattr(variant, name, getattr(draft, name))
    if variant.product_id != product.pk:
        variant.product = product
        return True
    return bool(differing)


def _validate(variants: Sequence[Variant]) -> None:
    for variant in variants:
        try:
            variant.clean_fields(exclude=["organization", "product", "public_id", "created_at"])
        except ValidationError as error:
            errors = [
                FieldError(f"/{variant.sku}/{field}", "invalid", " ".join(messages))
                for field, messages in error.message_dict.items()
            ]
            raise InvalidVariant(f"{variant.sku}: {errors[0].detail}", errors=errors) from error
