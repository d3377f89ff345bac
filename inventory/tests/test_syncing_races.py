"""Several senders of one feed at once, each on its own connection."""

from __future__ import annotations

import random
from typing import Any

import pytest

from inventory.models import Drift, StockMovement, SyncMessage, SyncSource
from inventory.services import drifts, ledger, syncing
from inventory.tests.factories import World, make_world
from inventory.tests.syncing import add_source, balances, deliver, delta, snapshot
from oms.core.testing.races import run_together
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGES = 200


def _items() -> list[dict[str, Any]]:
    """TENT falls again and again as low as it can, so that another order shows."""
    quantities = [5, -3, -3, 2]
    return [
        delta(n, ("reno", "TENT", quantities[n % 4]), ("reno", "MUG", 1))
        for n in range(1, MESSAGES + 1)
    ]


def _expected() -> int:
    on_hand = 0
    for n in range(1, MESSAGES + 1):
        quantity = [5, -3, -3, 2][n % 4]
        on_hand += quantity if on_hand + quantity >= 0 else 0
    return on_hand


def _shuffled(seed: int) -> list[dict[str, Any]]:
    items = _items()
    dice = random.Random(seed)
    dice.shuffle(items)
    return items


def _send(world: World, items: list[dict[str, Any]]) -> list[str]:
    told = []
    for start in range(0, len(items), 7):
        told += [answer.outcome for answer in deliver(world, *items[start : start + 7])]
    return told


def test_four_senders_at_once_end_as_one_in_order() -> None:
    world = make_world(skus=("TENT", "MUG"))
    add_source(world)

    answers = run_together([lambda n=n: _send(world, _shuffled(n)) for n in range(4)])

    told = [outcome for answer in answers for outcome in answer]
    assert told.count("duplicate") == 3 * MESSAGES
    assert "refused" not in told
    assert balances() == {("reno", "TENT"): _expected(), ("reno", "MUG"): MESSAGES}
    assert SyncSource.objects.get().applied_sequence == MESSAGES
    assert SyncMessage.objects.filter(applied_at=None).count() == 0
    assert ledger.verify().count == 0


def test_without_the_lock_on_the_feed_messages_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same senders, nobody waiting for anybody."""
    world = make_world(skus=("TENT", "MUG"))
    add_source(world)

    def unlocked(organization_id: int, code: str) -> SyncSource:
        return SyncSource.objects.get(organization_id=organization_id, code=code)

    monkeypatch.setattr(syncing, "_lock_source", unlocked)
    answers = run_together([lambda n=n: _send(world, _shuffled(n)) for n in range(4)])

    is_broken = any(isinstance(answer, Exception) for answer in answers)
    assert is_broken or balances()["reno", "MUG"] != MESSAGES


def test_a_difference_is_taken_over_by_one_of_many() -> None:
    world = make_world()
    world.receive("reno", "TENT", 10)
    add_source(world)
    deliver(world, snapshot(1, ("reno", "TENT", 7)))
    drift = Drift.objects.get()

    def accept() -> None:
        with unit():
            drifts.accept_drift(drift_ids=[drift.pk], reason="counted")

    answers = run_together([accept] * 6)

    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, drifts.DriftClosed) for answer in answers) == 5
    assert balances()["reno", "TENT"] == 7
    assert StockMovement.objects.filter(document_kind="sync").count() == 1


def test_snapshots_and_takeovers_at_once_do_not_block_each_other_for_good() -> None:
    world = make_world(skus=("TENT", "MUG"))
    world.receive("reno", "TENT", 100)
    world.receive("reno", "MUG", 100)
    for code in ("erp-1", "wms-1"):
        add_source(world, code)

    def count(code: str) -> None:
        for n in range(1, 26):
            counts = ("reno", "TENT", 90 + n % 3), ("reno", "MUG", 95)
            deliver(world, snapshot(n, *counts), source=code)

    def accept() -> int:
        done = 0
        for _ in range(25):
            open_ = Drift.objects.filter(accepted_at=None, superseded_at=None).order_by("-id")
            for key in open_.values_list("pk", flat=True)[:2]:
                try:
                    with unit():
                        drifts.accept_drift(drift_ids=[key], reason="counted")
                    done += 1
                except drifts.DriftClosed:
                    pass
        return done

    answers = run_together([lambda: count("erp-1"), lambda: count("wms-1"), accept, accept])

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert ledger.verify().count == 0
