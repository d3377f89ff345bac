"""Channels are told what they may sell: never more than is free, in order, soon, and once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.catalog import services as catalog
from inventory.catalog.models import Variant
from inventory.models import PublishedAvailability, StockPosition
from inventory.nodes import services as nodes
from inventory.selectors import availability
from inventory.selectors import syncing as selectors
from inventory.services import policies, publishing, reservations, stock
from inventory.tests.factories import NODE, VARIANT, World, at_node, make_world
from inventory.tests.syncing import add_source, deliver, delta
from inventory.types import ChannelReserve, FeedItem
from oms.core.testing.races import run_together
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from oms.infra.outbox.services.relaying import Relay
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db

#: From the commit of a change to what a reader of the feed sees.
SECONDS = 5


@pytest.fixture
def world() -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "MUG"))
    world.receive("reno", "TENT", 10)
    world.receive("dallas", "TENT", 4)
    relaying.drain()
    return world


def _open(world: World, channel: str = "web") -> int:
    return publishing.open_feed(organization_id=world.organization_id, channel=channel)


def _feed(world: World, channel: str = "web", since: int = 0) -> list[FeedItem]:
    return selectors.list_feed(
        organization_id=world.organization_id, channel=channel, since=since, limit=100
    )


def _quantities(world: World, channel: str = "web") -> dict[str, int]:
    return {item.sku: item.quantity for item in _feed(world, channel)}


def _told() -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name="inventory.availability.changed.v1").order_by("id")
    return list(rows.values_list("payload", flat=True))


def _free(world: World) -> dict[str, int]:
    """The truth: per SKU the sum over nodes of what is free, each at least nothing."""
    skus = {key: sku for sku, key in world.variants.items()}
    sums = dict.fromkeys(world.variants, 0)
    rows = availability.list_for(
        organization_id=world.organization_id, variant_ids=list(world.variants.values())
    )
    for row in rows:
        sums[skus[row.variant_id]] += row.available
    return sums


def _reserve(world: World, ref: str, units: int, sku: str = "TENT") -> None:
    with unit():
        reservations.reserve(demands=[world.demand(ref, world.leg("reno", sku, units))])


def test_opening_a_feed_tells_the_whole_picture_without_events(world: World) -> None:
    written = _open(world)

    assert written == 2
    assert _feed(world) == [FeedItem("TENT", 14, 1), FeedItem("MUG", 0, 2)]
    assert _told() == []
    assert _open(world) == 0


def test_a_feed_is_opened_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "_BATCH", 1)

    assert _open(world) == 2
    assert _feed(world) == [FeedItem("TENT", 14, 1), FeedItem("MUG", 0, 2)]


@pytest.mark.parametrize("channel", ["", "x" * 41, "a\nb"])
def test_a_channel_that_cannot_be_is_refused(world: World, channel: str) -> None:
    with pytest.raises(publishing.InvalidChannel):
        _open(world, channel)

    assert PublishedAvailability.objects.count() == 0


def test_whatever_changes_free_stock_reaches_the_feed(world: World) -> None:
    _open(world)
    add_source(world)
    seen = []

    def after(change: Any) -> None:
        change()
        relaying.drain()
        seen.append(_quantities(world)["TENT"])

    def adjust(units: int) -> None:
        with unit():
            stock.adjust(changes=[world.change("reno", "TENT", units)])

    def release() -> None:
        with unit():
            reservations.release(items=[at_node("o")], reason="cancelled")

    after(lambda: _reserve(world, "o", 3))
    after(lambda: world.receive("dallas", "TENT", 5))
    after(release)
    after(lambda: adjust(-2))
    after(lambda: deliver(world, delta(1, ("dallas", "TENT", -4))))
    after(lambda: deliver(world, delta(2, ("reno", "TENT", 1))))

    assert seen == [11, 16, 19, 17, 13, 14]
    assert _quantities(world) == _free(world)


def test_many_changes_are_told_once_with_the_last_number(world: World) -> None:
    _open(world)
    _open(world, "shop")
    for ref in ("a", "b", "c"):
        _reserve(world, ref, 2)
    world.receive("reno", "MUG", 5)

    relaying.drain()

    told = [(e["channel"], e["sku"], e["quantity"], e["sequence"]) for e in _told()]
    assert told == [
        (channel, sku, quantity, sequence)
        for channel in ("shop", "web")
        for sku, quantity, sequence in (("TENT", 8, 3), ("MUG", 5, 4))
    ]


def test_what_did_not_change_is_not_told_again(world: World) -> None:
    _open(world)
    _reserve(world, "o", 3)
    with unit():
        reservations.release(items=[at_node("o")], reason="cancelled")

    relaying.drain()

    assert _told() == []
    assert _feed(world, since=2) == []


def test_a_reader_pages_and_misses_nothing(world: World) -> None:
    _open(world)
    [first] = selectors.list_feed(
        organization_id=world.organization_id, channel="web", since=0, limit=1
    )
    _reserve(world, "o", 3)
    relaying.drain()

    assert first == FeedItem("TENT", 14, 1)
    assert _feed(world, since=first.sequence) == [FeedItem("MUG", 0, 2), FeedItem("TENT", 11, 3)]


def test_a_channel_nobody_opened_has_no_feed(world: World) -> None:
    other = organizations.ensure_partner(code="other", name="Other")
    _open(world)

    with pytest.raises(selectors.UnknownFeed):
        _feed(world, "shop")
    with pytest.raises(selectors.UnknownFeed):
        selectors.list_feed(organization_id=other.pk, channel="web", since=0, limit=9)
    assert _feed(world, since=99) == []


def test_a_variant_that_is_not_sold_is_told_as_nothing(world: World) -> None:
    _open(world)
    Variant.objects.filter(sku="TENT").update(is_active=False)
    world.receive("reno", "TENT", 1)

    relaying.drain()

    assert _quantities(world) == {"TENT": 0, "MUG": 0}


def test_a_variant_that_is_switched_off_and_on_is_told_at_once(world: World) -> None:
    _open(world)

    def switch(is_active: bool) -> int:
        draft = replace(VARIANT, sku="TENT", name="Tent", is_active=is_active)
        with unit():
            catalog.upsert_variants(organization_id=world.organization_id, drafts=[draft])
        relaying.drain()
        return _quantities(world)["TENT"]

    assert [switch(False), switch(True), switch(True)] == [0, 14, 14]
    assert [told["quantity"] for told in _told()] == [0, 14]


def test_a_node_that_is_switched_off_and_on_is_told_at_once(world: World) -> None:
    _open(world)

    def switch(is_active: bool) -> int:
        with unit():
            nodes.upsert_nodes(
                drafts=[replace(NODE, code="dallas", name="Dallas", is_active=is_active)]
            )
        relaying.drain()
        return _quantities(world)["TENT"]

    assert [switch(False), switch(True), switch(True)] == [10, 14, 14]
    assert [told["quantity"] for told in _told()] == [10, 14]


def test_a_node_that_is_opened_to_a_seller_is_told_at_once(world: World) -> None:
    with unit():
        [oslo] = nodes.upsert_nodes(drafts=[replace(NODE, code="oslo", name="Oslo")]).values()
    world = replace(world, nodes={**world.nodes, "oslo": oslo})
    world.receive("oslo", "TENT", 5)
    _open(world)
    relaying.drain()
    assert _quantities(world)["TENT"] == 14

    for _ in range(2):
        with unit():
            nodes.allow(organization_id=world.organization_id, node_ids=[oslo])
    relaying.drain()

    assert _quantities(world)["TENT"] == 19
    assert (
        OutboxEvent.objects.filter(name="inventory.node.switched.v1", payload__node_id=oslo).count()
        == 1
    )


def test_a_node_below_zero_takes_nothing_from_the_others(world: World) -> None:
    _open(world)
    StockPosition.objects.filter(node_id=world.nodes["reno"]).update(safety_stock=50)
    world.receive("reno", "TENT", 1)

    relaying.drain()

    assert _quantities(world)["TENT"] == 4


def test_statements_grow_by_one_a_channel_and_not_with_variants() -> None:
    skus = tuple(f"S{n}" for n in range(40))
    world = make_world(skus=skus)
    _open(world, "a")

    def cost(*wanted: str) -> int:
        for sku in wanted:
            world.receive("reno", sku, 1)
        ids = [world.variants[sku] for sku in wanted]
        with CaptureQueriesContext(connection) as caught, unit():
            publishing.refresh(variant_ids=ids)
        return len(caught)

    few = cost("S0")
    assert cost(*skus) == few
    for channel in "bcdef":
        _open(world, channel)

    assert cost(*skus) == few + 5


def test_each_channel_is_told_what_is_kept_for_it(world: World) -> None:
    tent, reno = world.variants["TENT"], world.nodes["reno"]
    for channel in ("shop", "market"):
        _open(world, channel)
    before = PublishedAvailability.objects.get(channel="shop", variant_id=tent).quantity

    with unit():
        policies.keep_for_channel(reserves=[ChannelReserve(reno, tent, "shop", 2, "launch")])
        publishing.refresh(variant_ids=[tent])

    told = PublishedAvailability.objects.filter(variant_id=tent)
    assert dict(told.values_list("channel", "quantity")) == {"shop": before, "market": before - 2}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["receive", "take", "adjust", "release", "drain"]),
            st.sampled_from(["TENT", "MUG"]),
            st.integers(1, 9),
        ),
        max_size=15,
    )
)
def test_the_feed_never_tells_more_than_is_free(
    world: World, steps: list[tuple[str, str, int]]
) -> None:
    _open(world)
    for number, (step, sku, units) in enumerate(steps):
        _step(world, number, step, sku, units)
        if step == "drain":
            assert _quantities(world) == _free(world)
    relaying.drain()

    assert _quantities(world) == _free(world)
    sequences = list(PublishedAvailability.objects.values_list("sequence", flat=True))
    assert len(set(sequences)) == len(sequences)


def _step(world: World, number: int, step: str, sku: str, units: int) -> None:
    if step == "receive":
        world.receive("reno", sku, units)
    elif step == "take":
        _reserve(world, f"o{number}", units, sku)
    elif step == "release":
        with unit():
            reservations.release(items=[at_node(f"o{n}") for n in range(number)], reason="x")
    elif step == "adjust":
        try:
            with unit():
                stock.adjust(changes=[world.change("reno", sku, -units)])
        except stock.NotEnoughOnHand:
            return
    else:
        relaying.drain()


@contextmanager
def _relay() -> Iterator[None]:
    relay = Relay()

    def work() -> None:
        try:
            relay.run()
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        relay.stop.set()
        thread.join(10)


@pytest.mark.django_db(transaction=True)
def test_a_change_is_on_the_feed_seconds_after_its_commit() -> None:
    world = make_world()
    world.receive("reno", "TENT", 10)
    _open(world)

    with _relay():
        for left in (9, 8, 7):
            with unit():
                stock.adjust(changes=[world.change("reno", "TENT", -1)])
            wait_for(
                lambda left=left: _quantities(world)["TENT"] == left,
                seconds=SECONDS,
                what=f"the feed says {left}",
                every=0.02,
            )


@pytest.mark.django_db(transaction=True)
def test_what_moves_while_a_feed_is_opened_is_not_lost() -> None:
    world = make_world(skus=tuple(f"S{n}" for n in range(8)))

    def sell() -> None:
        for n in range(8):
            world.receive("reno", f"S{n}", n + 1)
            relaying.drain()

    answers = run_together([sell, lambda: _open(world), lambda: _open(world)])
    relaying.drain()

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert _quantities(world) == {f"S{n}": n + 1 for n in range(8)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_a_change_between_the_reading_and_the_commit_of_an_opening_is_told(
    monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    """Without the lock (the control) the channel would keep the number read before the change."""
    world = make_world()
    has_read, has_drained = threading.Event(), threading.Event()
    read = publishing._sellable

    def read_and_wait(*arguments: Any) -> dict[tuple[str, int], int]:
        found = read(*arguments)
        if not has_read.is_set():
            has_read.set()
            has_drained.wait(1)
        return found

    def sell() -> None:
        assert has_read.wait(10)
        world.receive("reno", "TENT", 7)
        relaying.drain()
        has_drained.set()

    monkeypatch.setattr(publishing, "_sellable", read_and_wait)
    if not is_locked:
        monkeypatch.setattr(publishing, "hold", lambda *_: None)
    answers = run_together([sell, lambda: _open(world)])

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert _quantities(world) == {"TENT": 7 if is_locked else 0}
