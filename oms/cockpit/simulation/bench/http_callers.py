"""Many connections that post one order after the other, each as soon as the last is answered.

Runs in a process without Django; speaks just enough HTTP to cost the server's machine little.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent where: whole requests, shared out over the connections, for so many seconds."""

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float


@dataclass(slots=True)
class Told:
    """How the server answered: orders placed per second, other answers, milliseconds of each."""

    placed: int = 0
    refused: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.placed / self.seconds if self.seconds else 0.0


def work(load: Load) -> Told:
    """This function will send the load; requests that are left over are not sent."""
    return asyncio.run(_work(load))


async def _work(load: Load) -> Told:
    told, waiting = Told(), iter(load.requests)
    started = time.monotonic()
    until = started + load.seconds
    await asyncio.gather(*(_call(load.port, waiting, until, told) for _ in range(load.connections)))
    told.seconds = time.monotonic() - started
    return told


async def _call(port: int, waiting: Iterator[bytes], until: float, told: Told) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request in waiting:
            asked = time.monotonic()
            writer.write(request)
            status = await _answer(reader)
            answered = time.monotonic()
            told.latencies_ms.append((answered - asked) * 1_000)
            told.placed += status == 201
            told.refused += status != 201
            if answered >= until:
                break
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    at = head.lower().index(b"content-length:") + len(b"content-length:")
    await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
    return status
