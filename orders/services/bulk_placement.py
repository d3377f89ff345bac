"""Places any number of orders, two batches at a time: while the database works on one, the other is
prepared. Each batch is a transaction of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice

from django.db import connection

from oms.core.errors import OmsError
from orders.channels.types import ChannelFacts
from orders.services import placement
from orders.types import OrderDraft, Placed

#: Small enough that locks are short, large enough that a statement costs little per order.
BATCH = 250
#: A lane and its connection keep one core busy each; more lanes wait for one interpreter.
LANES = 2

_Numbered = tuple[int, OrderDraft]


def place_all(*, channel: ChannelFacts, drafts: Sequence[OrderDraft]) -> list[Placed]:
    """This function will place the drafts as `placement.place` does and answer each, in order.

    Orders of one customer are placed one after the other, in their order. A batch that fails as a
    whole (nobody else's did) answers each of its drafts with the error, and may be sent again.
    """
    answers: dict[int, Placed] = {}
    lanes: list[list[_Numbered]] = [[] for _ in range(LANES)]
    for numbered in enumerate(drafts):
        lanes[_lane_of(numbered[1])].append(numbered)
    with ThreadPoolExecutor(LANES, thread_name_prefix="placing") as threads:
        working = [
            threads.submit(copy_context().run, _place_lane, channel, lane, answers)
            for lane in lanes
            if lane
        ]
        for lane_work in working:
            lane_work.result()
    return [answers[number] for number in range(len(drafts))]


def _lane_of(draft: OrderDraft) -> int:
    whose = draft.customer_ref or draft.external_ref
    return zlib.crc32(whose.encode()) % LANES


def _place_lane(
    channel: ChannelFacts, lane: Sequence[_Numbered], answers: dict[int, Placed]
) -> None:
    try:
        for batch in _batches(lane):
            numbers = [number for number, _ in batch]
            answers.update(zip(numbers, _place(channel, [d for _, d in batch]), strict=True))
    finally:
        # Of this thread, which ends.
        connection.close()


def _batches(lane: Sequence[_Numbered]) -> Iterator[list[_Numbered]]:
    rest = iter(lane)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _place(channel: ChannelFacts, drafts: Sequence[OrderDraft]) -> list[Placed]:
    try:
        return placement.place(channel=channel, drafts=drafts)
    except OmsError as error:
        return [Placed(external_ref=draft.external_ref, error=error) for draft in drafts]
