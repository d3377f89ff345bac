"""HTTP as the hot routes need it: what a request must look like to be taken, and the answer's form.

Says nothing of its own: a request that is out of the ordinary is left to the ordinary door. The
headers are those the ordinary door sends.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import cache
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from oms.core.api import problems
from oms.core.api.parsing import MAX_BODY_BYTES
from oms.core.api.rendering import JsonRenderer
from oms.core.context import new_request_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,80}\Z")
_JSON = {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
_ANY_JSON = {b"*/*", b"application/json"}

Headers = Mapping[bytes, bytes]


def headers_of(scope: Scope) -> Headers | None:
    """This function will return the headers by lower-case name; None when one stands twice."""
    pairs = [(bytes(name).lower(), bytes(value)) for name, value in scope["headers"]]
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def is_plain(scope: Scope, headers: Headers) -> bool:
    """This function will tell whether nothing about the request is out of the ordinary."""
    if settings.SECURE_SSL_REDIRECT and not _is_secure(scope, headers):
        return False
    return (
        not scope.get("query_string")
        and headers.get(b"content-type", b"").lower() in _JSON
        and headers.get(b"accept", b"*/*") in _ANY_JSON
        and 0 < _length(headers) <= MAX_BODY_BYTES
        and b"transfer-encoding" not in headers
        and b"content-encoding" not in headers
        and b"cookie" not in headers
        and _is_our_host(headers.get(b"host", b"").decode("latin-1"))
    )


def bearer(headers: Headers) -> str:
    """This function will return the API key of the request, "" for anything else."""
    scheme, _, text = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return text.strip(" ") if scheme.casefold() == "bearer" else ""


def request_id_of(headers: Headers) -> str:
    """This function will return the caller's own request id where it is one, else a fresh one."""
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    return given if _REQUEST_ID.match(given) else new_request_id()


async def body_of(headers: Headers, receive: Receive) -> bytes | None:
    """This function will return the whole body, None when the sender hung up before its end."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body) if len(body) == _length(headers) else None


def again(body: bytes | None, receive: Receive) -> Receive:
    """This function will return a `receive` that gives what was read already once more."""
    waiting: list[Message] = [
        {"type": "http.disconnect"}
        if body is None
        else {"type": "http.request", "body": body, "more_body": False}
    ]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


async def respond(
    send: Send,
    *,
    status: int,
    body: Any,
    request_id: str,
    more: Mapping[str, str] | None = None,
) -> None:
    """This function will send an answer, a problem from 400 on."""
    content = JsonRenderer().render(body)
    kind = problems.CONTENT_TYPE if status >= 400 else "application/json"
    fields = {
        "Content-Type": kind,
        "Content-Length": str(len(content)),
        "Cache-Control": "no-store",
        "X-Request-Id": request_id,
        **(more or {}),
    }
    pairs = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": [*pairs, *_constant()]})
    await send({"type": "http.response.body", "body": content})


def _length(headers: Headers) -> int:
    text = headers.get(b"content-length", b"")
    return int(text) if text.isdigit() and len(text) < 10 else 0


def _is_our_host(host: str) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _is_secure(scope: Scope, headers: Headers) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return bool(scope.get("scheme") == "https")
    name, value = settings.SECURE_PROXY_SSL_HEADER
    header = name.removeprefix("HTTP_").replace("_", "-").lower().encode()
    return headers.get(header, b"").decode("latin-1").split(",", 1)[0].strip() == value


@cache
def _constant() -> list[tuple[bytes, bytes]]:
    """What the middleware adds to every answer of the API."""
    policy = "; ".join(
        f"{name} {' '.join(values)}"
        for name, values in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
    )
    fields = {
        "Allow": "GET, POST, HEAD, OPTIONS",
        "Vary": "Accept-Language",
        "Content-Language": settings.LANGUAGE_CODE,
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    }
    if settings.SECURE_HSTS_SECONDS:
        fields["Strict-Transport-Security"] = _hsts()
    return [(name.encode(), value.encode()) for name, value in fields.items()]


def _hsts() -> str:
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    parts += ["includeSubDomains"] if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else []
    parts += ["preload"] if settings.SECURE_HSTS_PRELOAD else []
    return "; ".join(parts)
