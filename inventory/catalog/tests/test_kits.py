"""Kits, units of measure and tracking, as far as the catalog alone knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory.catalog import selectors, services
from inventory.catalog.models import KitComponent, Variant, VariantUnit
from inventory.catalog.types import VariantDraft
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db

DRAFT = VariantDraft(
    sku="SET",
    name="Camping set",
    weight_g=5_000,
    length_mm=600,
    width_mm=300,
    height_mm=300,
    price_amount=Decimal("299.00"),
    price_currency="USD",
)


@pytest.fixture
def ids() -> dict[str, int]:
    with unit():
        return services.upsert_variants(
            organization_id=organizations.ensure_operator().pk,
            drafts=[replace(DRAFT, sku=sku) for sku in ("SET", "TENT", "STOVE", "POT", "BIG")],
        )


def _set(kit_id: int, components: Mapping[int, int]) -> None:
    with unit():
        services.set_components(kit_id=kit_id, components=components)


def test_a_kit_has_exactly_the_parts_of_the_last_call(ids: dict[str, int]) -> None:
    _set(ids["SET"], {ids["TENT"]: 1, ids["STOVE"]: 2})
    _set(ids["BIG"], {ids["POT"]: 4})

    _set(ids["SET"], {ids["POT"]: 3, ids["TENT"]: 2})

    assert selectors.components_of(variant_ids=ids.values()) == {
        ids["SET"]: ((ids["TENT"], 2), (ids["POT"], 3)),
        ids["BIG"]: ((ids["POT"], 4),),
    }


def test_without_parts_it_is_an_ordinary_variant_again(ids: dict[str, int]) -> None:
    _set(ids["SET"], {ids["TENT"]: 1})

    _set(ids["SET"], {})

    assert selectors.components_of(variant_ids=ids.values()) == {}
    _set(ids["BIG"], {ids["SET"]: 1})


def test_kits_do_not_nest_either_way(ids: dict[str, int]) -> None:
    _set(ids["SET"], {ids["TENT"]: 1})

    with pytest.raises(services.InvalidKit) as outer:
        _set(ids["BIG"], {ids["SET"]: 1, ids["POT"]: 1})
    with pytest.raises(services.InvalidKit) as inner:
        _set(ids["TENT"], {ids["POT"]: 1})

    assert [(e.pointer, e.code) for e in outer.value.errors] == [
        (f"/components/{ids['SET']}", "nested")
    ]
    assert [e.code for e in inner.value.errors] == ["nested"]
    assert list(KitComponent.objects.values_list("kit_id", "component_id")) == [
        (ids["SET"], ids["TENT"])
    ]


def test_the_database_itself_lets_no_kit_nest(ids: dict[str, int]) -> None:
    _set(ids["SET"], {ids["TENT"]: 1})

    for kit, component in (("BIG", "SET"), ("TENT", "POT")):
        with pytest.raises(IntegrityError, match="no kit"), transaction.atomic():
            KitComponent.objects.create(kit_id=ids[kit], component_id=ids[component], quantity=1)


@pytest.mark.parametrize("quantity", [0, -1, 100_001, True, 1.5, "2"])
def test_a_wrong_quantity_is_named_and_the_old_parts_stay(
    ids: dict[str, int], quantity: int
) -> None:
    _set(ids["SET"], {ids["TENT"]: 1})

    with pytest.raises(services.InvalidKit) as refused:
        _set(ids["SET"], {ids["STOVE"]: quantity})

    assert [e.pointer for e in refused.value.errors] == [f"/components/{ids['STOVE']}/quantity"]
    assert selectors.components_of(variant_ids=ids.values()) == {ids["SET"]: ((ids["TENT"], 1),)}


def test_parts_are_the_sellers_own_and_not_the_kit_itself(ids: dict[str, int]) -> None:
    with unit():
        theirs = services.upsert_variants(
            organization_id=organizations.ensure_sandbox().pk, drafts=[DRAFT]
        )["SET"]

    with pytest.raises(services.InvalidKit) as refused:
        _set(ids["SET"], {ids["SET"]: 1, theirs: 1, 999_999_999: 1})

    assert {e.pointer: e.code for e in refused.value.errors} == {
        f"/components/{ids['SET']}": "itself",
        f"/components/{theirs}": "unknown",
        "/components/999999999": "unknown",
    }
    assert not KitComponent.objects.exists()


def test_a_kit_has_no_more_parts_than_people_can_pack(ids: dict[str, int]) -> None:
    with pytest.raises(services.InvalidKit) as refused:
        _set(ids["SET"], {ids["TENT"] + n: 1 for n in range(services.MAX_PARTS + 1)})

    assert [e.code for e in refused.value.errors] == ["too_many"]


def test_parts_of_nothing_are_refused() -> None:
    with pytest.raises(services.UnknownVariant):
        _set(999_999_999, {})


def test_statements_do_not_grow_with_the_number_of_parts(ids: dict[str, int]) -> None:
    with unit():
        parts = services.upsert_variants(
            organization_id=organizations.ensure_operator().pk,
            drafts=[replace(DRAFT, sku=f"P{n}") for n in range(30)],
        )

    def spent(kit: str, components: Mapping[int, int]) -> int:
        with CaptureQueriesContext(connection) as captured:
            _set(ids[kit], components)
        return len(captured)

    assert spent("SET", {ids["TENT"]: 1}) == spent("BIG", dict.fromkeys(parts.values(), 2))


def test_units_are_replaced_as_a_whole(ids: dict[str, int]) -> None:
    with unit():
        services.set_units(variant_id=ids["TENT"], units={"case": 12, "pallet": 480})
        services.set_units(variant_id=ids["TENT"], units={"case": 10, "box": 5})

    assert selectors.units_of(variant_ids=ids.values()) == {ids["TENT"]: {"box": 5, "case": 10}}


@pytest.mark.parametrize(
    ("code", "factor", "pointer"),
    [
        ("case", 1, "/units/case/factor"),
        ("case", 0, "/units/case/factor"),
        ("case", -12, "/units/case/factor"),
        ("case", 100_001, "/units/case/factor"),
        ("case", True, "/units/case/factor"),
        ("case", 2.0, "/units/case/factor"),
        ("", 2, "/units/"),
        (" case", 2, "/units/ case"),
        ("c" * 13, 2, f"/units/{'c' * 13}"),
    ],
)
def test_a_wrong_unit_is_named_and_nothing_changes(
    ids: dict[str, int], code: str, factor: int, pointer: str
) -> None:
    with pytest.raises(services.InvalidUnit) as refused, unit():
        services.set_units(variant_id=ids["TENT"], units={"box": 5, code: factor})

    assert [e.pointer for e in refused.value.errors] == [pointer]
    assert not VariantUnit.objects.exists()


def test_units_of_nothing_are_refused() -> None:
    with pytest.raises(services.UnknownVariant), unit():
        services.set_units(variant_id=999_999_999, units={"case": 12})


def test_tracking_is_set_with_the_variant_or_alone_and_keeps_its_history(
    ids: dict[str, int],
) -> None:
    with acting(actor="staff:7"), unit():
        services.upsert_variants(
            organization_id=organizations.ensure_operator().pk,
            drafts=[replace(DRAFT, sku="POT", tracking="serial")],
        )
        services.set_tracking(variant_id=ids["TENT"], tracking="lot")
        services.set_tracking(variant_id=ids["TENT"], tracking="lot")

    facts = selectors.facts_by_id(variant_ids=ids.values())
    assert {facts[ids[sku]].sku: facts[ids[sku]].tracking for sku in ("SET", "TENT", "POT")} == {
        "SET": "none",
        "TENT": "lot",
        "POT": "serial",
    }
    story = Variant.history.filter(id=ids["TENT"]).order_by("history_id")
    assert list(story.values_list("tracking", "history_change_reason"))[1:] == [("lot", "staff:7")]


def test_unknown_tracking_is_refused(ids: dict[str, int]) -> None:
    with pytest.raises(services.InvalidVariant), unit():
        services.set_tracking(variant_id=ids["TENT"], tracking="batch")
    with pytest.raises(services.UnknownVariant), unit():
        services.set_tracking(variant_id=999_999_999, tracking="lot")

    assert set(Variant.objects.values_list("tracking", flat=True)) == {"none"}
