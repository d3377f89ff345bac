"""Addresses: each country's own rules, and reasons with the place of the mistake."""

from __future__ import annotations

import pytest

from oms.core.addresses import PostalAddress, fold, judge

RENO = {"country": "US", "city": "Reno", "region": "NV", "postcode": "89501", "lines": ("1 Main",)}


def _judge(**changes: object) -> list[tuple[str, str]]:
    verdict = judge(PostalAddress(**{**RENO, **changes}))  # type: ignore[arg-type]
    assert verdict.is_deliverable is not bool(verdict.errors)
    return [(error.pointer, error.code) for error in verdict.errors]


def test_a_good_address_is_written_as_its_country_writes_it() -> None:
    verdict = judge(
        PostalAddress(
            country=" us ",
            city="  San   José ",
            region="california",
            postcode=" 95112 ",
            lines=("  1 Main St ", "", "  "),
        )
    )
    assert verdict.errors == ()
    assert verdict.address == PostalAddress("US", "San José", "CA", "95112", ("1 Main St",))


@pytest.mark.parametrize(
    "address",
    [
        PostalAddress("BR", "São Paulo", "SP", "01310-100", ("Av. Paulista 1",)),
        PostalAddress("BR", "Sao Paulo", "sao paulo", "01310100", ("Av. Paulista 1",)),
        PostalAddress("DE", "Berlin", "", "10115", ("Invalidenstr. 1",)),
        PostalAddress("GB", "London", "", "sw1a 1aa", ("1 The Mall",)),
        PostalAddress("HK", "", "Kowloon", "", ("1 Nathan Road",)),
        PostalAddress("SG", "", "", "238801", ("1 Orchard Road",)),
    ],
    ids=lambda address: address.country,
)
def test_addresses_of_the_world(address: PostalAddress) -> None:
    found = [(e.pointer, e.code) for e in judge(address).errors]
    assert [error for error in found if error[0] != "/ship_to/city"] == []


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"country": "XX"}, [("/ship_to/country", "unknown_country")]),
        ({"country": ""}, [("/ship_to/country", "unknown_country")]),
        ({"country": "USA"}, [("/ship_to/country", "unknown_country")]),
        ({"country": "ZZ"}, [("/ship_to/country", "unknown_country")]),
        ({"country": "../x"}, [("/ship_to/country", "unknown_country")]),
        ({"city": " "}, [("/ship_to/city", "required")]),
        ({"region": ""}, [("/ship_to/region", "required")]),
        ({"postcode": ""}, [("/ship_to/postcode", "required")]),
        ({"lines": ("", " ")}, [("/ship_to/lines", "required")]),
        ({"postcode": "8950"}, [("/ship_to/postcode", "invalid_postcode")]),
        ({"postcode": "10001"}, [("/ship_to/postcode", "invalid_postcode")]),
        ({"region": "Bavaria"}, [("/ship_to/region", "unknown_region")]),
        (
            {"city": "", "postcode": "x"},
            [("/ship_to/city", "required"), ("/ship_to/postcode", "invalid_postcode")],
        ),
    ],
)
def test_each_mistake_has_its_place_and_code(
    changes: dict[str, object], errors: list[tuple[str, str]]
) -> None:
    assert _judge(**changes) == errors


def test_a_channel_may_keep_the_street_to_itself() -> None:
    address = PostalAddress(**{**RENO, "lines": ()})  # type: ignore[arg-type]
    assert judge(address, needs_street=False).is_deliverable
    assert not judge(address).is_deliverable


def test_reasons_never_repeat_what_was_written() -> None:
    verdict = judge(PostalAddress("US", "Reno", "Planted", "Secret", ("Hidden Lane",)))
    words = " ".join(error.detail for error in verdict.errors)
    assert not {"Planted", "Secret", "Hidden"} & set(words.replace(".", " ").split())


@pytest.mark.parametrize(
    ("postcode", "district"), [("89501-1234", "895"), ("SW1A 1AA", "SW1"), ("1-2", "12"), ("", "")]
)
def test_the_district_is_the_first_three_characters(postcode: str, district: str) -> None:
    assert PostalAddress("US", postcode=postcode).postcode_district == district


def test_folding_ignores_case_accents_and_spacing() -> None:
    assert fold("  SÃO   Tomé ") == "sao tome"
    assert fold("Straße") == "strasse"


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, "deliverable"),
        ({"city": " RENO "}, "deliverable"),
        ({"region": "Nevada"}, "corrected"),
        ({"country": "CA", "region": "ON", "city": "Ottawa", "postcode": "k1a0b1"}, "corrected"),
        ({"lines": ("Juniper Hill Rd",)}, "doubtful"),
        ({"lines": ("n/a",)}, "undeliverable"),
    ],
)
def test_an_address_has_one_of_four_levels(changes: dict[str, object], level: str) -> None:
    assert judge(PostalAddress(**{**RENO, **changes})).level == level  # type: ignore[arg-type]


def test_a_postcode_gets_the_separator_its_country_writes() -> None:
    address = PostalAddress("BR", "São Paulo", "SP", "01310100", ("Av. Paulista 1",))
    assert judge(address).address.postcode == "01310-100"


def test_a_town_is_doubted_where_the_towns_of_the_region_are_known() -> None:
    address = PostalAddress("BR", "Curitiba", "SP", "01310-100", ("Av. Paulista 1",))
    assert [(d.pointer, d.code) for d in judge(address).doubts] == [
        ("/ship_to/city", "unknown_city")
    ]


@pytest.mark.parametrize("line", ["P.O. Box 12", "Postfach 33 01", "Caixa Postal 9", "BP 120"])
def test_a_box_at_a_counter_is_seen(line: str) -> None:
    assert judge(PostalAddress(**{**RENO, "lines": (line,)})).is_po_box  # type: ignore[arg-type]
    assert not judge(PostalAddress(**RENO)).is_po_box  # type: ignore[arg-type]
