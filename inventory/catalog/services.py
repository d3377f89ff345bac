"""Keeps the catalog: products and variants are made or brought up to date by their codes; kits have
parts, and variants units of measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from inventory.catalog.events import VariantSwitched
from inventory.catalog.models import KitComponent, Product, Variant, VariantUnit
from inventory.catalog.types import VariantDraft
from oms.core import clock
from oms.core.addresses import is_country
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid, NotFound
from oms.core.quantities import InvalidQuantity, require_quantity
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

#: Where a variant may go.
_COUNTRIES = ("allowed_countries", "blocked_countries")
_FIELDS = (
    "name", "barcode", "weight_g", "length_mm", "width_mm", "height_mm", "price_amount",
    "price_currency", "is_hazmat", "is_active", "tracking", "cost_amount", "min_age",
    "is_export_controlled", *_COUNTRIES,
)  # fmt: skip

#: What a parcel needs to have; a zero here makes rates and cartons wrong without a word.
_POSITIVE = ("weight_g", "length_mm", "width_mm", "height_mm")

_BATCH = 2_000

#: A kit of more parts, or a unit of more pieces, is a typing error.
MAX_PARTS, MAX_FACTOR = 100, 100_000
MAX_AGE = 99

#: How stock's triggers refuse (inventory/migrations/0003_guards.py).
_STOCK_IN_THE_WAY = "OM003"


class InvalidVariant(Invalid):
    code = "catalog.invalid_variant"


class InvalidKit(Invalid):
    code = "catalog.invalid_kit"


class InvalidUnit(Invalid):
    code = "catalog.invalid_unit"


class UnknownVariant(NotFound):
    code = "catalog.unknown_variant"


class StockInTheWay(Conflict):
    """There is stock of the variant, which the change would leave without a meaning."""

    code = "catalog.stock_in_the_way"


@needs_transaction
def upsert_variants(*, organization_id: int, drafts: Sequence[VariantDraft]) -> dict[str, int]:
    """This function will make the variants that are new and change those that differ.

    Equal ones are not written, so a repeat costs reads only. Edits are kept as history.

    :returns: primary keys by SKU.
    :raises InvalidVariant: a draft is wrong, or a SKU occurs twice; nothing is written.
    :raises StockInTheWay: a variant is tracked otherwise from now on, and there is stock of it.
    """
    _check(drafts)
    products = _upsert_products(organization_id, drafts)
    existing = {
        variant.sku: variant
        for variant in Variant.objects.select_for_update(no_key=True)
        .filter(organization_id=organization_id, sku__in=[draft.sku for draft in drafts])
        .order_by("pk")
    }
    was_active = {variant.pk: variant.is_active for variant in existing.values()}
    new, changed = [], []
    for draft in drafts:
        variant = existing.get(draft.sku)
        if variant is None:
            new.append(_variant(organization_id, products, draft))
        elif _change(variant, products, draft):
            changed.append(variant)
    switched = [variant for variant in changed if variant.is_active != was_active[variant.pk]]
    _validate([*new, *changed])
    reason = current().actor
    if new:
        new = bulk_create_with_history(
            new, Variant, batch_size=_BATCH, default_change_reason=reason
        )
    if changed:
        with _unless_stocked("Tracking cannot change while there is stock: first take it out."):
            bulk_update_with_history(
                changed,
                Variant,
                [*_FIELDS, "product"],
                batch_size=_BATCH,
                default_change_reason=reason,
            )
        emitting.emit_many([_switched(variant) for variant in switched])
    return {variant.sku: variant.pk for variant in [*existing.values(), *new]}


@needs_transaction
def set_tracking(*, variant_id: int, tracking: str) -> None:
    """This function will count the variant by quantity, by lot or by serial from now on.

    :raises UnknownVariant: there is none.
    :raises InvalidVariant: no such way of tracking.
    :raises StockInTheWay: there is stock of it.
    """
    variant = _lock_one(variant_id)
    if variant.tracking == tracking:
        return
    variant.tracking = tracking
    _validate([variant])
    with _unless_stocked("Tracking cannot change while there is stock: first take it out."):
        bulk_update_with_history(
            [variant], Variant, ["tracking"], default_change_reason=current().actor
        )


@needs_transaction
def set_components(*, kit_id: int, components: Mapping[int, int]) -> None:
    """This function will make the variant a kit of these parts and no others, by primary key; with
    none it is an ordinary variant again.

    A kit is stocked as its parts: it must never have been stocked itself. Kits do not nest.

    :raises UnknownVariant: there is no such kit.
    :raises InvalidKit: a part is unknown, another seller's, the kit itself or a kit; or its
        quantity is wrong; or the kit is a part of another.
    :raises StockInTheWay: the kit has a place in stock.
    """
    found = {variant.pk: variant for variant in _lock([kit_id, *components])}
    kit = found.pop(kit_id, None)
    if kit is None:
        raise UnknownVariant(f"There is no variant {kit_id}.")
    errors = _wrong_parts(kit, found, components)
    if errors:
        raise InvalidKit(f"{kit.sku}: {errors[0].detail}", errors=errors)
    KitComponent.objects.filter(kit=kit).exclude(component__in=components).delete()
    rows = [KitComponent(kit=kit, component_id=k, quantity=q) for k, q in components.items()]
    with _unless_stocked("A kit has no stock of its own; give it a SKU that was never stocked."):
        KitComponent.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["kit", "component"],
            update_fields=["quantity"],
        )


def _wrong_parts(
    kit: Variant, found: Mapping[int, Variant], components: Mapping[int, int]
) -> list[FieldError]:
    if not components:
        return []
    if len(components) > MAX_PARTS:
        return [_part(kit.pk, "too_many", f"more than {MAX_PARTS} parts.")]
    if KitComponent.objects.filter(component=kit).exists():
        return [_part(kit.pk, "nested", "it is a part of another kit.")]
    kits = set(KitComponent.objects.filter(kit__in=components).values_list("kit_id", flat=True))
    errors = []
    for component_id, quantity in components.items():
        part = found.get(component_id)
        if component_id == kit.pk:
            errors.append(_part(component_id, "itself", "it cannot be a part of itself."))
        elif part is None or part.organization_id != kit.organization_id:
            errors.append(_part(component_id, "unknown", f"there is no variant {component_id}."))
        elif component_id in kits:
            errors.append(_part(component_id, "nested", f"{part.sku} is a kit; name its parts."))
        errors += _wrong_quantity(component_id, quantity)
    return errors


def _wrong_quantity(component_id: int, quantity: object) -> list[FieldError]:
    try:
        require_quantity(quantity)
    except InvalidQuantity as error:
        return [FieldError(f"/components/{component_id}/quantity", "invalid", error.detail)]
    return []


def _part(component_id: int, code: str, detail: str) -> FieldError:
    return FieldError(f"/components/{component_id}", code, detail)


@needs_transaction
def set_units(*, variant_id: int, units: Mapping[str, int]) -> None:
    """This function will handle the variant in pieces and in these units, each of so many pieces.

    :raises UnknownVariant: there is none.
    :raises InvalidUnit: a code that is empty, padded or too long, or fewer than 2 pieces.
    """
    variant = _lock_one(variant_id)
    errors = [error for code, factor in units.items() for error in _wrong_unit(code, factor)]
    if errors:
        raise InvalidUnit(f"{variant.sku}: {errors[0].detail}", errors=errors)
    VariantUnit.objects.filter(variant=variant).exclude(code__in=units).delete()
    VariantUnit.objects.bulk_create(
        [VariantUnit(variant=variant, code=code, factor=factor) for code, factor in units.items()],
        update_conflicts=True,
        unique_fields=["variant", "code"],
        update_fields=["factor"],
    )


def _wrong_unit(code: str, factor: object) -> list[FieldError]:
    errors = []
    if not code or code != code.strip() or len(code) > 12:
        detail = f"{code!r} is no code: 1 to 12 characters without spaces around."
        errors.append(FieldError(f"/units/{code}", "invalid", detail))
    if isinstance(factor, bool) or not isinstance(factor, int) or not 2 <= factor <= MAX_FACTOR:
        detail = f"{code}: give a whole number of pieces from 2 to {MAX_FACTOR}."
        errors.append(FieldError(f"/units/{code}/factor", "invalid", detail))
    return errors


def _lock_one(variant_id: int) -> Variant:
    found = _lock([variant_id])
    if not found:
        raise UnknownVariant(f"There is no variant {variant_id}.")
    return found[0]


def _lock(variant_ids: Sequence[int]) -> list[Variant]:
    """Against other changes of the catalog, not against those who sell meanwhile."""
    rows = Variant.objects.select_for_update(no_key=True).filter(pk__in=set(variant_ids))
    return list(rows.order_by("pk"))


@contextmanager
def _unless_stocked(detail: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        cause: Any = error.__cause__
        if getattr(cause, "sqlstate", None) != _STOCK_IN_THE_WAY:
            raise
        skus = str(cause.diag.message_detail)
        raise StockInTheWay(f"{skus}: {detail}", data={"skus": skus.split(", ")}) from error


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
        _check_limits(index, draft)


def _check_limits(index: int, draft: VariantDraft) -> None:
    if draft.cost_amount is not None and draft.cost_amount < 0:
        raise _invalid(index, "cost_amount", "too_small", f"{draft.sku}: a negative cost.")
    if not 0 <= draft.min_age <= MAX_AGE:
        detail = f"{draft.sku}: give an age from 0 to {MAX_AGE} years."
        raise _invalid(index, "min_age", "invalid_age", detail)
    for name in _COUNTRIES:
        unknown = [code for code in getattr(draft, name) if not is_country(code)]
        if unknown:
            detail = f"{draft.sku}: {', '.join(unknown)} is no ISO 3166 code."
            raise _invalid(index, name, "unknown_country", detail)


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
        **{name: _value(draft, name) for name in _FIELDS},
    )


def _value(draft: VariantDraft, name: str) -> Any:
    value = getattr(draft, name)
    return list(value) if name in _COUNTRIES else value


def _change(variant: Variant, products: Mapping[str, Product], draft: VariantDraft) -> bool:
    """Sets what differs; tells whether anything did."""
    product = products[_product_code(draft)]
    differing = [name for name in _FIELDS if getattr(variant, name) != _value(draft, name)]
    for name in differing:
        setattr(variant, name, _value(draft, name))
    if variant.product_id != product.pk:
        variant.product = product
        return True
    return bool(differing)


def _switched(variant: Variant) -> VariantSwitched:
    return VariantSwitched(
        organization_id=variant.organization_id,
        variant_id=variant.pk,
        sku=variant.sku,
        is_active=variant.is_active,
        occurred_at=clock.now(),
    )


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
