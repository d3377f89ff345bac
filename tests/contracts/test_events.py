"""Names and payloads of events fit together across all apps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps

from oms.core.events import Event, registered
from oms.infra.outbox import subscriptions
from oms.infra.outbox.subscriptions import Subscription

NAME = re.compile(r"[a-z_]+(\.[a-z_]+){2}\.v\d+")
#: Facts of the outbox's own tests.
OF_TESTS = "test."


def _published() -> dict[str, type[Event]]:
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.events"):
            import_module(f"{config.name}.events")
    return {name: kind for name, kind in registered().items() if not name.startswith(OF_TESTS)}


def _bad_names(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not NAME.fullmatch(name))


def _misfits(
    subscribed: Iterable[Subscription], published: Mapping[str, type[Event]]
) -> list[tuple[str, str, str]]:
    """(consumer, event, what is wrong) of each subscription that cannot work."""
    wrong = []
    for subscription in subscribed:
        kind = published.get(subscription.name)
        if kind is None:
            wrong.append((subscription.consumer, subscription.name, "nobody publishes it"))
            continue
        taken = {(field.name, str(field.type)) for field in fields(subscription.payload_type)}
        given = {(field.name, str(field.type)) for field in fields(kind)}
        wrong += [
            (subscription.consumer, subscription.name, f"{name}: {type_}")
            for name, type_ in sorted(taken - given)
        ]
    return wrong


def _bad_keys(published: Mapping[str, type[Event]]) -> list[str]:
    """Events whose aggregate or correlation is not one of their own fields."""
    return sorted(
        name
        for name, kind in published.items()
        if not kind.AGGREGATE
        or not {kind.AGGREGATE_FIELD, kind.CORRELATION_FIELD or kind.AGGREGATE_FIELD}
        <= {field.name for field in fields(kind)}
    )


def test_every_event_name_has_a_group_a_room_a_fact_and_a_version() -> None:
    assert _bad_names(_published()) == []


def test_every_subscription_takes_fields_that_are_published() -> None:
    assert _misfits(subscriptions.every(), _published()) == []


def test_every_event_names_its_aggregate_and_correlation_among_its_fields() -> None:
    assert _bad_keys(_published()) == []


@pytest.mark.parametrize(
    "name",
    [
        "orders.order.placed",
        "orders.placed.v1",
        "Orders.order.placed.v1",
        "a.b.c.d.v1",
        "a.b.c.v1 ",
    ],
)
def test_a_bad_name_is_found(name: str) -> None:
    assert _bad_names([name, "orders.order.placed.v12"]) == [name]


@dataclass(frozen=True)
class _Published(Event):
    AGGREGATE = "thing"
    AGGREGATE_FIELD = "ref"
    ref: str = ""
    count: int = 0


@dataclass(frozen=True)
class _Subset:
    ref: str


@dataclass(frozen=True)
class _Renamed:
    reference: str = ""


@dataclass(frozen=True)
class _Retyped:
    count: str


@pytest.mark.parametrize(
    ("name", "payload", "found"),
    [
        ("a.b.c.v1", _Subset, []),
        ("a.b.c.v1", _Published, []),
        ("a.b.c.v2", _Subset, ["nobody publishes it"]),
        ("a.b.c.v1", _Renamed, ["reference: str"]),
        ("a.b.c.v1", _Retyped, ["count: str"]),
    ],
)
def test_a_subscription_that_does_not_fit_is_found(
    name: str, payload: type, found: list[str]
) -> None:
    subscription = Subscription("x.y", name, payload, lambda _: None, 1)

    wrong = _misfits([subscription], {"a.b.c.v1": _Published})

    assert [what for _consumer, _name, what in wrong] == found


def test_an_event_without_its_aggregate_is_found() -> None:
    class Lost(_Published):
        AGGREGATE_FIELD = "nothing"

    assert _bad_keys({"good": _Published, "lost": Lost}) == ["lost"]
