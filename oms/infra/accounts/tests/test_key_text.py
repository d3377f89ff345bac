"""The text of a key: its form, and a checksum that notices every typing error."""

from __future__ import annotations

import re
import string

import pytest

from oms.infra.accounts import key_text


@pytest.mark.parametrize(("is_sandbox", "prefix"), [(False, "oms_live_"), (True, "oms_test_")])
def test_a_key_has_prefix_id_secret_and_checksum(is_sandbox: bool, prefix: str) -> None:
    key_id, text = key_text.make(is_sandbox=is_sandbox)
    assert re.fullmatch(rf"{prefix}{key_id}[0-9A-Za-z]{{38}}", text)
    assert len(key_id) == 8
    assert key_text.find_id(text) == key_id
    assert key_text.is_sandbox(text) is is_sandbox


def test_a_known_key_keeps_its_checksum() -> None:
    body = "oms_live_abcdefgh" + "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    assert key_text.find_id(body + "03qhpA") == "abcdefgh"


def test_every_single_typing_error_is_noticed() -> None:
    _, text = key_text.make(is_sandbox=False)
    for index, old in enumerate(text):
        for new in "aZ5_" if old not in "aZ5_" else string.digits.replace(old, ""):
            assert key_text.find_id(text[:index] + new + text[index + 1 :]) is None


def test_swapped_neighbors_and_the_other_world_are_noticed() -> None:
    _, text = key_text.make(is_sandbox=False)
    for index in range(9, len(text) - 1):
        one, other = text[index], text[index + 1]
        if one != other:
            assert key_text.find_id(text[:index] + other + one + text[index + 2 :]) is None
    assert key_text.find_id(text.replace("oms_live_", "oms_test_")) is None


@pytest.mark.parametrize(
    "text", ["", "oms_live_", "x" * 55, "oms_live_" + "é" * 46, "oms_live_" + "0" * 46 + "\n"]
)
def test_what_is_no_key_has_no_id(text: str) -> None:
    assert key_text.find_id(text) is None


def test_the_digest_is_sha256_of_the_whole_text() -> None:
    assert key_text.digest("abc").startswith("ba7816bf8f01cfea")
