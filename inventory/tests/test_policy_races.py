"""Two people at the same instant: whoever comes second sees what the first one did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from inventory.catalog import services as catalog
from inventory.catalog.models import KitComponent
from inventory.models import StockPosition
from inventory.selectors import policies as answers
from inventory.services import policies, stock
from inventory.tests.factories import World, make_world
from inventory.types import RuleQuestion, SafetyLimit
from oms.core import locks
from oms.core.testing.races import run_together
from oms.core.transactions import Busy, unit

pytestmark = pytest.mark.django_db(transaction=True)


def _overlap(first: Callable[[], object], second: Callable[[], object]) -> list[object]:
    """Does `second` while the transaction of `first` is open: until it is done or waits."""
    begun, ended = threading.Event(), threading.Event()

    def earlier() -> None:
        with unit():
            first()
            begun.set()
            ended.wait(1)

    def later() -> None:
        begun.wait(10)
        try:
            with unit():
                second()
        finally:
            ended.set()

    return run_together([earlier, later])


@contextmanager
def _without(trigger: str, table: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


def _receive(world: World) -> Callable[[], None]:
    return lambda: stock.receive(changes=[world.change("reno", "SET", 5)])


def _make_kit(world: World) -> Callable[[], None]:
    return lambda: catalog.set_components(
        kit_id=world.variants["SET"], components={world.variants["TENT"]: 2}
    )


def _is_kit_with_a_place(world: World) -> bool:
    return (
        KitComponent.objects.filter(kit=world.variants["SET"]).exists()
        and StockPosition.objects.filter(variant=world.variants["SET"]).exists()
    )


def test_what_is_just_being_received_does_not_become_a_kit() -> None:
    world = make_world(skus=("TENT", "SET"))

    received, made = _overlap(_receive(world), _make_kit(world))

    assert received is None
    assert isinstance(made, catalog.StockInTheWay)
    assert not _is_kit_with_a_place(world)


def test_what_is_just_becoming_a_kit_is_not_received() -> None:
    world = make_world(skus=("TENT", "SET"))

    made, received = _overlap(_make_kit(world), _receive(world))

    assert made is None
    assert isinstance(received, Busy)
    assert not _is_kit_with_a_place(world)
    with pytest.raises(stock.KitHasNoStock), unit():
        _receive(world)()


@pytest.mark.parametrize("first", [_receive, _make_kit])
def test_control_without_the_guard_of_places_a_kit_gets_stock(
    first: Callable[[World], Callable[[], None]],
) -> None:
    world = make_world(skus=("TENT", "SET"))
    second = _make_kit if first is _receive else _receive

    with _without("inventory_guard_places", "inventory_stockposition"):
        assert _overlap(first(world), second(world)) == [None, None]

    assert _is_kit_with_a_place(world)


def _two_rules_at_once() -> tuple[int, int]:
    """The stored safety stock, and what the rules say it is."""
    world = make_world()
    world.receive("reno", "TENT", 20)
    node, tent = world.nodes["reno"], world.variants["TENT"]

    done = _overlap(
        lambda: policies.set_safety_rules(rules=[SafetyLimit(node, 9, variant_id=tent)]),
        lambda: policies.set_safety_rules(rules=[SafetyLimit(node, 4)]),
    )

    assert done == [None, None]
    said = answers.get_answer(question=RuleQuestion(tent, node)).safety_stock
    return world.position("reno", "TENT").safety_stock, said


def test_two_rules_for_one_place_at_once_end_as_the_rules_say() -> None:
    assert _two_rules_at_once() == (9, 9)


def test_control_without_the_lock_a_place_follows_the_weaker_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locks, "hold", lambda space, number: None)

    assert _two_rules_at_once() == (4, 9)
