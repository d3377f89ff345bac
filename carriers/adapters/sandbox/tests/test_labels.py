"""What the printer gets: a page of the right size, a number that scans, nothing that breaks out."""

from __future__ import annotations

import re

import pytest

from carriers.adapters.sandbox import mapping, testing
from carriers.adapters.sandbox.simulator import labels, parcels, world
from carriers.adapters.sandbox.simulator.sales import tracking_number

NUMBER = "SBX4821907355162"


def facts(**changes) -> labels.LabelFacts:
    wire = mapping.label_to_wire(testing.label_request(**changes))
    parcel = parcels.read(wire)
    service = world.find_service(parcel.service)
    assert service is not None
    return labels.facts(parcel=parcel, service=service, tracking_number=NUMBER)


def test_pdf_is_one_page_of_four_by_six_inches_and_repeatable():
    page = labels.pdf(facts())

    assert re.findall(rb"/MediaBox \[ (.*?) \]", page) == [b"0 0 288 432"]
    assert page == labels.pdf(facts())
    assert page != labels.pdf(facts(order_number="10483"))


def test_zpl_carries_the_number_as_code_128_and_what_people_read():
    text = labels.zpl(facts()).decode()

    assert text.startswith("^XA")
    assert text.endswith("^XZ\n")
    assert f"^BCN,210,N,N,N,A^FD{NUMBER}^FS" in text
    for printed in ("ADA EXAMPLE", "12 SAMPLE STREET", "DENVER CO 80202", "ORDER 10482", "1.20 KG"):
        assert printed in text
    assert "US CO 802-G" in text


def test_zpl_prints_commands_in_an_address_as_text():
    text = labels.zpl(facts(destination=testing.address(name="A^XZ~JR_5E"))).decode()

    assert text.count("^XZ") == 1
    assert "A_5EXZ_7EJR_5F5E" in text


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("São João", "São João"),
        ("Łódź", "Lódz"),
        ("Đorđe Ñandú", "Dorde Ñandú"),
        ("山田", None),
        ("line\nbreak", None),
    ],
)
def test_printable_spells_in_latin_letters_or_refuses(given, printed):
    assert labels.printable(given) == printed


def test_recipient_lines_drop_empty_and_repeated_ones():
    party = facts(destination=testing.address(name="Acme", company="ACME", lines=("", "Dock 4")))

    assert labels.recipient_lines(party.parcel.destination) == ["ACME", "DOCK 4"]


def test_towns_are_written_as_their_country_does():
    berlin = facts(
        destination=testing.address("Berlin", region="BE", postcode="10115", country="DE")
    )

    assert labels.town_line(berlin.parcel.destination) == "10115 BERLIN"


def test_tracking_numbers_carry_a_check_digit():
    number = tracking_number("shp_1:1")
    digits = [int(digit) for digit in number.removeprefix("SBX")]

    total = sum(digit * (1, 3)[place % 2] for place, digit in enumerate(reversed(digits)))
    assert total % 10 == 0
    assert number != tracking_number("shp_1:2")
