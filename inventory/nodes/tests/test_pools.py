"""Pools of nodes: made, changed, equal, wrong; read by one statement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.nodes import selectors, services
from inventory.nodes.models import Pool
from inventory.nodes.types import NodeDraft, PoolDraft
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db


NODE = NodeDraft(
    code="reno",
    name="Reno",
    kind="warehouse",
    country="US",
    city="Reno",
    latitude=39.53,
    longitude=-119.81,
    timezone="America/Los_Angeles",
    cutoff_time=time(15),
)


@dataclass(frozen=True, slots=True)
class World:
    organization_id: int
    nodes: dict[str, int]


def make_world(*, nodes_: tuple[str, ...] = ("reno",)) -> World:
    with unit():
        nodes = services.upsert_nodes(drafts=[replace(NODE, code=code) for code in nodes_])
    return World(organizations.ensure_operator().pk, nodes)


def _upsert(world: World, *drafts: PoolDraft) -> dict[str, int]:
    with unit():
        return services.upsert_pools(organization_id=world.organization_id, drafts=drafts)


def _ids(world: World, code: str) -> list[int]:
    return selectors.node_ids_of_pool(organization_id=world.organization_id, code=code)


def _story(pool_id: int) -> list[tuple[str, str, str, list[int]]]:
    rows: Any = Pool.history.filter(id=pool_id).order_by("history_id")
    return [
        (
            row.history_type,
            row.history_change_reason,
            row.name,
            sorted(member.node_id for member in row.nodes.all()),
        )
        for row in rows
    ]


def test_a_pool_is_made_and_read_in_one_statement() -> None:
    world = make_world(nodes_=("reno", "dallas", "miami"))

    ids = _upsert(world, PoolDraft("west", "West", ("reno", "dallas", "reno")))

    assert Pool.objects.get(pk=ids["west"]).name == "West"
    with CaptureQueriesContext(connection) as captured:
        assert _ids(world, "west") == sorted([world.nodes["reno"], world.nodes["dallas"]])
    assert len(captured) == 1


def test_history_keeps_who_changed_the_name_and_the_nodes() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    reno, dallas = world.nodes["reno"], world.nodes["dallas"]

    with acting(actor="staff:1"):
        [pool_id] = _upsert(world, PoolDraft("west", "West", ("reno",))).values()
    with acting(actor="staff:2"):
        _upsert(world, PoolDraft("west", "West", ("dallas",)))
        _upsert(world, PoolDraft("west", "Far west", ("dallas",)))
        _upsert(world, PoolDraft("west", "Far west", ("dallas",)))

    assert _ids(world, "west") == [dallas]
    assert _story(pool_id) == [
        ("+", "staff:1", "West", [reno]),
        ("~", "staff:2", "West", [dallas]),
        ("~", "staff:2", "Far west", [dallas]),
    ]


@pytest.mark.parametrize(
    ("drafts", "pointer"),
    [
        ([PoolDraft("west", "West", ())], "/west/node_codes"),
        ([PoolDraft("west", "West", ("reno", "nowhere"))], "/west/node_codes"),
        ([PoolDraft("west", "", ("reno",))], "/west/name"),
        ([PoolDraft("far west", "West", ("reno",))], "/far west/code"),
        ([PoolDraft("w" * 41, "West", ("reno",))], f"/{'w' * 41}/code"),
        ([PoolDraft("west", "A", ("reno",)), PoolDraft("west", "B", ("reno",))], "/west/code"),
    ],
)
def test_a_wrong_pool_is_refused_and_nothing_is_written(
    drafts: list[PoolDraft], pointer: str
) -> None:
    world = make_world()

    with pytest.raises(services.InvalidPool) as refused:
        _upsert(world, PoolDraft("good", "Good", ("reno",)), *drafts)

    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not Pool.objects.exists()


def test_another_sellers_pool_is_unknown() -> None:
    world = make_world()
    _upsert(world, PoolDraft("west", "West", ("reno",)))
    other = organizations.ensure_sandbox().pk

    for organization_id, code in ((other, "west"), (world.organization_id, "east")):
        with pytest.raises(selectors.UnknownPool):
            selectors.node_ids_of_pool(organization_id=organization_id, code=code)


def test_two_sellers_may_call_their_pools_the_same() -> None:
    world = make_world(nodes_=("reno", "dallas"))
    other = organizations.ensure_sandbox().pk
    _upsert(world, PoolDraft("west", "West", ("reno",)))

    with unit():
        services.upsert_pools(
            organization_id=other, drafts=[PoolDraft("west", "Theirs", ("dallas",))]
        )

    assert _ids(world, "west") == [world.nodes["reno"]]


def test_statements_do_not_grow_with_pools_and_nodes() -> None:
    codes = tuple(f"n{i}" for i in range(20))
    world = make_world(nodes_=codes)

    def spent(drafts: list[PoolDraft]) -> int:
        with CaptureQueriesContext(connection) as captured:
            _upsert(world, *drafts)
        return len(captured)

    one = spent([PoolDraft("a", "A", ("n0",))])
    assert spent([PoolDraft(f"p{i}", f"P{i}", codes) for i in range(10)]) == one
