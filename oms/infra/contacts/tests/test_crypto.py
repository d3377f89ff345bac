"""The envelope: what is sealed opens only where it belongs, with the key it was sealed with."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from oms.infra.contacts import crypto

OTHER_KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


def _set_key(settings: Any, value: str) -> None:
    settings.OMS = {**settings.OMS, "CONTACTS_KEY": value}


def test_sealed_data_opens_with_key_and_place() -> None:
    key = crypto.new_key()
    assert crypto.unseal(key, crypto.seal(key, b"secret", "row|1"), "row|1") == b"secret"


def test_sealing_twice_gives_different_bytes() -> None:
    key = crypto.new_key()
    assert crypto.seal(key, b"secret", "row|1") != crypto.seal(key, b"secret", "row|1")


def test_every_changed_byte_is_noticed() -> None:
    key = crypto.new_key()
    sealed = crypto.seal(key, b"secret", "row|1")
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(key, bytes(changed), "row|1")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"n" * 12, b"\x02" * 60])
def test_what_was_never_sealed_is_unreadable(sealed: bytes) -> None:
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(crypto.new_key(), sealed, "row|1")


def test_another_place_or_key_is_unreadable() -> None:
    key = crypto.new_key()
    sealed = crypto.seal(key, b"secret", "row|1")
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(key, sealed, "row|2")
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(crypto.new_key(), sealed, "row|1")


def test_a_wrapped_key_belongs_to_subject_and_version() -> None:
    key = crypto.new_key()
    wrapped = crypto.wrap(key, subject_ref="sub_A", version=1)
    assert crypto.unwrap(wrapped, subject_ref="sub_A", version=1) == key
    for ref, version in (("sub_B", 1), ("sub_A", 2)):
        with pytest.raises(crypto.KeyMismatch):
            crypto.unwrap(wrapped, subject_ref=ref, version=version)


def test_another_key_of_the_settings_names_the_setting(settings: Any) -> None:
    wrapped = crypto.wrap(crypto.new_key(), subject_ref="sub_A", version=1)
    _set_key(settings, OTHER_KEY)
    with pytest.raises(crypto.KeyMismatch, match="OMS_CONTACTS_KEY") as caught:
        crypto.unwrap(wrapped, subject_ref="sub_A", version=1)
    assert (caught.value.status, caught.value.is_retryable) == (503, False)


@pytest.mark.parametrize("value", ["", "short", base64.urlsafe_b64encode(b"x" * 31).decode(), "é"])
def test_an_unusable_key_of_the_settings_is_said(settings: Any, value: str) -> None:
    _set_key(settings, value)
    with pytest.raises(crypto.KeyMisconfigured, match="32 bytes"):
        crypto.wrap(crypto.new_key(), subject_ref="sub_A", version=1)


def test_the_system_key_is_neither_the_key_of_the_settings_nor_constant(settings: Any) -> None:
    first = crypto.system_key()
    _set_key(settings, OTHER_KEY)
    assert len({first, crypto.system_key(), b"k" * 32}) == 3
