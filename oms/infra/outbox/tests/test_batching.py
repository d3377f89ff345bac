"""Calls are few, and never out of order within an aggregate or a correlation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services.batching import EXACT_HOPS, Delivery, calls, chunks
from oms.infra.outbox.subscriptions import Subscription

Row = tuple[str, str, str]


def _on_a(_: Any) -> None: ...


def _on_b(_: Any) -> None: ...


HANDLERS: dict[str, Callable[[Any], None]] = {"a": _on_a, "b": _on_b}


def _deliveries(*rows: Row, hops: int = 0) -> list[Delivery]:
    return [
        Delivery(
            "c",
            OutboxEvent(
                pk=number, aggregate_kind="k", aggregate_id=id_, correlation_id=story, hops=hops
            ),
            Subscription("c", handler, object, HANDLERS[handler], batch_size=7),
        )
        for number, (handler, id_, story) in enumerate(rows)
    ]


def _ids(deliveries: list[Delivery]) -> list[list[int]]:
    return [[d.event.pk for d in call] for call in calls(deliveries)]


def test_interleaved_kinds_of_different_aggregates_take_one_call_each() -> None:
    assert _ids(_deliveries(("a", "1", ""), ("b", "2", ""), ("a", "3", ""), ("b", "4", ""))) == [
        [0, 2],
        [1, 3],
    ]


def test_one_aggregate_keeps_its_order_across_handlers() -> None:
    assert _ids(_deliveries(("b", "1", ""), ("a", "1", ""), ("a", "2", ""), ("b", "1", ""))) == [
        [0],
        [2],
        [1],
        [3],
    ]


def test_one_correlation_keeps_its_order_across_aggregates() -> None:
    assert _ids(_deliveries(("a", "1", "o"), ("b", "2", "o"), ("a", "3", "p"))) == [[0, 2], [1]]


def test_high_hop_counts_are_not_mixed() -> None:
    low = _deliveries(("a", "1", ""), hops=EXACT_HOPS)
    high = _deliveries(("a", "2", ""), hops=EXACT_HOPS + 1)

    assert [len(call) for call in calls([*low, *high])] == [1, 1]
    assert [len(call) for call in calls([*low, *_deliveries(("a", "2", ""))])] == [2]


def test_chunks_are_no_longer_than_the_smallest_batch_size() -> None:
    pieces = chunks(_deliveries(*[("a", str(i), "") for i in range(16)]))

    assert [len(piece) for piece in pieces] == [7, 7, 2]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("1234"), st.sampled_from(["", "x", "y"])),
        max_size=30,
    )
)
def test_calls_lose_nothing_and_keep_every_order(rows: list[Row]) -> None:
    deliveries = _deliveries(*rows)

    called = list(calls(deliveries))

    flat = [d.event.pk for call in called for d in call]
    assert sorted(flat) == list(range(len(rows)))
    assert all(
        len({id(d.subscription.handler) for d in call if d.subscription}) == 1 for call in called
    )
    for key in ("aggregate_id", "correlation_id"):
        for value in {getattr(d.event, key) for d in deliveries} - {""}:
            same = [d.event.pk for call in called for d in call if getattr(d.event, key) == value]
            assert same == sorted(same)
