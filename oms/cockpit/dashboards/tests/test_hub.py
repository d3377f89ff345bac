"""Everybody who watches gets a snapshot and then every change, in order, computed once."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
import redis as redis_client
from django.conf import settings

from oms.cockpit import hints
from oms.cockpit.dashboards import hub as hubs
from oms.cockpit.dashboards.hub import Hub, Reader


class Source:
    """Data that tests change, counting how often it is asked for."""

    def __init__(self, **data) -> None:
        self.data: dict[str, object] | None = data
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return dict(self.data) if self.data is not None else None


async def read(reader: Reader, *, within: float = 2.0):
    frame = await asyncio.wait_for(reader.frames.get(), within)
    return json.loads(frame) if frame is not None else None


async def join(hub: Hub, source: Source, topic: str = "board") -> Reader:
    reader = await hub.join(topic=topic, compute=source, gap_s=0.01)
    assert reader is not None
    return reader


async def quiet(reader: Reader, *, seconds: float = 0.2) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(reader.frames.get(), seconds)
        return False
    return True


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 15))


@pytest.fixture(autouse=True)
def _no_database(monkeypatch):
    # The sources of these tests read no database; the pools need no cleaning.
    monkeypatch.setattr("channels.db.close_old_connections", lambda: None)


def test_a_snapshot_comes_first_then_only_what_changed():
    async def story():
        hub, source = Hub(), Source(a=1, b=1)
        reader = await join(hub, source)
        assert await read(reader) == {
            "topic": "board", "seq": 0, "type": "snapshot", "data": {"a": 1, "b": 1},
        }  # fmt: skip
        source.data = {"a": 1, "b": 2}
        hub.hear(["board"])
        frame = await read(reader)
        assert (frame["type"], frame["seq"], frame["data"]) == ("delta", 1, {"b": 2})
        await hub.leave(topic="board", reader=reader)

    run(story())


def test_numbers_rise_by_one_and_a_latecomer_starts_with_the_present():
    async def story():
        hub, source = Hub(), Source(a=0)
        early = await join(hub, source)
        await read(early)
        seen = []
        for value in range(1, 4):
            source.data = {"a": value}
            hub.hear(["board"])
            seen.append((await read(early))["seq"])
        late = await join(hub, source)
        snapshot = await read(late)
        assert seen == [1, 2, 3]
        assert (snapshot["type"], snapshot["seq"], snapshot["data"]) == ("snapshot", 3, {"a": 3})
        source.data = {"a": 9}
        hub.hear(["board"])
        assert (await read(early))["seq"] == (await read(late))["seq"] == 4

    run(story())


def test_nothing_changed_says_nothing():
    async def story():
        hub, source = Hub(), Source(a=1)
        reader = await join(hub, source, "track:x")
        await read(reader)
        hub.hear(["track:x", "track:other", "unknown"])
        assert await quiet(reader)

    run(story())


def test_many_readers_and_many_hints_cost_few_computations():
    async def story():
        hub, source = Hub(), Source(a=1)
        # A topic of its own: others who test at the same time send hints about the board.
        readers = [await join(hub, source, "crowd") for _ in range(50)]
        await asyncio.sleep(0.1)
        before = source.asked
        for _ in range(500):
            hub.hear(["crowd"])
        source.data = {"a": 2}
        await asyncio.sleep(0.2)
        assert source.asked - before <= 2
        for reader in readers:
            assert (await read(reader))["type"] == "snapshot"
            assert (await read(reader))["data"] == {"a": 2}

    run(story())


def test_a_board_hint_reaches_the_boards_of_all_scopes():
    async def story():
        hub, all_nodes, one_node = Hub(), Source(a=1), Source(a=1)
        first = await join(hub, all_nodes, "board")
        second = await join(hub, one_node, "board:RNO1")
        await read(first), await read(second)
        all_nodes.data = one_node.data = {"a": 2}
        hub.hear(["board"])
        assert (await read(first))["data"] == (await read(second))["data"] == {"a": 2}

    run(story())


def test_a_slow_reader_is_let_go_and_the_others_go_on():
    async def story():
        hub, source = Hub(), Source(a=0)
        slow, quick = await join(hub, source), await join(hub, source)
        await read(quick)
        for value in range(1, hubs._BEHIND + 2):
            source.data = {"a": value}
            hub.hear(["board"])
            assert (await read(quick))["data"] == {"a": value}
        assert await read(slow) is None
        assert slow.frames.empty()

    run(story())


def test_a_subject_that_is_gone_ends_its_readers():
    async def story():
        hub, source = Hub(), Source(a=1)
        reader = await join(hub, source, "track:x")
        await read(reader)
        source.data = None
        hub.hear(["track:x"])
        assert await read(reader) is None
        assert await hub.join(topic="track:x", compute=source, gap_s=0.01) is None

    run(story())


def test_a_failed_computation_is_tried_again():
    async def story():
        hub, source = Hub(), Source(a=1)
        reader = await join(hub, source)
        await read(reader)
        await asyncio.sleep(0.05)

        real, source.data = source.data, {"a": 2}
        failures = iter([True, False])
        topic = hub._topics["board"]
        compute = topic._compute

        async def flaky():
            if next(failures, False):
                raise OSError("the database went away")
            return await compute()

        topic._compute = flaky
        hub.hear(["board"])
        assert (await read(reader))["data"] == {"a": 2}
        assert real == {"a": 1}

    run(story())


def test_the_heartbeat_refreshes_boards_and_says_something_to_quiet_pages(monkeypatch):
    monkeypatch.setattr(hubs, "BEAT_S", 0.15)

    async def story():
        hub, board, page = Hub(), Source(a=1), Source(a=1)
        watched, still = await join(hub, board), await join(hub, page, "track:x")
        await read(watched), await read(still)
        await asyncio.sleep(0.1)
        hub.is_connected = True
        board.data = {"a": 2}
        assert (await read(watched))["data"] == {"a": 2}
        assert (await read(still))["data"] == {}

    run(story())


def test_hints_travel_through_the_broker():
    async def story():
        hub, source = Hub(), Source(a=1)
        reader = await join(hub, source, "track:x")
        await read(reader)
        await connected(hub)
        source.data = {"a": 2}
        await asyncio.to_thread(hints._publisher().publish, {"track:x"})
        assert (await read(reader))["data"] == {"a": 2}
        await hub.leave(topic="track:x", reader=reader)

    run(story())


def test_a_lost_broker_is_found_again_and_pages_catch_up():
    async def story():
        hub, source = Hub(), Source(a=1)
        reader = await join(hub, source, "track:x")
        await read(reader)
        await connected(hub)
        with redis_client.Redis.from_url(settings.REDIS_URL) as broker:
            broker.client_kill_filter(_type="pubsub")
            source.data = {"a": 2}
        assert (await read(reader, within=5))["data"] == {"a": 2}
        await hub.leave(topic="track:x", reader=reader)

    run(story())


def test_the_last_reader_leaves_nothing_running():
    async def story():
        before = asyncio.all_tasks()
        hub, source = Hub(), Source(a=1)
        reader = await join(hub, source)
        await connected(hub)
        assert len(asyncio.all_tasks() - before) == 3
        await hub.leave(topic="board", reader=reader)
        assert asyncio.all_tasks() == before

    run(story())


async def connected(hub: Hub) -> None:
    for _ in range(100):
        if hub.is_connected:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the hub never heard the broker")
