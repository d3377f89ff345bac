"""Idempotent POSTs: the answer is stored in the transaction of the effect, then repeated."""

from __future__ import annotations

import hashlib
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
    key = _key_of(request)
    if key is None:
        return _respond(*work(_store_nothing))
    fingerprint = _fingerprint(request, request.data)
    return _respond(*_once(_scope_of(request), key, route, fingerprint, work))


def run_part(request: Request, route: str, part: str, payload: Any, work: Work) -> Any:
    """This function will do one part of a request's work once per key and return its answer: a
    request that broke off between two parts goes on behind the last when it is repeated.

    :param part: names the part among those of the request; the same at every repeat.
    :raises KeyReused: the part was done with another payload before.
    """
    key = _key_of(request)
    if key is None:
        return work(_store_nothing)[1]
    # Of a fixed length, and in a scope of its own: no key of a caller ever meets it.
    own = hashlib.sha256(f"{key} {part}".encode()).hexdigest()
    fingerprint = _fingerprint(request, payload)
    return _once(f"{_scope_of(request)}:part", own, route, fingerprint, work)[1]


def _once(scope: str, key: str, route: str, fingerprint: str, work: Work) -> tuple[int, Any, bool]:
    begun = services.begin(scope=scope, key=key, route=route, fingerprint=fingerprint)
    if isinstance(begun, services.Replay):
        return begun.status, begun.body, True

    def store(status: int, body: dict[str, Any]) -> None:
        services.complete(scope=scope, key=key, status=status, body=body)

    try:
        return *work(store), False
    except Exception:
        services.abandon(scope=scope, key=key)
        raise


def _key_of(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.match(key):
        raise InvalidIdempotencyKey("Give 16 to 255 visible ASCII characters.")
    return key


def _scope_of(request: Request) -> str:
    principal: Any = request.auth
    return f"key:{principal.key_id}"


def _fingerprint(request: Request, payload: Any) -> str:
    return services.fingerprint_of(method=request.method or "", path=request.path, payload=payload)


def _store_nothing(_status: int, _body: dict[str, Any]) -> None:
    """Without a key nothing is repeated."""


def _respond(status: int, body: Any, is_replay: bool = False) -> Response:
    response = Response(body, status=status)
    response["Cache-Control"] = "no-store"
    if is_replay:
        response["Idempotency-Replayed"] = "true"
    return response
