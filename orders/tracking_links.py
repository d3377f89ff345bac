"""Tracking links: a token nobody can guess (128 bits), of which the database keeps only a hash.

The token is derived from the order's identifier under the install's hash key, so that staff and
API can show the link again without storing it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from django.conf import settings

_TOKEN = re.compile(r"^[a-z2-7]{26}$")


def token_for(public_id: str) -> str:
    """This function will return the tracking token of an order: 26 characters of base 32."""
    digest = hmac.new(
        str(settings.OMS["HASH_KEY"]).encode(), f"track|{public_id}".encode(), hashlib.sha256
    ).digest()
    return base64.b32encode(digest[:16]).decode().rstrip("=").lower()


def hash_of(token: str) -> str:
    """This function will return what the database stores for a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_well_formed(token: str) -> bool:
    """This function will tell whether a text could be a token at all."""
    return bool(_TOKEN.match(token))


def path_for(public_id: str) -> str:
    """This function will return the path of an order's public page."""
    return f"/track/{token_for(public_id)}/"
