"""Columns: found by their names, said once, told when they do not fit."""

from __future__ import annotations

import pytest

from orders.importing import columns, templates
from orders.importing.columns import UnreadableFile

FULL = ("external_ref", "sku", "quantity", "currency", "country")


def test_columns_are_suggested_whatever_their_case_signs_and_habits() -> None:
    found = columns.suggest(
        [
            "Order No.",
            "Item SKU",
            "QTY",
            "Währung",
            "Ship-to Country",
            "Zip Code",
            "e-mail",
            "Notes",
        ]
    )

    assert found == {
        "Order No.": "external_ref",
        "Item SKU": "sku",
        "QTY": "quantity",
        "Ship-to Country": "country",
        "Zip Code": "postcode",
        "e-mail": "email",
    }


def test_a_fields_own_name_wins_over_what_others_call_it() -> None:
    assert columns.suggest(["Order", "external_ref"]) == {"external_ref": "external_ref"}


def test_what_the_channel_said_before_wins_over_habit() -> None:
    assert columns.suggest(["Order"], {"order": "customer_ref"}) == {"Order": "customer_ref"}


def test_a_mapping_names_each_columns_field() -> None:
    given = ("Order No.", "SKU", "Quantity", "currency", "country", "Notes", "error_code", "")

    fields = columns.settle(given, {"order no": "external_ref", "Notes": ""})

    assert fields == ("external_ref", "sku", "quantity", "currency", "country", "", "", "")


@pytest.mark.parametrize(
    ("given", "mapping", "wrong"),
    [
        (FULL[1:], {}, [("/external_ref", "missing_column")]),
        ((*FULL, "Zip"), {}, [("/Zip", "unknown_column")]),
        ((*FULL, "Color"), {"color": "colour"}, [("/Color", "unknown_column")]),
        ((*FULL, "Sku "), {}, [("/Sku ", "column_twice")]),
        ((), {}, [(f"/{name}", "missing_column") for name in columns.REQUIRED]),
    ],
)
def test_columns_that_do_not_fit_are_told(
    given: tuple[str, ...], mapping: dict[str, str], wrong: list[tuple[str, str]]
) -> None:
    with pytest.raises(UnreadableFile) as caught:
        columns.settle(given, mapping)

    assert [(e.pointer, e.code) for e in caught.value.errors] == wrong


def test_an_unknown_column_is_told_what_it_may_be() -> None:
    with pytest.raises(UnreadableFile, match="Perhaps postcode"):
        columns.settle((*FULL, "Zip Code"))


def test_every_field_is_in_the_templates() -> None:
    header = templates.render("csv").decode().splitlines()[0]

    assert header.split(",") == list(columns.NAMES)
