"""Keyed hashes: equal people meet, different ones do not, nothing is readable without the key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oms.infra.contacts import hashing
from oms.infra.contacts.tests.factories import PERSON


@pytest.mark.parametrize(
    ("given", "country", "expected"),
    [
        ("(775) 555-0147", "US", "+17755550147"),
        ("+1 775-555-0147", "", "+17755550147"),
        ("001 775 555 0147", "DE", "+17755550147"),
        ("11 91234-5678", "BR", "+5511912345678"),
        ("11 91234-5678", "br", "+5511912345678"),
        ("775 555 0147", "", "7755550147"),
        ("call me", "US", ""),
        ("775", "XX", "775"),
    ],
)
def test_phone_numbers_meet_in_one_form(given: str, country: str, expected: str) -> None:
    assert hashing.normalize_phone(given, country=country) == expected


def test_mail_addresses_meet_without_case_and_margins() -> None:
    assert hashing.normalize_email("  W.Ashgrove@Planted.Example ") == "w.ashgrove@planted.example"


def test_a_hash_is_64_hex_digits_and_depends_on_kind_value_and_key(settings: Any) -> None:
    first = hashing.keyed_hash("email", "A@b.example")
    assert len(first) == 64
    assert int(first, 16)
    assert first == hashing.keyed_hash("email", "a@B.example")
    assert first != hashing.keyed_hash("email", "c@b.example")
    assert first != hashing.keyed_hash("tracking", "a@b.example")
    settings.OMS = {**settings.OMS, "HASH_KEY": "another"}
    assert first != hashing.keyed_hash("email", "a@b.example")


def test_other_kinds_are_taken_as_they_are() -> None:
    assert hashing.keyed_hash("token", "Abc") != hashing.keyed_hash("token", "abc")


def test_names_are_words_without_case_accents_and_order() -> None:
    assert hashing.name_hashes("José  da SILVA") == hashing.name_hashes("silva", "Jose da")
    assert len(hashing.name_hashes("José da Silva")) == 3
    assert {len(h) for h in hashing.name_hashes("José da Silva")} == {32}
    assert hashing.name_hashes("", " - ") == []


def test_a_fingerprint_counts_content_not_spacing() -> None:
    spaced = replace(PERSON, name=" Wilhelmina   Ashgrove-Planté ", country="us")
    assert hashing.fingerprint(spaced) == hashing.fingerprint(PERSON)


@pytest.mark.parametrize(
    "change",
    [
        {"subject_id": 9},
        {"name": "Wilhelmina Ashgrove-Plante"},
        {"company": ""},
        {"phone": "1"},
        {"email": "other@planted.example"},
        {"country": "CA"},
        {"region": "CA"},
        {"city": "Sparks"},
        {"postcode": "89502"},
        {"lines": ("4711 Quartz Hollow Lane Apt 93C",)},
    ],
)
def test_a_fingerprint_sees_every_change(change: dict[str, Any]) -> None:
    assert hashing.fingerprint(replace(PERSON, **change)) != hashing.fingerprint(PERSON)


def test_parts_cannot_slide_into_each_other() -> None:
    one = replace(PERSON, name="A", company="B\nC")
    other = replace(PERSON, name="A\nB", company="C")
    assert hashing.fingerprint(one) != hashing.fingerprint(other)
