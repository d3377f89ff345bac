"""The text of an API key: `oms_live_` or `oms_test_`, then id (8), secret (32) and CRC32 (6),
all base 62. The checksum refuses mistyped keys without asking the database, and
lets scanners tell a leaked key from noise."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH, _SECRET_LENGTH, _CHECK_LENGTH = 8, 32, 6
_FORM = re.compile(
    rf"(oms_(?:live|test)_)([0-9A-Za-z]{{{_ID_LENGTH}}})"
    rf"([0-9A-Za-z]{{{_SECRET_LENGTH}}})([0-9A-Za-z]{{{_CHECK_LENGTH}}})"
)


def make(*, is_sandbox: bool) -> tuple[str, str]:
    """This function will return a new key's id and its whole text."""
    key_id = _random(_ID_LENGTH)
    body = f"oms_{'test' if is_sandbox else 'live'}_{key_id}{_random(_SECRET_LENGTH)}"
    return key_id, body + _checksum(body)


def find_id(text: str) -> str | None:
    """This function will return the id in a well-formed key, None when form or checksum fail."""
    form = _FORM.fullmatch(text)
    if form is None or _checksum(text[:-_CHECK_LENGTH]) != form[4]:
        return None
    return form[2]


def is_sandbox(text: str) -> bool:
    """This function will tell which world a well-formed key says it is for."""
    return text.startswith("oms_test_")


def digest(text: str) -> str:
    """This function will return what is stored of a key.

    A plain SHA-256 is enough for 190 random bits, and as fast as an API needs it.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    value, out = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        value, digit = divmod(value, len(_ALPHABET))
        out = _ALPHABET[digit] + out
    return out
