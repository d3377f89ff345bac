"""Turns what happened on the wire into the port's three kinds of failure."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
from django.utils.translation import gettext as _

from carriers.adapters.base import (
    CarrierError,
    CarrierInDoubt,
    CarrierMisconfigured,
    CarrierRejected,
    CarrierUnavailable,
)

#: Failures before the first byte left: certainly without effect.
NOTHING_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
_NOTHING_DONE_STATUSES: Final = frozenset({429, 503})
_RETRY_AFTER = re.compile(r"\d{1,5}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,49}")


def from_transport(error: httpx.HTTPError, *, has_effect: bool) -> CarrierError:
    """This function will judge a failed exchange; `has_effect` says whether the call changes
    anything at the carrier, since a lost answer to a mere question leaves no doubt."""
    if isinstance(error, NOTHING_SENT) or not has_effect:
        return CarrierUnavailable(_("The carrier does not answer."), retry_after_s=5)
    return CarrierInDoubt(_("The connection to the carrier broke before its answer."))


def from_response(response: httpx.Response, *, has_effect: bool) -> CarrierError:
    """This function will judge an answer other than success.

    The carrier's own words are dropped: they may repeat the recipient's address.
    """
    status = response.status_code
    if status in _NOTHING_DONE_STATUSES:
        return CarrierUnavailable(
            _("The carrier asks to wait."), retry_after_s=_retry_after(response)
        )
    if status == 401:
        return CarrierMisconfigured(_("The carrier does not accept our credentials."))
    if 400 <= status < 500:
        return _rejected(_error_of(response))
    if has_effect:
        return CarrierInDoubt(_("The carrier failed without saying what it did."))
    return CarrierUnavailable(_("The carrier failed."), retry_after_s=5)


def _retry_after(response: httpx.Response) -> int:
    value = response.headers.get("retry-after", "")
    return int(value) if _RETRY_AFTER.fullmatch(value) else 5


def _error_of(response: httpx.Response) -> dict[str, Any]:
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _rejected(error: dict[str, Any]) -> CarrierRejected:
    code = str(error.get("code", ""))
    if not _CODE.fullmatch(code):
        code = "unknown"
    return CarrierRejected(code, _message(code), error.get("is_retryable") is True)


def _message(code: str) -> str:
    known = {
        "address_undeliverable": _("The carrier does not deliver to this address."),
        "address_not_printable": _("The carrier prints Latin letters only."),
        "service_unknown": _("The carrier does not offer this service."),
        "parcel_too_heavy": _("The parcel is heavier than the service allows."),
        "parcel_too_large": _("The parcel is larger than the service allows."),
        "already_handed_over": _("The parcel was handed over already."),
        "label_voided": _("The label of this reference was voided."),
        "not_found": _("The carrier does not know this number."),
    }
    return known.get(code, "")
