"""Idempotent POSTs: the answer is stored in the transaction of the effect, then repeated."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from oms.core.errors import OmsError
from oms.infra.idempotency import services

#: Called within the business transaction with the status and body to repeat.
Store = Callable[[int, dict[str, Any]], None]
Work = Callable[[Store], tuple[int, dict[str, Any]]]

_KEY = re.compile(r"^[\x21-\x7e]{16,255}$")


class InvalidIdempotencyKey(OmsError):
    status = 400
    title = "Invalid idempotency key"
    code = "idempotency.invalid_key"


def run_once(request: Request, route: str, work: Work) -> Response:
    """This function will do the work once per key; without a key it just does it.

    :raises InvalidIdempotencyKey: not 16 to 255 visible ASCII characters.
    :raises KeyReused: the key came with another body before.
    :raises InProgress: the first request with this key is still running.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return _respond(*work(lambda _status, _body: None))
    if not _KEY.match(key):
        raise InvalidIdempotencyKey("Give 16 to 255 visible ASCII characters.")
    principal: Any = request.auth
    scope = f"key:{principal.key_id}"
    fingerprint = services.fingerprint_of(
        method=request.method or "", path=request.path, payload=request.data
    )
    begun = services.begin(scope=scope, key=key, route=route, fingerprint=fingerprint)
    if isinstance(begun, services.Replay):
        return _respond(begun.status, begun.body, is_replay=True)
    try:
        return _respond(
            *work(
                lambda status, body: services.complete(
                    scope=scope, key=key, status=status, body=body
                )
            )
        )
    except Exception:
        services.abandon(scope=scope, key=key)
        raise


def _respond(status: int, body: Any, *, is_replay: bool = False) -> Response:
    response = Response(body, status=status)
    response["Cache-Control"] = "no-store"
    if is_replay:
        response["Idempotency-Replayed"] = "true"
    return response
