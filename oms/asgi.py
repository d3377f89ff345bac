"""One server for everything: websockets go to Channels, hot routes to the fast lane, the rest of
HTTP to Django behind a thread pool."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable, MutableMapping
from types import ModuleType
from typing import Any, cast

from a2wsgi import WSGIMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings.embedded")

from oms.core.api.parsing import MAX_BODY_BYTES
from oms.wsgi import application as wsgi_application

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Threads of ordinary Django pages per process; each holds at most one pooled connection.
HTTP_THREADS = 8

# Its types name each message apart; ours are the protocol's own.
_http = cast(Application, WSGIMiddleware(cast(Any, wsgi_application), workers=HTTP_THREADS))


@functools.cache
def _websocket() -> Application:
    from oms.websockets import application as websockets

    return websockets


@functools.cache
def _fastlane() -> ModuleType:
    # Imported after Django is set up, which the WSGI application does.
    from oms.fastlane import app

    return app


def _is_streamed(scope: Scope) -> bool:
    names = {name.lower() for name, _ in scope["headers"]}
    return b"transfer-encoding" in names and b"content-length" not in names


async def _gathered(scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
    """A body without a length, given one: WSGI would take it for no body at all.

    Stops one byte past what a request may have, which the views then refuse.
    """
    body = bytearray()
    more = True
    while more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    content = bytes(body[: MAX_BODY_BYTES + 1])
    waiting = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive_whole() -> MutableMapping[str, Any]:
        return waiting.pop() if waiting else await receive()

    length = (b"content-length", str(len(content)).encode())
    headers = [pair for pair in scope["headers"] if pair[0].lower() != b"transfer-encoding"]
    return {**scope, "headers": [*headers, length]}, receive_whole


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """This function will answer one connection of any protocol the server speaks."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await _websocket()(scope, receive, send)
    elif _fastlane().is_for(scope):
        await _fastlane().handle(scope, receive, send, _ordinary)
    else:
        await _ordinary(scope, receive, send)


async def _ordinary(scope: Scope, receive: Receive, send: Send) -> None:
    if _is_streamed(scope):
        scope, receive = await _gathered(scope, receive)
    await _http(scope, receive, send)
