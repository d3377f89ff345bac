"""The websocket half of the server: same origin only, routes, sessions.

A page of another origin is refused with 403 whatever cookies the browser would send along.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import path, re_path

from oms.cockpit.dashboards import consumers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class SameOrigin:
    """Lets a handshake pass only when its Origin is the very host and port it was sent to."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        application = self._inner if is_same_origin(scope) else WebsocketDenier()
        await application(scope, receive, send)


def is_same_origin(scope: Scope) -> bool:
    """This function will tell whether the handshake comes from a page of this host."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host, origin = headers.get(b"host", ""), headers.get(b"origin", "")
    domain = split_domain_port(host)[0]
    return (
        bool(domain)
        and validate_host(domain, settings.ALLOWED_HOSTS)
        and urlsplit(origin).scheme in ("http", "https")
        and urlsplit(origin).netloc.lower() == host.lower()
    )


application: Application = SameOrigin(
    AuthMiddlewareStack(
        URLRouter(
            [
                path("ws/board/", consumers.BoardConsumer.as_asgi()),
                path("ws/track/<str:token>/", consumers.TrackConsumer.as_asgi()),
                re_path(r"", WebsocketDenier.as_asgi()),
            ]
        )
    )
)
