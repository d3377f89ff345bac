"""A loopback stage for pages: rendered templates, static files and a socket that a test drives."""

from __future__ import annotations

import json
import mimetypes
import queue
import threading
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'"
)


class Stage:
    """Serves `template` with `data` at `path`; `send` pushes one frame to the open socket."""

    def __init__(self, path: str, template: str, data: dict[str, Any]) -> None:
        self.path, self.template, self.data = path, template, data
        self.seq = 1
        self.has_socket = True
        self.copies = 0
        self.frames: queue.Queue[str | None] = queue.Queue()
        self.server: Server | None = None

    def __enter__(self) -> Self:
        self.server = serve(self._talk, "127.0.0.1", 0, process_request=self._answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.frames.put(None)
        if self.server:
            self.server.shutdown()

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.socket.getsockname()[1]}{self.path}"

    def context(self) -> dict[str, Any]:
        return {"data": self.data, "request": {"path": self.path}}

    def send(self, seq: int, **sections: Any) -> None:
        self.data |= sections
        self.seq = seq
        self.frames.put(self._frame("delta", seq, sections))

    def drop(self) -> None:
        self.has_socket = False
        self.frames.put(None)

    @staticmethod
    def _frame(kind: str, seq: int, data: dict[str, Any]) -> str:
        return json.dumps({"topic": "page", "seq": seq, "type": kind, "data": data})

    def _talk(self, socket: ServerConnection) -> None:
        try:
            socket.send(self._frame("snapshot", self.seq, self.data))
            while (frame := self.frames.get()) is not None:
                socket.send(frame)
        except ConnectionClosed:
            return

    def _answer(self, _socket: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == f"/ws{self.path}":
            return None if self.has_socket else _response(HTTPStatus.SERVICE_UNAVAILABLE, b"")
        if path == f"{self.path}data.json":
            self.copies += 1
            copy = {"seq": self.seq, "data": self.data}
            return _response(HTTPStatus.OK, json.dumps(copy).encode(), "application/json")
        if path == self.path:
            page = render_to_string(self.template, self.context())
            return _response(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8")
        if path.startswith("/static/"):
            return _static(path)
        return _response(HTTPStatus.NOT_FOUND, b"")


def _static(path: str) -> Response:
    found = finders.find(path.removeprefix("/static/"))
    if not isinstance(found, str):
        return _response(HTTPStatus.NOT_FOUND, b"")
    kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
    return _response(HTTPStatus.OK, Path(found).read_bytes(), kind)


def _response(status: HTTPStatus, body: bytes, kind: str = "text/plain") -> Response:
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Content-Security-Policy": CSP,
        "Connection": "close",
    }
    return Response(status.value, status.phrase, Headers(headers), body)
