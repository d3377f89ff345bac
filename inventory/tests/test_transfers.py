"""Stock between two nodes: at every step all of it is somewhere."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.models import InboundSupply, StockMovement, StockPosition
from inventory.services import ledger, reservations, supply, transfers
from inventory.services.supply import InvalidSupply, MoreThanExpected, SupplyDiffers
from inventory.services.transfers import NotFreeToSend
from inventory.tests.factories import World, make_world
from inventory.tests.test_backlog import MAY, allow, coming, enqueue, line, waits
from inventory.types import Loss, Receipt, SupplyRef, Transfer, TransferLine
from oms.core.errors import Conflict, NotFound
from oms.core.quantities import InvalidQuantity
from oms.core.transactions import unit

pytestmark = pytest.mark.django_db


def ship(world: World, units: int, *, document: str = "TR-1", **more: Any) -> int:
    transfer = Transfer(
        document_ref=document,
        source_node_id=world.nodes["reno"],
        node_id=world.nodes["dallas"],
        expected_on=MAY,
        lines=(TransferLine("1", world.variants["TENT"], units),),
    )
    with unit():
        return transfers.ship(transfer=replace(transfer, **more))


def ref(world: World, document: str = "TR-1") -> SupplyRef:
    return SupplyRef(world.organization_id, "transfer", document)


def receive(world: World, units: int, paper: str, document: str = "TR-1") -> int:
    with unit():
        return transfers.receive(receipts=[Receipt(ref(world, document), units, paper)])


def lose(world: World, units: int | None, document: str = "TR-1") -> int:
    with unit():
        return supply.lose(losses=[Loss(ref(world, document), units)])


def everywhere(world: World) -> tuple[int, int, int, int]:
    """At the source, in transit, at the destination, lost."""
    at = dict(StockPosition.objects.values_list("node_id", "on_hand"))
    rows = list(InboundSupply.objects.all())
    return (
        at.get(world.nodes["reno"], 0),
        sum(row.quantity - row.received - row.lost for row in rows),
        at.get(world.nodes["dallas"], 0),
        sum(row.lost for row in rows),
    )


@pytest.fixture
def world(db: None) -> World:
    world = make_world(nodes_=("reno", "dallas"))
    world.receive("reno", "TENT", 20)
    return world


def test_it_leaves_is_in_transit_and_arrives(world: World) -> None:
    steps = [everywhere(world)]
    for step in (
        lambda: ship(world, 8),
        lambda: receive(world, 5, "GRN-1"),
        lambda: lose(world, 1),
        lambda: receive(world, 2, "GRN-2"),
    ):
        step()
        steps.append(everywhere(world))

    assert steps == [(20, 0, 0, 0), (12, 8, 0, 0), (12, 3, 5, 0), (12, 2, 5, 1), (12, 0, 7, 1)]
    story = StockMovement.objects.order_by("pk").values_list(
        "kind", "on_hand_delta", "document_kind", "document_ref"
    )
    assert list(story)[1:] == [
        ("transferred_out", -8, "transfer", "TR-1"),
        ("transferred_in", 5, "receipt", "GRN-1"),
        ("transferred_in", 2, "receipt", "GRN-2"),
    ]
    assert ledger.verify().count == 0


def test_the_same_document_leaves_once(world: World) -> None:
    assert ship(world, 8) == 8
    assert ship(world, 8) == 0
    assert ship(world, 2, document="TR-2") == 2
    with pytest.raises(SupplyDiffers):
        ship(world, 9)

    assert everywhere(world) == (10, 10, 0, 0)


def test_only_what_is_free_leaves(world: World) -> None:
    with unit():
        reservations.reserve(demands=[world.demand("o", world.leg("reno", "TENT", 5))])
    StockPosition.objects.update(safety_stock=3, oversell_limit=50)

    with pytest.raises(NotFreeToSend) as refused:
        ship(world, 13)
    untouched = everywhere(world)
    ship(world, 12)

    assert refused.value.data == {"sku": "TENT", "free": 12, "units": 13}
    assert (untouched, everywhere(world)) == ((20, 0, 0, 0), (8, 12, 0, 0))


def test_lines_of_one_item_add_up(world: World) -> None:
    lines = tuple(TransferLine(str(n), world.variants["TENT"], 11) for n in range(2))

    with pytest.raises(NotFreeToSend):
        ship(world, 1, lines=lines)

    assert everywhere(world) == (20, 0, 0, 0)


@pytest.mark.parametrize("units", [0, -3, 1.5, True])
def test_only_whole_units_leave(world: World, units: Any) -> None:
    with pytest.raises((InvalidSupply, InvalidQuantity)):
        ship(world, units)

    assert everywhere(world) == (20, 0, 0, 0)


def test_a_transfer_goes_somewhere_else_with_something(world: World) -> None:
    with pytest.raises(InvalidSupply):
        ship(world, 1, node_id=world.nodes["reno"])
    with pytest.raises(InvalidSupply):
        ship(world, 1, node_id=999_999)
    with pytest.raises(InvalidSupply):
        ship(world, 1, lines=(TransferLine("1", 999_999, 1),))

    assert everywhere(world) == (20, 0, 0, 0)


def test_a_transfer_brings_no_more_than_left_even_when_asked(world: World) -> None:
    ship(world, 4)

    with pytest.raises(MoreThanExpected), unit():
        supply.receive(receipts=[Receipt(ref(world), 5, "GRN-1")], allow_excess=True)

    assert everywhere(world) == (16, 4, 0, 0)


def test_an_order_is_no_transfer(world: World) -> None:
    order = coming(world, 4, MAY)

    with pytest.raises(InvalidSupply), unit():
        transfers.receive(receipts=[Receipt(order, 1, "GRN-1")])


def test_what_is_in_transit_is_promised_and_fills_when_it_arrives(world: World) -> None:
    allow(world, backorder_limit=None)
    ship(world, 6)
    answer = enqueue(line(world, "o", 4))

    receive(world, 3, "GRN-1")

    assert answer.waiting["o"][0].promised_on == MAY
    assert waits("o") == (4, 3, 0)
    assert ledger.verify().count == 0


_STEP = st.tuples(
    st.sampled_from(["ship", "receive", "lose"]), st.sampled_from("ABC"), st.integers(1, 9)
)
_RUNS = count()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(_STEP, min_size=1, max_size=12))
def test_at_every_step_all_of_it_is_somewhere(
    world: World, steps: list[tuple[str, str, int]]
) -> None:
    """Refused steps change nothing; a paper that comes again is passed over."""
    run = next(_RUNS)
    world.receive("reno", "TENT", 20)
    before = sum(everywhere(world))

    for verb, letter, units in steps:
        document = f"{letter}{run}"
        try:
            if verb == "ship":
                ship(world, units, document=document)
            elif verb == "receive":
                receive(world, units, f"GRN-{document}-{units}", document)
            else:
                lose(world, units, document)
        except (Conflict, NotFound):
            pass
        at = everywhere(world)
        assert sum(at) == before
        assert min(at) >= 0
    assert ledger.verify().count == 0
