"""A websocket to our own application without a server in between."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from asgiref.testing import ApplicationCommunicator

from oms.websockets import application

_PATIENCE_S = 5


class Socket:
    """One connection; `open()` tells whether it was accepted."""

    def __init__(self, path: str, *, cookie: str = "", origin: str | None) -> None:
        headers = [(b"host", b"localhost:8000")]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        if cookie:
            headers.append((b"cookie", f"sessionid={cookie}".encode()))
        scope = {
            "type": "websocket", "path": unquote(path), "query_string": b"", "headers": headers,
            "client": ["127.0.0.1", 1], "subprotocols": [],
        }  # fmt: skip
        self._line = ApplicationCommunicator(application, scope)

    async def open(self) -> bool:
        await self._line.send_input({"type": "websocket.connect"})
        answer = await self._line.receive_output(_PATIENCE_S)
        return answer["type"] == "websocket.accept"

    async def is_refused(self) -> bool:
        accepted = await self.open()
        await self.close()
        return not accepted

    async def frame(self) -> dict[str, Any]:
        message = await self._line.receive_output(_PATIENCE_S)
        assert message["type"] == "websocket.send", message
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    async def say(self, text: str) -> None:
        await self._line.send_input({"type": "websocket.receive", "text": text})

    async def ended_with(self) -> int:
        """The code the server ended it with, after whatever frames were on the way."""
        while True:
            message = await self._line.receive_output(_PATIENCE_S)
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def close(self) -> None:
        await self._line.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._line.wait(_PATIENCE_S)
