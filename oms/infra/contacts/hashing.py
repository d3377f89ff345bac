"""Keyed hashes: equal values can be found without being readable, given the key of the settings."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence

import phonenumbers
from django.conf import settings

from oms.core.addresses import fold
from oms.infra.contacts.types import ContactData, ContactDraft

#: 128 bits of a name token's hash are kept: enough to be unique, half the index.
NAME_HASH_LENGTH = 32
MAX_NAME_TOKENS = 16

_TOKEN = re.compile(r"\w+")
_E164 = phonenumbers.PhoneNumberFormat.E164


def keyed_hash(kind: str, value: str, *, country: str = "") -> str:
    """This function will return 64 hex digits: HMAC-SHA256 of kind and normalized value.

    Kinds "email" and "phone" are normalized (`country` reads a national number); other kinds are
    taken as they are.
    """
    if kind == "email":
        value = normalize_email(value)
    elif kind == "phone":
        value = normalize_phone(value, country=country)
    return _digest(kind, value)


def name_hashes(*names: str) -> list[str]:
    """This function will return sorted hashes of the words of names, without case and accents."""
    tokens = {token for name in names for token in _TOKEN.findall(fold(name))}
    return sorted(_digest("name", t)[:NAME_HASH_LENGTH] for t in sorted(tokens)[:MAX_NAME_TOKENS])


def address_hash(draft: ContactDraft | ContactData) -> str:
    """This function will return the hash of a door, whoever lives there; nothing without a street.

    Case, accents, spacing and signs do not count.
    """
    if not draft.lines:
        return ""
    words = _TOKEN.findall(fold(" ".join((*draft.lines, draft.postcode, draft.country))))
    return _digest("address", "".join(words))[:NAME_HASH_LENGTH]


def fingerprint(draft: ContactDraft) -> str:
    """This function will return the hash of a draft's content; spacing does not count, case does.

    The subject is part of it: equal content of two subjects cannot be told from the table.
    """
    content = (
        draft.name,
        draft.company,
        draft.phone,
        draft.email,
        draft.country.upper(),
        draft.region,
        draft.city,
        draft.postcode,
        *draft.lines,
    )
    return _digest(f"contact:{draft.subject_id}", _joined(content))


def normalize_email(value: str) -> str:
    """This function will return the address as it is compared: composed, trimmed, without case."""
    return unicodedata.normalize("NFKC", value).strip().casefold()


def normalize_phone(value: str, *, country: str = "") -> str:
    """This function will return E.164 where the number can be read, else its digits alone."""
    text = unicodedata.normalize("NFKC", value).strip()
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return "".join(c for c in text if c.isdigit())
    return phonenumbers.format_number(number, _E164)


def _joined(parts: Sequence[str]) -> str:
    # The separator cannot stand in a part: all white space of a part is single spaces.
    return "\n".join(" ".join(unicodedata.normalize("NFC", part).split()) for part in parts)


def _digest(kind: str, value: str) -> str:
    key = str(settings.OMS["HASH_KEY"]).encode()
    return hmac.digest(key, f"{kind}\0{value}".encode(), hashlib.sha256).hex()
