"""Tracking links: a token nobody can guess (128 bits), of which the database keeps only a hash.

The token is derived from the order's identifier under the install's hash key, so that staff and
API can show the link again without storing it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache

from django.conf import settings

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_TOKEN = re.compile(r"^[a-z2-7]{26}$")


def token_for(public_id: str) -> str:
    """This function will return the tracking token of an order: 26 characters of base 32."""
    return _derived(str(settings.OMS["HASH_KEY"]), public_id)


# Whoever places an order asks for its token twice: to store its hash, and to answer.
@lru_cache(maxsize=1024)
def _derived(key: str, public_id: str) -> str:
    digest = hmac.digest(key.encode(), f"track|{public_id}".encode(), hashlib.sha256)
    # 128 bits, and two zeros to fill the last of 26 characters.
    bits = int.from_bytes(digest[:16]) << 2
    return "".join([_ALPHABET[bits >> shift & 31] for shift in range(125, -1, -5)])


def hash_of(token: str) -> str:
    """This function will return what the database stores for a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_well_formed(token: str) -> bool:
    """This function will tell whether a text could be a token at all."""
    return bool(_TOKEN.match(token))


def path_for(public_id: str) -> str:
    """This function will return the path of an order's public page."""
    return f"/track/{token_for(public_id)}/"
