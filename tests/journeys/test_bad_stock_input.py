"""Whatever is wrong with a quantity or an id, stock refuses it by name, and no row is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from inventory.models import Reservation
from inventory.services import ledger, reservations, selling, stock
from inventory.tests.factories import NOON, World, at_node, make_world
from inventory.types import Leg
from oms.core import clock
from oms.core.errors import OmsError
from oms.core.transactions import unit
from tests.support import rows

pytestmark = pytest.mark.django_db

NO_QUANTITY: list[Any] = [
    *(-1, -(10**30), 0, 0.0, 1.0, 1.5, float("nan"), float("inf"), Decimal("1"), Decimal("1.5")),
    *(True, False, "1", "one", "", b"1", None, [1], {"value": 1}, "\u0661"),
    *(100_000_001, 2**31, 2**63, 10**30),
]
#: Beyond what one line may ask for, though a delivery may bring it.
TOO_MANY = [100_001, 99_999_999]
LATER = NOON.replace(hour=18)
#: Ids that nothing has.
NO_ID = [0, -1, 10**9, 2**63 - 1]


@pytest.fixture
def world(db: None) -> Iterator[World]:
    """Two nodes with five tents each; of those at Reno three are allocated and one is held."""
    with clock.virtual(NOON):
        yield _world()


def _world() -> World:
    made = make_world(nodes_=("reno", "dallas"))
    made.receive("reno", "TENT", 5)
    made.receive("dallas", "TENT", 5)
    with unit():
        reservations.reserve(demands=[made.demand("ord_1", made.leg("reno", "TENT", 3))])
        kept = made.demand("cart_1", made.leg("reno", "TENT", 1))
        reservations.hold(demands=[kept], expires_at=LATER)
    return made


@contextmanager
def _nothing_changes(world: World) -> Iterator[None]:
    before, stood = rows.count_all(), _standing(world)
    yield
    assert rows.count_all() == before
    assert _standing(world) == stood
    assert ledger.verify().differences == []


def _standing(world: World) -> list[Any]:
    positions = [vars(world.position(node, "TENT")) for node in world.nodes]
    for position in positions:
        position.pop("_state")
    return [positions, list(Reservation.objects.order_by("pk").values())]


def _refusal(call: Callable[[], object]) -> str:
    """The code of a typed error; whatever else happens is named, too."""
    try:
        with unit():
            call()
    except OmsError as error:
        return error.code
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def _refusals(call: Callable[[Any], object], values: list[Any]) -> dict[str, str]:
    return {repr(value): _refusal(lambda value=value: call(value)) for value in values}


def _all(values: list[Any], code: str) -> dict[str, str]:
    return {repr(value): code for value in values}


def _leg(world: World, quantity: Any) -> Leg:
    return world.leg("reno", "TENT", quantity)


def _reservation(ref: str) -> str:
    return Reservation.objects.get(demand_ref=ref).public_id


ASKING: dict[str, Callable[[World, Any], object]] = {
    "reserve": lambda w, q: reservations.reserve(demands=[w.demand("o", _leg(w, q))]),
    "reserve beside a good leg": lambda w, q: reservations.reserve(
        demands=[w.demand("o", w.leg("reno", "TENT", 1), _leg(w, q))]
    ),
    "reserve beside a good demand": lambda w, q: reservations.reserve(
        demands=[w.demand("good", w.leg("reno", "TENT", 1)), w.demand("o", _leg(w, q))]
    ),
    "reserve what there is": lambda w, q: reservations.reserve(
        demands=[replace(w.demand("o", _leg(w, q)), is_partial=True)]
    ),
    "hold": lambda w, q: reservations.hold(demands=[w.demand("o", _leg(w, q))], expires_at=LATER),
    "split": lambda w, q: reservations.split(public_id=_reservation("ord_1"), quantity=q),
    "move": lambda w, q: reservations.move(
        public_id=_reservation("ord_1"),
        node_id=w.nodes["dallas"],
        # None moves all of it, and is no mistake.
        quantity=0 if q is None else q,
        reason="test",
    ),
}
BRINGING: dict[str, Callable[[World, Any], object]] = {
    "receive": lambda w, q: stock.receive(changes=[w.change("reno", "TENT", q)]),
    "receive beside a good one": lambda w, q: stock.receive(
        changes=[w.change("reno", "TENT", 1), w.change("dallas", "TENT", q)]
    ),
    "take back": lambda w, q: stock.take_back(
        changes=[w.change("reno", "TENT", q)], quarantine=False
    ),
    "take back aside": lambda w, q: stock.take_back(
        changes=[w.change("reno", "TENT", q)], quarantine=True
    ),
}


@pytest.mark.parametrize("service", ASKING)
def test_no_promise_is_made_of_what_is_no_quantity(world: World, service: str) -> None:
    values = [*NO_QUANTITY, *TOO_MANY]
    with _nothing_changes(world):
        codes = _refusals(lambda quantity: ASKING[service](world, quantity), values)

    assert codes == _all(values, "quantity.invalid")


@pytest.mark.parametrize("service", BRINGING)
def test_nothing_is_booked_of_what_is_no_quantity(world: World, service: str) -> None:
    with _nothing_changes(world):
        codes = _refusals(lambda quantity: BRINGING[service](world, quantity), NO_QUANTITY)

    assert codes == _all(NO_QUANTITY, "quantity.invalid")


def test_nothing_is_adjusted_by_what_is_no_quantity(world: World) -> None:
    values = [value for value in NO_QUANTITY if value != -1 and repr(value) != "0"]
    with _nothing_changes(world):
        codes = _refusals(
            lambda quantity: stock.adjust(changes=[world.change("reno", "TENT", quantity)]), values
        )

    assert codes == _all(values, "quantity.invalid")


@pytest.mark.parametrize(
    ("quantity", "code"),
    [(0, "inventory.nothing_changes"), (-2, "inventory.not_enough_on_hand"),
     (-100_000_000, "inventory.not_enough_on_hand")],
)  # fmt: skip
def test_an_adjustment_of_nothing_or_below_what_is_promised_is_refused(
    world: World, quantity: int, code: str
) -> None:
    with _nothing_changes(world):
        assert (
            _refusal(lambda: stock.adjust(changes=[world.change("reno", "TENT", quantity)])) == code
        )


@pytest.mark.django_db(transaction=True)
def test_a_bad_demand_at_the_front_changes_nothing() -> None:
    with clock.virtual(NOON):
        world = _world()
    try:
        with _nothing_changes(world), pytest.raises(OmsError) as refused:
            selling.reserve_now(demand=world.demand("o", _leg(world, 1.5)))
    finally:
        selling.stop()

    assert refused.value.code == "quantity.invalid"


def _at(service: str, world: World, **changes: Any) -> object:
    change, good = (
        replace(world.change("reno", "TENT", 1), **changes),
        world.change("dallas", "TENT", 1),
    )
    if service.startswith("take back"):
        return stock.take_back(changes=[change], quarantine=service.endswith("aside"))
    return getattr(stock, service)(changes=[good, change])


@pytest.mark.parametrize("service", ["receive", "adjust", "take back", "take back aside"])
@pytest.mark.parametrize("field", ["node_id", "variant_id"])
def test_nothing_is_booked_where_nothing_is(world: World, service: str, field: str) -> None:
    with _nothing_changes(world):
        codes = _refusals(lambda unknown: _at(service, world, **{field: unknown}), NO_ID)

    assert codes == _all(NO_ID, "inventory.unknown_place")


@pytest.mark.parametrize("service", ["reserve", "hold"])
@pytest.mark.parametrize("field", ["node_id", "variant_id", "organization_id"])
def test_what_is_nowhere_is_not_free(world: World, service: str, field: str) -> None:
    more = {"expires_at": LATER} if service == "hold" else {}
    for unknown in NO_ID:
        leg = _leg(world, 1)
        demand = world.demand("o", world.leg("dallas", "TENT", 1, "2"), leg)
        if field == "organization_id":
            demand = replace(demand, organization_id=unknown)
        else:
            demand = replace(demand, legs=(demand.legs[0], replace(leg, **{field: unknown})))
        with _nothing_changes(world), unit():
            answer = getattr(reservations, service)(demands=[demand], **more)

        assert answer.taken == ()
        assert (answer.short["o"][-1].line_ref, answer.short["o"][-1].available) == ("1", 0)


@pytest.mark.parametrize("service", ["reserve", "hold"])
def test_a_demand_for_nothing_is_refused(world: World, service: str) -> None:
    more = {"expires_at": LATER} if service == "hold" else {}
    with _nothing_changes(world):
        code = _refusal(lambda: getattr(reservations, service)(demands=[world.demand("o")], **more))

    assert code == "inventory.nothing_demanded"


STEPS: dict[str, dict[str, Any]] = {
    "pick": {},
    "consume": {},
    "confirm": {},
    "allocate": {},
    "extend": {"expires_at": LATER},
    "unroute": {"reason": "test"},
}


@pytest.mark.parametrize("service", STEPS)
def test_a_demand_that_nobody_made_has_nothing(world: World, service: str) -> None:
    step = getattr(reservations, service)
    refs = ["ord_2", "", "x" * 5_000, "' OR 1=1", "\u202e"]
    with _nothing_changes(world):
        by_ref = _refusals(lambda ref: step(items=[at_node(ref)], **STEPS[service]), refs)
        by_node = _refusals(
            lambda node_id: step(items=[at_node("ord_1", node_id)], **STEPS[service]), NO_ID
        )

    assert by_ref == _all(refs, "inventory.nothing_reserved")
    assert by_node == _all(NO_ID, "inventory.nothing_reserved")


def test_nothing_is_given_back_for_a_demand_that_nobody_made(world: World) -> None:
    with _nothing_changes(world), unit():
        assert reservations.release(items=[at_node("ord_2")], reason="test") == 0


@pytest.mark.parametrize("service", ["split", "move"])
def test_a_reservation_that_is_none_is_not_found(world: World, service: str) -> None:
    step = getattr(reservations, service)
    more = {"split": {"quantity": 1}, "move": {"node_id": world.nodes["dallas"], "reason": "x"}}
    names = ["rsv_none", "", "x" * 5_000, "ord_1", "' OR 1=1"]
    with _nothing_changes(world):
        codes = _refusals(lambda name: step(public_id=name, **more[service]), names)

    assert codes == _all(names, "inventory.unknown_reservation")


def test_nothing_moves_to_a_node_that_is_none(world: World) -> None:
    public_id = _reservation("ord_1")
    with _nothing_changes(world):
        codes = _refusals(
            lambda node_id: reservations.move(public_id=public_id, node_id=node_id, reason="test"),
            NO_ID,
        )

    assert codes == _all(NO_ID, "inventory.out_of_stock")


def test_a_part_leaves_something(world: World) -> None:
    public_id, values = _reservation("ord_1"), [3, 4, 100_000]
    with _nothing_changes(world):
        codes = _refusals(
            lambda quantity: reservations.split(public_id=public_id, quantity=quantity), values
        )

    assert codes == _all(values, "inventory.not_divisible")
