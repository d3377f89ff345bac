"""The sandbox carrier over HTTP: bounded in time and size, one kept-alive pool per process."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import httpx
from django.utils.translation import gettext as _
from standardwebhooks.webhooks import Webhook

from carriers.adapters.base import (
    MANIFEST_BATCH,
    TRACK_BATCH,
    Capabilities,
    CarrierAdapter,
    CarrierError,
    CarrierInDoubt,
    CarrierMisconfigured,
    CarrierUnavailable,
    InvalidSignature,
    LabelRequest,
    LabelResult,
    MalformedWebhook,
    ManifestResult,
    Quote,
    TrackingScan,
)
from carriers.adapters.sandbox import errors, mapping
from carriers.adapters.sandbox.settings import (
    CONNECT_TIMEOUT_S,
    OVERLAP,
    SandboxSettings,
    signing_key,
)
from oms.core import clock

T = TypeVar("T")

_MAX_ANSWER_BYTES = 8 * 1024 * 1024
_TIMESTAMP = re.compile(r"[0-9]{10}")
#: Our identifiers in a path: anything else would change the request's meaning.
_TRACKING_NUMBER = re.compile(r"[A-Za-z0-9]{1,40}")


_pools: dict[tuple[SandboxSettings, int], httpx.Client] = {}
_pools_lock = threading.Lock()


def _pool(account: SandboxSettings) -> httpx.Client:
    """This function will return the connections of one account, never a forking parent's."""
    key = (account, os.getpid())
    with _pools_lock:
        if key not in _pools:
            _pools[key] = _new_pool(account)
        return _pools[key]


def _new_pool(account: SandboxSettings) -> httpx.Client:
    return httpx.Client(
        base_url=account.base_url,
        headers={"authorization": f"Bearer {account.secret}", "accept": "application/json"},
        # Shorter than the carrier's own idle limit, so that no call meets a closing connection.
        limits=httpx.Limits(max_connections=OVERLAP, keepalive_expiry=15),
        timeout=httpx.Timeout(account.timeout_s, connect=min(CONNECT_TIMEOUT_S, account.timeout_s)),
        follow_redirects=False,
        trust_env=False,
    )


def close_pools() -> None:
    """This function will close all connections of this process; the next call opens new ones."""
    with _pools_lock:
        while _pools:
            _pools.popitem()[1].close()


class SandboxAdapter(CarrierAdapter):
    """See the port; every method of it is offered."""

    code = "sandbox"
    capabilities = Capabilities(
        can_quote=True,
        can_find_by_reference=True,
        can_void=True,
        can_hand_over=True,
        can_track=True,
        has_webhooks=True,
    )

    def __init__(self, account: SandboxSettings) -> None:
        self._account = account

    def quote(self, request: LabelRequest) -> Sequence[Quote]:
        body = self._ask("POST", "/v1/rates", json_body=mapping.label_to_wire(request))
        return self._read(
            lambda: [mapping.quote_from_wire(rate) for rate in body["rates"]], has_effect=False
        )

    def buy(self, request: LabelRequest) -> LabelResult:
        body = self._ask(
            "POST", "/v1/labels", json_body=mapping.label_to_wire(request), has_effect=True
        )
        return self._read(lambda: mapping.label_from_wire(body), has_effect=True)

    def buy_many(self, requests: Sequence[LabelRequest]) -> list[LabelResult | CarrierError]:
        if len(requests) < 2:
            return super().buy_many(requests)
        with ThreadPoolExecutor(max_workers=min(OVERLAP, len(requests))) as threads:
            return list(threads.map(self._buy_or_error, requests))

    def find_by_reference(self, reference: str) -> LabelResult | None:
        body = self._ask("GET", "/v1/labels", params={"reference": reference})
        return self._read(
            lambda: next(
                (mapping.label_from_wire(label) for label in body["labels"] if not label["voided"]),
                None,
            ),
            has_effect=False,
        )

    def void(self, tracking_number: str) -> None:
        _check_numbers([tracking_number])
        self._ask("POST", f"/v1/labels/{tracking_number}/void", json_body={}, has_effect=True)

    def hand_over(self, tracking_numbers: Sequence[str], *, at: datetime) -> ManifestResult:
        if len(tracking_numbers) > MANIFEST_BATCH:
            raise ValueError(f"at most {MANIFEST_BATCH} tracking numbers per call")
        wire = {"tracking_numbers": list(tracking_numbers), "handed_over_at": at.isoformat()}
        body = self._ask("POST", "/v1/manifest", json_body=wire, has_effect=True)
        return self._read(lambda: mapping.manifest_from_wire(body), has_effect=True)

    def track(self, tracking_numbers: Sequence[str]) -> list[TrackingScan]:
        if len(tracking_numbers) > TRACK_BATCH:
            raise ValueError(f"at most {TRACK_BATCH} tracking numbers per call")
        if not tracking_numbers:
            return []
        _check_numbers(tracking_numbers)
        body = self._ask("GET", "/v1/tracking", params={"numbers": ",".join(tracking_numbers)})
        return self._read(lambda: mapping.scans_from_wire(body), has_effect=False)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> str:
        return _verify(self._account.secret, headers, body)

    def read_webhook(self, body: bytes) -> list[TrackingScan]:
        try:
            return mapping.scans_from_wire(json.loads(body))
        except (*mapping.SHAPE_ERRORS, RecursionError) as error:
            raise MalformedWebhook(_("The webhook is not a list of scans.")) from error

    def _ask(
        self,
        method: str,
        path: str,
        *,
        json_body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        has_effect: bool = False,
    ) -> dict[str, Any]:
        if not self._account.base_url:
            raise CarrierMisconfigured(_("The sandbox carrier has no address."))
        request = _pool(self._account).build_request(method, path, json=json_body, params=params)
        try:
            response = self._exchange(request)
        except httpx.HTTPError as error:
            raise errors.from_transport(error, has_effect=has_effect) from error
        if response.status_code not in (200, 201):
            raise errors.from_response(response, has_effect=has_effect)
        return self._read(lambda: _object(response), has_effect=has_effect)

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        """This function will read the whole answer within the total time: httpx bounds each read
        only, so a carrier that drips bytes would hold the caller forever."""
        deadline = clock.monotonic() + self._account.timeout_s
        response = _pool(self._account).send(request, stream=True)
        chunks: list[bytes] = []
        size = 0
        try:
            for chunk in response.iter_raw():
                chunks.append(chunk)
                size += len(chunk)
                if clock.monotonic() > deadline or size > _MAX_ANSWER_BYTES:
                    raise httpx.ReadTimeout("answer too slow or too large", request=request)
        finally:
            response.close()
        return httpx.Response(
            response.status_code, headers=_plain(response), content=b"".join(chunks)
        )

    def _read(self, parse: Callable[[], T], *, has_effect: bool) -> T:
        try:
            return parse()
        except mapping.SHAPE_ERRORS as error:
            if has_effect:
                raise CarrierInDoubt(_("The carrier's answer cannot be read.")) from error
            raise CarrierUnavailable(_("The carrier's answer cannot be read.")) from error


def _object(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    if not isinstance(body, dict):
        raise TypeError("not a JSON object")
    return body


def _plain(response: httpx.Response) -> dict[str, str]:
    """This function will keep the headers we read; the body was taken raw, so no encoding."""
    kept = ("content-type", "retry-after")
    return {name: response.headers[name] for name in kept if name in response.headers}


def _check_numbers(tracking_numbers: Sequence[str]) -> None:
    if not all(_TRACKING_NUMBER.fullmatch(number) for number in tracking_numbers):
        raise ValueError("not a tracking number of this carrier")


def _verify(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """This function will prove the sender and return the message's identifier, or raise
    `InvalidSignature` and nothing else.

    The library lets raw `ValueError`, `binascii.Error` and `UnicodeDecodeError` through on headers
    and bodies made by an attacker, and takes a timestamp like `nan` or `1e9`.
    """
    webhook = Webhook(signing_key(secret))
    try:
        lowered = {str(name).lower(): value for name, value in headers.items()}
        if not _TIMESTAMP.fullmatch(lowered["webhook-timestamp"]):
            raise ValueError("timestamp")
        webhook.verify(body, lowered, json_parse=False)
        return lowered["webhook-id"]
    except Exception as error:
        raise InvalidSignature(_("The signature does not fit.")) from error
