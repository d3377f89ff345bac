"""Keeps what the carrier must print again, and nobody may read: the addresses of a parcel."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class Seal:
    """AES-256-GCM under a key derived from the shared secret, bound to the label's reference."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(SHA256(), length=32, salt=None, info=b"sandbox carrier labels").derive(secret)
        self._cipher = AESGCM(key)

    def close(self, payload: Mapping[str, Any], *, reference: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        text = json.dumps(payload, separators=(",", ":")).encode()
        return nonce + self._cipher.encrypt(nonce, text, reference.encode())

    def open(self, sealed: bytes, *, reference: str) -> dict[str, Any]:
        """This function will return the payload.

        :raises cryptography.exceptions.InvalidTag: another secret, or another reference.
        """
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return dict(json.loads(self._cipher.decrypt(nonce, text, reference.encode())))
