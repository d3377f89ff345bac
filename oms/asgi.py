"""One server for everything: websockets go to Channels, HTTP to Django behind a thread pool."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from a2wsgi import WSGIMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings.embedded")

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
    else:
        await _http(scope, receive, send)
