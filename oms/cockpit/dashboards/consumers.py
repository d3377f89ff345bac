"""The two sockets: the board for staff, one order's page for whoever has its link.

A socket only listens: whatever it sends ends it. Who may not see is refused before it is accepted.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import Counter
from functools import partial
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from oms.cockpit import hints
from oms.cockpit.dashboards import access
from oms.cockpit.dashboards.hub import BOARD_GAP_S, TRACK_GAP_S, Compute, Reader, get_hub
from oms.cockpit.dashboards.selectors import board, tracking_page
from oms.core import clock
from orders import tracking_links

#: Per person (board) or per address and order (tracking), in one process.
MOST_SOCKETS = 5
#: How long a right that was taken away may still be used.
_RECHECK_S = 5.0

_POLICY, _TRY_LATER = 1008, 1013

_open: Counter[str] = Counter()


class LiveConsumer(AsyncWebsocketConsumer):
    """Accepts, then writes what the hub says until either side ends it."""

    #: The hub fans out; no channel layer stands behind these sockets.
    channel_layer_alias = ""
    gap_s: ClassVar[float]

    async def connect(self) -> None:
        self.reader: Reader | None = None
        self.writer: asyncio.Task[None] | None = None
        self.owner = ""
        found = await self.find()
        if found is None or _open[found[1]] >= MOST_SOCKETS:
            await self.close()
            return
        self.topic, owner, compute = found
        self.reader = await get_hub().join(topic=self.topic, compute=compute, gap_s=self.gap_s)
        if self.reader is None:
            await self.close()
            return
        self.owner = owner
        _open[owner] += 1
        await self.accept()
        self.writer = asyncio.create_task(self._write(self.reader))

    @abstractmethod
    async def find(self) -> tuple[str, str, Compute] | None:
        """This function will return topic, owner and how to compute it, or None to refuse."""

    async def may_stay(self) -> bool:
        """This function will tell whether the socket may still see what it sees."""
        return True

    async def _write(self, reader: Reader) -> None:
        checked = clock.monotonic()
        while True:
            frame = await self._next(reader)
            if clock.monotonic() - checked >= _RECHECK_S:
                checked = clock.monotonic()
                if not await self.may_stay():
                    await self.close(code=_POLICY)
                    return
            if frame is None:
                await self.close(code=_TRY_LATER)
                return
            if frame:
                await self.send(text_data=frame)

    async def _next(self, reader: Reader) -> str | None:
        """The next frame; "" when none came while it was time to check the right again."""
        try:
            return await asyncio.wait_for(reader.frames.get(), _RECHECK_S)
        except TimeoutError:
            return ""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.close(code=_POLICY)

    async def disconnect(self, code: int) -> None:
        if self.writer is not None:
            self.writer.cancel()
        if self.owner:
            _open[self.owner] -= 1
            if not _open[self.owner]:
                del _open[self.owner]
        if self.reader is not None:
            await get_hub().leave(topic=self.topic, reader=self.reader)


class BoardConsumer(LiveConsumer):
    """`/ws/board/`: members of staff, by their session, within their nodes."""

    gap_s = BOARD_GAP_S

    async def find(self) -> tuple[str, str, Compute] | None:
        user = self.scope["user"]
        seen = await database_sync_to_async(access.sight_of)(user)
        if seen is None:
            return None
        codes = seen.node_codes
        topic = hints.BOARD if codes is None else f"{hints.BOARD}:{','.join(sorted(codes))}"
        return topic, f"staff:{user.pk}", partial(board.snapshot, node_codes=codes)

    async def may_stay(self) -> bool:
        return await database_sync_to_async(access.still_sees)(
            user_id=self.scope["user"].pk,
            session_key=self.scope["session"].session_key,
            topic_codes=self._codes(),
        )

    def _codes(self) -> list[str] | None:
        _, has_scope, codes = self.topic.partition(":")
        return list(filter(None, codes.split(","))) if has_scope else None


class TrackConsumer(LiveConsumer):
    """`/ws/track/<token>/`: whoever has the link."""

    gap_s = TRACK_GAP_S

    async def find(self) -> tuple[str, str, Compute] | None:
        token: str = self.scope["url_route"]["kwargs"]["token"]
        address: Any = (self.scope.get("client") or ["", 0])[0]
        hashed = tracking_links.hash_of(token)
        found = await database_sync_to_async(tracking_page.exists)(tracking_hash=hashed)
        if not found:
            return None
        compute = partial(tracking_page.find, tracking_hash=hashed)
        return hints.track(hashed), f"track:{address}:{hashed}", compute
