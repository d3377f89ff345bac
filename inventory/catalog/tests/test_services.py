"""The catalog by SKU: new, changed, equal, and wrong."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog import selectors, services
from inventory.catalog.models import Product, Variant
from inventory.catalog.types import VariantDraft, VariantFacts
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db

TENT = VariantDraft(
    sku="TENT-2",
    name="Tent for two",
    weight_g=2_100,
    length_mm=500,
    width_mm=160,
    height_mm=150,
    price_amount=Decimal("199.00"),
    price_currency="USD",
    product_code="TENT",
    product_name="Tent",
    category="camping",
)


def _upsert(*drafts: VariantDraft) -> dict[str, int]:
    with unit():
        return services.upsert_variants(
            organization_id=organizations.ensure_operator().pk, drafts=drafts
        )


def test_new_variants_share_their_product() -> None:
    ids = _upsert(TENT, replace(TENT, sku="TENT-4", name="Tent for four"))

    assert Product.objects.get().name == "Tent"
    facts = selectors.facts_by_sku(
        organization_id=organizations.ensure_operator().pk, skus=["TENT-2", "tent-4", "X"]
    )
    assert facts == {
        "TENT-2": VariantFacts(
            id=ids["TENT-2"],
            sku="TENT-2",
            name="Tent for two",
            weight_g=2_100,
            length_mm=500,
            width_mm=160,
            height_mm=150,
            price_amount=Decimal("199.0000"),
            price_currency="USD",
            is_active=True,
            is_hazmat=False,
        )
    }


def test_a_repeat_writes_nothing_and_an_edit_is_kept_as_history() -> None:
    first = _upsert(TENT)
    assert _upsert(TENT) == first
    assert Variant.history.count() == 1

    with acting(actor="staff:7"):
        assert _upsert(replace(TENT, price_amount=Decimal("149.50"), is_active=False)) == first

    found = selectors.facts_by_id(variant_ids=[first["TENT-2"]])[first["TENT-2"]]
    assert (found.price_amount, found.is_active) == (Decimal("149.50"), False)
    newest = Variant.history.first()
    assert newest is not None
    assert (newest.history_type, newest.history_change_reason) == ("~", "staff:7")


def test_who_may_have_a_variant_is_a_fact_of_it_and_a_repeat_writes_nothing() -> None:
    limited = replace(
        TENT,
        cost_amount=Decimal("80.00"),
        min_age=18,
        is_export_controlled=True,
        allowed_countries=("US", "CA"),
        blocked_countries=("BR",),
    )
    key = _upsert(limited)["TENT-2"]
    _upsert(limited)

    facts = selectors.facts_by_id(variant_ids=[key])[key]
    assert (facts.cost_amount, facts.min_age, facts.is_export_controlled) == (80, 18, True)
    assert (facts.allowed_countries, facts.blocked_countries) == (("US", "CA"), ("BR",))
    assert Variant.history.count() == 1


def test_a_variant_may_move_to_another_product() -> None:
    ids = _upsert(TENT)

    _upsert(replace(TENT, product_code="SHELTER", product_name="Shelter"))

    assert Variant.objects.get(pk=ids["TENT-2"]).product.code == "SHELTER"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"weight_g": 0}, "/0/weight_g"),
        ({"height_mm": -1}, "/0/height_mm"),
        ({"price_amount": Decimal("-0.01")}, "/0/price_amount"),
        ({"sku": "X" * 65}, f"/{'X' * 65}/sku"),
        ({"sku": ""}, "//sku"),
        ({"price_currency": "DOLLAR"}, "/TENT-2/price_currency"),
        ({"cost_amount": Decimal("-1")}, "/0/cost_amount"),
        ({"min_age": 100}, "/0/min_age"),
        ({"min_age": -1}, "/0/min_age"),
        ({"allowed_countries": ("US", "XX")}, "/0/allowed_countries"),
        ({"blocked_countries": ("us",)}, "/0/blocked_countries"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    wrong: dict[str, object], pointer: str
) -> None:
    with pytest.raises(services.InvalidVariant) as refused:
        _upsert(replace(TENT, **wrong))  # type: ignore[arg-type]

    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not Variant.objects.exists()
    assert not Product.objects.exists()


def test_a_sku_may_occur_once() -> None:
    with pytest.raises(services.InvalidVariant):
        _upsert(TENT, TENT)


def test_two_sellers_may_use_one_sku() -> None:
    ours = _upsert(TENT)
    other = organizations.ensure_sandbox().pk
    with unit():
        theirs = services.upsert_variants(organization_id=other, drafts=[TENT])

    found = selectors.facts_by_sku(organization_id=other, skus=["TENT-2"])
    assert found["TENT-2"].id == theirs["TENT-2"] != ours["TENT-2"]


def test_statements_do_not_grow_with_the_number_of_variants() -> None:
    organizations.ensure_operator()

    def spent(first: int, count: int) -> int:
        drafts = [replace(TENT, sku=f"S{first + i}") for i in range(count)]
        with CaptureQueriesContext(connection) as captured:
            _upsert(*drafts)
        return len(captured)

    assert spent(0, 1) == spent(1, 40)
