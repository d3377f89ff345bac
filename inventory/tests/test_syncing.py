"""Messages of another system end at the same balances however they come, each booked once."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.catalog import services as catalog
from inventory.models import Drift, StockMovement, SyncMessage, SyncSource
from inventory.nodes import services as nodes
from inventory.services import ledger, syncing
from inventory.tests.factories import NODE, NOON, VARIANT, World, make_world
from inventory.tests.syncing import (
    SOURCE,
    add_source,
    balances,
    counted,
    deliver,
    delta,
    outcomes,
    snapshot,
)
from oms.core import clock
from oms.core.context import acting
from oms.core.transactions import TransactionRequired, unit
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "MUG"))
    add_source(world)
    return world


def _source() -> SyncSource:
    return SyncSource.objects.get(code=SOURCE)


def test_a_message_is_booked_as_movements_with_its_reason_and_number(world: World) -> None:
    with acting(actor="key:erp"), clock.virtual(NOON):
        answers = deliver(world, delta(1, ("reno", "TENT", 5), ("dallas", "MUG", 2)))

    assert outcomes(answers) == [(1, "applied")]
    assert balances() == {("reno", "TENT"): 5, ("dallas", "MUG"): 2}
    [movement] = StockMovement.objects.filter(position=world.position("reno", "TENT"))
    assert (movement.kind, movement.reason, movement.actor) == ("adjusted", "sale 1", "key:erp")
    assert (movement.document_kind, movement.document_ref) == ("sync", "erp-1/1")
    assert movement.occurred_at == NOON
    assert (_source().applied_sequence, _source().last_seen_at) == (1, NOON)


def test_a_message_after_a_gap_waits_and_all_that_follows_comes_with_the_missing_one(
    world: World,
) -> None:
    late = deliver(world, delta(3, ("reno", "TENT", -4)), delta(2, ("reno", "TENT", 1)))
    before = balances()

    filled = deliver(world, delta(1, ("reno", "TENT", 3)), delta(5, ("reno", "TENT", 9)))

    assert outcomes(late) == [(3, "waiting"), (2, "waiting")]
    assert before == {}
    assert outcomes(filled) == [(1, "applied"), (5, "waiting")]
    assert balances() == {("reno", "TENT"): 0}
    refs = StockMovement.objects.order_by("id").values_list("document_ref", flat=True)
    assert list(refs) == ["erp-1/1", "erp-1/2", "erp-1/3"]
    assert _source().applied_sequence == 3


def test_the_same_number_with_the_same_content_is_a_duplicate_applied_or_waiting(
    world: World,
) -> None:
    first, waiting = delta(1, ("reno", "TENT", 3)), delta(3, ("reno", "TENT", 3))
    deliver(world, first, waiting)
    before = counted()

    answers = deliver(world, first, waiting, first)

    assert outcomes(answers) == [(1, "duplicate"), (3, "duplicate"), (1, "duplicate")]
    assert counted() == before
    assert balances() == {("reno", "TENT"): 3}


def test_one_call_may_bring_a_message_twice(world: World) -> None:
    first = delta(1, ("reno", "TENT", 3))

    assert outcomes(deliver(world, first, first)) == [(1, "applied"), (1, "duplicate")]
    assert balances() == {("reno", "TENT"): 3}


@pytest.mark.parametrize(
    "other",
    [
        delta(1, ("reno", "TENT", 4)),
        delta(1, ("dallas", "TENT", 3)),
        delta(1, ("reno", "TENT", 3), ("reno", "TENT", 3)),
        snapshot(1, ("reno", "TENT", 3)),
    ],
)
@pytest.mark.parametrize("shift", [0, 2])
def test_the_same_number_with_other_content_is_a_conflict_and_changes_nothing(
    world: World, other: dict[str, Any], shift: int
) -> None:
    deliver(world, delta(1 + shift, ("reno", "TENT", 3)))
    before, seen = counted(), _source().last_seen_at

    [answer] = deliver(world, {**other, "sequence": 1 + shift})

    assert answer.outcome == "refused"
    assert (answer.error.code, answer.error.status) == ("inventory.sequence_conflict", 409)
    assert [error.pointer for error in answer.error.errors] == ["/sequence"]
    assert (counted(), _source().last_seen_at) == (before, seen)


@pytest.mark.parametrize("sequence", [0, -1, 10_003, 2**63, 10**40])
def test_a_number_out_of_the_window_is_refused_and_names_the_expected_one(
    world: World, sequence: int
) -> None:
    deliver(world, delta(1, ("reno", "TENT", 3)), delta(2, ("reno", "TENT", 3)))
    before = counted()

    [answer] = deliver(world, delta(sequence, ("reno", "TENT", 3)))

    assert answer.error.code == "inventory.sequence_out_of_order"
    assert answer.error.data == {"expected": 3}
    assert counted() == before
    assert outcomes(deliver(world, delta(10_002, ("reno", "TENT", 3)))) == [(10_002, "waiting")]


def test_a_refused_message_does_not_stop_the_others_and_its_number_stays_free(
    world: World,
) -> None:
    answers = deliver(
        world,
        delta(1, ("reno", "TENT", 3)),
        delta(2, ("reno", "NOBODYS", 3)),
        delta(2, ("reno", "MUG", 2)),
        "nonsense",
        delta(3, ("reno", "TENT", 1)),
    )

    assert outcomes(answers) == [
        (1, "applied"),
        (2, "refused"),
        (2, "applied"),
        (None, "refused"),
        (3, "applied"),
    ]
    assert balances() == {("reno", "TENT"): 4, ("reno", "MUG"): 2}


BAD: list[tuple[object, str, str]] = [
    ("text", "", "object_expected"),
    (None, "", "object_expected"),
    ({"sequence": 1}, "/kind", "invalid_choice"),
    ({"sequence": 1, "kind": ["delta"]}, "/kind", "invalid_choice"),
    (delta("1", ("reno", "TENT", 1)), "/sequence", "invalid_number"),
    (delta(True, ("reno", "TENT", 1)), "/sequence", "invalid_number"),
    (delta(1.0, ("reno", "TENT", 1)), "/sequence", "invalid_number"),
    (delta(1), "/changes", "invalid_list"),
    ({"sequence": 1, "kind": "delta", "changes": {}}, "/changes", "invalid_list"),
    ({"sequence": 1, "kind": "delta", "changes": [7]}, "/changes/0", "object_expected"),
    (delta(1, ("reno", "TENT", 0)), "/changes/0/quantity", "invalid_quantity"),
    (delta(1, ("reno", "TENT", 100_000_001)), "/changes/0/quantity", "invalid_quantity"),
    (delta(1, ("reno", "TENT", -(10**30))), "/changes/0/quantity", "invalid_quantity"),
    (delta(1, ("reno", "TENT", 1.5)), "/changes/0/quantity", "invalid_number"),
    (delta(1, ("reno", "TENT", 2.0)), "/changes/0/quantity", "invalid_number"),
    (delta(1, ("reno", "TENT", "3")), "/changes/0/quantity", "invalid_number"),
    (delta(1, ("reno", "TENT", True)), "/changes/0/quantity", "invalid_number"),
    (delta(1, ("reno", "TENT", None)), "/changes/0/quantity", "invalid_number"),
    (delta(1, ("reno", "MUG", 1), ("nowhere", "TENT", 1)), "/changes/1/node", "unknown_node"),
    (delta(1, ("notmine", "TENT", 1)), "/changes/0/node", "unknown_node"),
    (delta(1, ("reno", "NOBODYS", 1)), "/changes/0/sku", "unknown_sku"),
    (delta(1, ("reno", "THEIRS", 1)), "/changes/0/sku", "unknown_sku"),
    (delta(1, ("reno", "tent", 1)), "/changes/0/sku", "unknown_sku"),
    (delta(1, ("reno", "", 1)), "/changes/0/sku", "invalid_text"),
    (delta(1, ("reno", "TE\x00NT", 1)), "/changes/0/sku", "invalid_text"),
    (delta(1, ("r" * 41, "TENT", 1)), "/changes/0/node", "invalid_text"),
    (delta(1, ("reno", "TENT", 1), note="x"), "/note", "unknown_field"),
    (delta(1, ("reno", "TENT", 1), complete=True), "/complete", "unknown_field"),
    (snapshot(1), "/places", "invalid_list"),
    (snapshot(1, ("reno", "TENT", -1)), "/places/0/on_hand", "invalid_quantity"),
    (snapshot(1, ("reno", "TENT", 10**9 + 1)), "/places/0/on_hand", "invalid_quantity"),
    (snapshot(1, ("reno", "TENT", 0.5)), "/places/0/on_hand", "invalid_number"),
    (snapshot(1, ("reno", "X", 1)), "/places/0/sku", "unknown_sku"),
    (snapshot(1, ("reno", "TENT", 1), complete=1), "/complete", "invalid_choice"),
    (snapshot(1, ("reno", "TENT", 1), ("reno", "TENT", 2)), "/places/1", "duplicate_place"),
]


@pytest.mark.parametrize(("item", "pointer", "code"), BAD)
def test_a_wrong_message_names_its_field_and_leaves_nothing(
    world: World, item: object, pointer: str, code: str
) -> None:
    _others(world)
    before = counted()

    [answer] = deliver(world, item)

    assert answer.outcome == "refused"
    assert (answer.error.code, answer.error.status) == ("inventory.invalid_message", 422)
    assert (pointer, code) in [(error.pointer, error.code) for error in answer.error.errors]
    assert (counted(), _source().applied_sequence, _source().last_seen_at) == (before, 0, None)


def _others(world: World) -> None:
    """A node that may not serve us, and a SKU of somebody else."""
    other = organizations.ensure_partner(code="other", name="Other")
    with unit():
        nodes.upsert_nodes(drafts=[replace(NODE, code="notmine")])
        catalog.upsert_variants(organization_id=other.pk, drafts=[replace(VARIANT, sku="THEIRS")])


def test_a_feed_belongs_to_one_organization(world: World) -> None:
    other = organizations.ensure_partner(code="other", name="Other")

    for owner, code in ((other.pk, SOURCE), (world.organization_id, "nobodys")):
        with pytest.raises(syncing.UnknownSource):
            syncing.deliver(organization_id=owner, source=code, items=[])


@pytest.mark.parametrize(
    ("code", "kind"), [("erp 1", "erp"), ("", "erp"), ("x" * 41, "erp"), ("e", "x")]
)
def test_a_feed_that_cannot_be_is_refused(world: World, code: str, kind: str) -> None:
    with pytest.raises(syncing.InvalidSource), unit():
        syncing.add_source(organization_id=world.organization_id, code=code, kind=kind)

    assert SyncSource.objects.count() == 1


def test_a_feed_is_made_once(world: World) -> None:
    with pytest.raises(syncing.SourceExists):
        add_source(world)


def test_accept_needs_its_callers_transaction(world: World) -> None:
    with pytest.raises(TransactionRequired):
        syncing.accept(organization_id=world.organization_id, source=SOURCE, messages=[])


def test_a_call_brings_at_most_a_thousand_messages(world: World) -> None:
    before = counted()

    with pytest.raises(syncing.TooManyMessages):
        deliver(world, *[delta(n, ("reno", "TENT", 1)) for n in range(1, 1_002)])

    assert counted() == before


def test_what_waits_is_bounded_and_the_missing_message_is_still_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "MAX_WAITING_LINES", 3)
    tent = ("reno", "TENT", 1)

    answers = deliver(world, delta(2, tent, tent), delta(3, tent, tent), delta(3, tent, tent))
    more = deliver(world, delta(4, tent), delta(1, tent))

    assert outcomes(answers) == [(2, "waiting"), (3, "refused"), (3, "refused")]
    assert {a.error.code for a in answers if a.error} == {"inventory.too_much_waiting"}
    assert outcomes(more) == [(4, "waiting"), (1, "applied")]
    assert balances() == {("reno", "TENT"): 3}


def _mixed(count: int, *nodes: str) -> list[dict[str, Any]]:
    """Messages about two SKUs at the nodes; some changes are too large, some messages count."""
    dice = random.Random(7)
    places = [(node, sku) for node in nodes for sku in ("TENT", "MUG")]
    items = []
    for sequence in range(1, count + 1):
        chosen = dice.sample(places, dice.randint(1, 3))
        if sequence % 50 == 0:
            items.append(snapshot(sequence, *[(n, s, dice.randint(0, 30)) for n, s in chosen]))
        else:
            lines = [(n, s, dice.choice([-9, -4, -1, 1, 3, 9])) for n, s in chosen]
            items.append(delta(sequence, *lines))
    return items


def _ledger(source: str) -> list[tuple[Any, ...]]:
    """What the messages of a source booked and found, place by place, in order."""
    moved = StockMovement.objects.filter(document_ref__startswith=f"{source}/").order_by("id")
    found = Drift.objects.filter(report__source__code=source).order_by("report__id", "position")
    return [
        *moved.values_list("position__variant__sku", "on_hand_delta", "reason"),
        *found.values_list("position__variant__sku", "report__message__sequence", "ours", "theirs"),
    ]


def test_a_thousand_messages_shuffled_and_doubled_end_as_those_in_order() -> None:
    world = make_world(nodes_=("a-1", "a-2", "b-1", "b-2"), skus=("TENT", "MUG"))
    add_source(world, "in-order")
    add_source(world, "shuffled")
    in_order, items = _mixed(1_000, "a-1", "a-2"), _mixed(1_000, "b-1", "b-2")
    for start in range(0, 1_000, 10):
        deliver(world, *in_order[start : start + 10], source="in-order")

    dice = random.Random(11)
    shuffled = items + dice.sample(items, 100)
    dice.shuffle(shuffled)
    told = []
    while shuffled:
        size = dice.randint(1, 20)
        told += deliver(world, *shuffled[:size], source="shuffled")
        shuffled = shuffled[size:]

    assert [answer.outcome for answer in told].count("duplicate") == 100
    found = balances()
    assert [found["b-1", sku] for sku in ("TENT", "MUG")] == [
        found["a-1", sku] for sku in ("TENT", "MUG")
    ]
    assert [found["b-2", sku] for sku in ("TENT", "MUG")] == [
        found["a-2", sku] for sku in ("TENT", "MUG")
    ]
    assert _ledger("shuffled") == _ledger("in-order")
    problems = SyncMessage.objects.exclude(problem="").values_list("source__code", "sequence")
    assert {n for code, n in problems if code == "shuffled"} == {
        n for code, n in problems if code == "in-order"
    }
    assert len(problems) > 100
    assert ledger.verify().count == 0


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_order_with_any_duplicates_ends_at_the_same_balances(
    world: World, data: st.DataObject
) -> None:
    quantities = data.draw(
        st.lists(st.integers(-6, 9).filter(bool), min_size=1, max_size=12), label="quantities"
    )
    code = f"s-{SyncSource.objects.count()}"
    add_source(world, code)
    start = balances().get(("reno", "TENT"), 0)
    items = [delta(n, ("reno", "TENT", q)) for n, q in enumerate(quantities, start=1)]
    expected = start
    for quantity in quantities:
        expected += quantity if expected + quantity >= 0 else 0

    order = data.draw(st.permutations(items + data.draw(st.lists(st.sampled_from(items)))))
    cuts = data.draw(st.lists(st.integers(1, 4), min_size=len(order), max_size=len(order)))
    while order:
        size = cuts.pop()
        deliver(world, *order[:size], source=code)
        order = order[size:]

    assert balances()["reno", "TENT"] == expected
    assert SyncSource.objects.get(code=code).applied_sequence == len(items)
    assert ledger.verify().count == 0


def test_statements_do_not_grow_with_the_messages_or_their_places(world: World) -> None:
    def cost(*items: dict[str, Any]) -> int:
        with CaptureQueriesContext(connection) as caught:
            deliver(world, *items)
        return len(caught)

    tent, mug = ("reno", "TENT", 3), ("dallas", "MUG", -1)
    few = cost(snapshot(1, ("reno", "TENT", 9)), delta(2, tent), delta(3, mug))
    items = [
        snapshot(n, ("reno", "TENT", n), ("dallas", "MUG", n))
        if n % 5 == 0
        else delta(n, tent, mug)
        for n in range(4, 104)
    ]
    many = cost(*items)

    assert many == few
    assert few <= 24
