"""What one sandbox account needs, read from its settings, else from the installation's."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from carriers.adapters.base import CarrierMisconfigured

CONNECT_TIMEOUT_S = 2.0
TOTAL_TIMEOUT_S = 8.0
#: Calls of one `buy_many` that are under way at the same time.
OVERLAP = 8


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Address and shared secret; the secret is both the bearer and the webhook signing key."""

    base_url: str
    secret: str = field(repr=False)
    timeout_s: float = TOTAL_TIMEOUT_S


def load(given: Mapping[str, Any]) -> SandboxSettings:
    """This function will return the account's settings, filled up from `settings.OMS`.

    The address may stay empty: a webhook can be verified without one.

    :raises CarrierMisconfigured: there is no secret.
    """
    from django.conf import settings

    installation: Mapping[str, Any] = getattr(settings, "OMS", {})
    secret = str(given.get("secret") or installation.get("SANDBOX_CARRIER_SECRET") or "")
    if not secret:
        raise CarrierMisconfigured(_("The sandbox carrier has no shared secret."))
    base_url = str(given.get("base_url") or installation.get("SANDBOX_CARRIER_URL") or "")
    return SandboxSettings(
        base_url=base_url.rstrip("/"),
        secret=secret,
        timeout_s=float(given.get("timeout_s") or TOTAL_TIMEOUT_S),
    )


def signing_key(secret: str) -> bytes:
    """This function will return the HMAC key: the decoded base64 (either alphabet) of the secret.

    :raises CarrierMisconfigured: the secret is not base64, or shorter than 24 bytes.
    """
    text = secret.removeprefix("whsec_").translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # 24 bytes is the least that Standard Webhooks allows.
    if len(key) < 24:
        raise CarrierMisconfigured(
            _("The sandbox carrier's secret must be base64 of at least 24 bytes.")
        )
    return key
