"""AES-256-GCM in two layers: the key-encryption key of the settings wraps one key per subject.

Every sealed value is bound to where it belongs (additional data), so that a value moved to another
row does not open. Failures say that something cannot be read, never what was in it.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from oms.core.errors import Unavailable

KEY_BYTES = 32
#: The first byte of everything sealed: which format the rest has.
_FORMAT = b"\x01"
_NONCE_BYTES = 12


class KeyMisconfigured(Unavailable):
    """The key of the settings is not 32 bytes in URL-safe base64."""

    code = "contacts.key_misconfigured"
    title = "The contacts key is not usable"
    is_retryable = False


class KeyMismatch(Unavailable):
    """The key of the settings is not the one the stored keys were wrapped with."""

    code = "contacts.key_mismatch"
    title = "The contacts key does not fit the stored data"
    is_retryable = False


class Unreadable(Unavailable):
    """A sealed value was changed, or stands where it does not belong."""

    code = "contacts.unreadable"
    title = "Sealed data cannot be read"
    is_retryable = False


def new_key() -> bytes:
    """This function will return a fresh random key for one subject."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, data: bytes, bound_to: str) -> bytes:
    """This function will encrypt `data`; it opens only with `key` and the same `bound_to`."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, data, bound_to.encode())


def unseal(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """This function will return what `seal` was given.

    :raises Unreadable: another key, another place, or a changed byte.
    """
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        if sealed[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
            raise InvalidTag
        return AESGCM(key).decrypt(nonce, body, bound_to.encode())
    except InvalidTag:
        raise Unreadable from None


def wrap(key: bytes, *, subject_ref: str, version: int) -> bytes:
    """This function will seal a subject's key under the key-encryption key."""
    return seal(_master(), key, _binding(subject_ref, version))


def unwrap(wrapped: bytes, *, subject_ref: str, version: int) -> bytes:
    """This function will return a subject's key.

    :raises KeyMismatch: the settings hold another key-encryption key, or the row was tampered with.
    """
    try:
        return unseal(_master(), wrapped, _binding(subject_ref, version))
    except Unreadable:
        raise KeyMismatch(
            "OMS_CONTACTS_KEY does not open the stored contact keys; restore the key this "
            "database was written with."
        ) from None


def system_key() -> bytes:
    """This function will return the key for the product's own secrets, which have no subject."""
    return _derive(settings.OMS["CONTACTS_KEY"])


def _binding(subject_ref: str, version: int) -> str:
    return f"contacts_subject|{subject_ref}|{version}"


def _master() -> bytes:
    return _decode(settings.OMS["CONTACTS_KEY"])


@lru_cache(maxsize=4)
def _decode(text: str) -> bytes:
    try:
        key = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyMisconfigured("OMS_CONTACTS_KEY must be 32 bytes in URL-safe base64.")
    return key


@lru_cache(maxsize=4)
def _derive(text: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"oms.contacts.system").derive(_decode(text))
