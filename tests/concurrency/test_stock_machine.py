"""Stock against a model of it: long random stories with crashes in them, after every step of which
the database holds exactly what the model says. The same stories over naive stock must fail."""

from __future__ import annotations

import itertools
import secrets
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from inventory.services import balances, ledger, reservations, taking
from inventory.services.deciding import Decision
from inventory.tests.factories import NOON, make_world
from oms.cockpit.simulation.proving import questions, weakening
from oms.cockpit.simulation.proving.weakening import Protection
from oms.core import clock, transactions
from oms.core.transactions import unit
from tests.support import stock_driver
from tests.support.crashing import Crash, Crashed
from tests.support.stock_driver import Balances, Driver
from tests.support.stock_model import (
    FIRM,
    LIVE,
    SOFT,
    Answer,
    Item,
    Leg,
    Model,
    Place,
    Promise,
    Refused,
    Shelf,
    Wish,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EXAMPLES, STEPS, AT_LEAST = 205, 120, 20_000
#: The whole ledger is proved after every so many stories.
_PROVED_EVERY = 20

NODES, SKUS = ("reno", "dallas"), ("A", "B")
PLACES: tuple[Place, ...] = tuple(itertools.product(NODES, SKUS))
REFS = ("o1", "o2", "o3", "o4", "o5")
Pointed = list[tuple[int, bool]]

places = st.sampled_from(PLACES)
refs = st.sampled_from(REFS)
units = st.integers(1, 6)
legs = st.lists(
    st.builds(Leg, st.sampled_from(("1", "2", "3")), places, units), min_size=1, max_size=3
)
wishes = st.lists(st.builds(Wish, refs, legs.map(tuple), st.booleans()), min_size=1, max_size=2)
#: Which promise is meant, and whether at its node only.
pointers = st.lists(st.tuples(st.integers(0, 11), st.booleans()), min_size=1, max_size=2)
terms = st.sampled_from([timedelta(minutes=m) for m in (5, 20, 60)])
crashes = st.builds(Crash, st.integers(1, 12), st.booleans(), st.sampled_from((True, False, False)))


def _where_there_are(statuses: Container[str]) -> Callable[[Any], Any]:
    """A step is taken where something waits for it; what is refused is met often enough."""
    return precondition(lambda self: any(p.status in statuses for p in self.all_promises()))


_stories = itertools.count(1)


class StockMachine(RuleBasedStateMachine):
    """One story: two nodes, two variants, five demands, a clock, and crashes now and then."""

    operations: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.story = next(_stories)
        self.name = f"{secrets.token_hex(3)}-{self.story}"
        self.crash: Crash | None = None
        self.planned = 0

    @initialize(
        counts=st.lists(st.integers(1, 12), min_size=4, max_size=4),
        safety=st.integers(0, 2),
        limit=st.integers(0, 3),
        wanted=wishes,
        term=terms,
    )
    def open(
        self, counts: list[int], safety: int, limit: int, wanted: list[Wish], term: timedelta
    ) -> None:
        world = make_world(nodes_=NODES, skus=tuple(f"{sku}-{self.name}" for sku in SKUS))
        variants = {sku: world.variants[f"{sku}-{self.name}"] for sku in SKUS}
        self.driver = Driver(replace(world, variants=variants), f"{self.name}-")
        self.model = Model({place: Shelf() for place in PLACES}, NOON)
        with unit():
            for place, count in zip(PLACES, counts, strict=True):
                self.driver.receive(place, count)
                self.model.receive(place, count)
        self.driver.limit(PLACES[0], safety_stock=safety)
        self.driver.limit(PLACES[3], oversell_limit=limit)
        self.model.shelves[PLACES[0]].safety = safety
        self.model.shelves[PLACES[3]].limit = limit
        self._do("hold", wanted, NOON + term)

    # Shelves

    @rule(place=places, count=units)
    def receive(self, place: Place, count: int) -> None:
        self._do("receive", place, count)

    @rule(place=places, count=units, quarantine=st.booleans())
    def take_back(self, place: Place, count: int, quarantine: bool) -> None:
        self._do("take_back", place, count, quarantine=quarantine)

    @rule(place=places, count=st.integers(-4, 4).filter(bool))
    def count(self, place: Place, count: int) -> None:
        self._do("adjust", place, count)

    @rule(sku=st.sampled_from(SKUS), count=units)
    def transfer(self, sku: str, count: int) -> None:
        self._do("transfer", (NODES[0], sku), (NODES[1], sku), count)

    # Promises

    @rule(wanted=wishes)
    def reserve(self, wanted: list[Wish]) -> None:
        self._do("reserve", wanted)

    @rule(wanted=wishes, term=terms)
    def hold(self, wanted: list[Wish], term: timedelta) -> None:
        self._do("hold", wanted, self.model.now + term)

    @_where_there_are(SOFT)
    @rule(which=st.integers(0, 11))
    def buy(self, which: int) -> None:
        """What a cart holds is ordered."""
        soft = [p for p in self.model.promises if p.status in SOFT] or self.model.stale
        ref = soft[which % len(soft)].ref
        legs = [Leg(p.line, p.place, p.units) for p in soft if p.ref == ref]
        self._do("reserve", [Wish(ref, tuple(legs))])

    @rule(lines=st.lists(st.tuples(st.sampled_from(SKUS), units), min_size=1, max_size=3))
    def buy_as_planned(self, lines: list[tuple[str, int]]) -> None:
        """What availability promises for a cart can be reserved; what it denies is not there."""
        legs = self.driver.plan(lines, self.model.now)
        if legs is None:
            self._judge_denied(lines)
            return
        self.planned += 1
        wish = Wish(f"p{self.planned}", legs)
        answer = self._do("reserve", [wish])
        if answer is not None:
            self._judge_promised(wish, answer)

    def _judge_denied(self, lines: list[tuple[str, int]]) -> None:
        wanted, there = Counter[str](), Counter[str]()
        for sku, count in lines:
            wanted[sku] += count
        for place in PLACES:
            there[place[1]] += max(0, self.model.free(place))
        assert not wanted <= there, f"{lines} denied"

    def _judge_promised(self, wish: Wish, answer: Answer) -> None:
        assert answer.taken == [wish.ref], "planned and not reservable"

    @_where_there_are({"held"})
    @rule(pointed=pointers, term=st.one_of(terms, st.just(timedelta(days=8))))
    def extend(self, pointed: Pointed, term: timedelta) -> None:
        self._step("extend", pointed, {"held"}, expires_at=self.model.now + term)

    @_where_there_are({"held"})
    @rule(pointed=pointers)
    def confirm(self, pointed: Pointed) -> None:
        self._step("confirm", pointed, {"held"})

    @_where_there_are(SOFT)
    @rule(pointed=pointers)
    def allocate(self, pointed: Pointed) -> None:
        self._step("allocate", pointed, SOFT)

    @_where_there_are({"allocated"})
    @rule(pointed=pointers)
    def unroute(self, pointed: Pointed) -> None:
        self._step("unroute", pointed, {"allocated"})

    @_where_there_are({"allocated"})
    @rule(pointed=pointers)
    def pick(self, pointed: Pointed) -> None:
        self._step("pick", pointed, {"allocated"})

    @_where_there_are(FIRM)
    @rule(pointed=pointers)
    def ship(self, pointed: Pointed) -> None:
        self._step("consume", pointed, FIRM)

    @_where_there_are(LIVE)
    @rule(pointed=pointers)
    def cancel(self, pointed: Pointed) -> None:
        self._step("release", pointed, LIVE)

    @_where_there_are(LIVE)
    @rule(which=st.integers(0, 11), count=units)
    def split(self, which: int, count: int) -> None:
        self._do("split", self._promise(which, LIVE), count)

    @_where_there_are(LIVE)
    @rule(which=st.integers(0, 11), node=st.sampled_from(NODES), count=st.one_of(st.none(), units))
    def move(self, which: int, node: str, count: int | None) -> None:
        self._do("move", self._promise(which, LIVE), node, count)

    # Time and trouble

    @rule(minutes=st.integers(1, 30))
    def wait(self, minutes: int) -> None:
        self.model.advance(timedelta(minutes=minutes))

    @rule(limit=st.integers(1, 5))
    def sweep(self, limit: int) -> None:
        now, before = self.model.now, len(self.model.stale)
        ended = self._run(
            "expire_due",
            lambda: reservations.expire_due(before=now, limit=limit),
            lambda: min(limit, before),
            is_use_case=True,
        )
        # Of holds that ran out at the same time any may be first: the database says which.
        assert ended is None or len(self.model.stale) == before - ended

    @rule(crash=crashes)
    def crash_next(self, crash: Crash) -> None:
        self.crash = crash

    # What is done, and compared

    def _do(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._run(
            name,
            lambda: getattr(self.driver, name)(*args, **kwargs),
            lambda: getattr(self.model, name)(*args, **kwargs),
        )

    def _step(self, name: str, pointed: Pointed, statuses: Container[str], **more: Any) -> None:
        meant = [self._meant(which, is_one_node, statuses) for which, is_one_node in pointed]
        self._run(
            name,
            lambda: self.driver.step(name, meant, **more),
            lambda: getattr(self.model, name)(meant, **more),
        )

    def _meant(self, which: int, is_one_node: bool, statuses: Container[str]) -> Item:
        """Mostly what waits for the step; now and then any demand, which may hold nothing."""
        if which > 10:
            return REFS[which % len(REFS)], NODES[0] if is_one_node else None
        promise = self._promise(which, statuses)
        return promise.ref, promise.place[0] if is_one_node else None

    def _promise(self, which: int, statuses: Container[str]) -> Promise:
        there = [p for p in self.all_promises() if p.status in statuses]
        return there[which % len(there)]

    def all_promises(self) -> list[Promise]:
        return [*self.model.promises, *self.model.stale]

    def _run(
        self,
        name: str,
        call: Callable[[], Any],
        expect: Callable[[], Any],
        *,
        is_use_case: bool = False,
    ) -> Any:
        crash, self.crash = self.crash, None
        self.operations["all"] += 1
        self.operations[name] += 1
        before = self.driver.traces() if crash else None
        answer, code = self.driver.attempt(
            call, now=self.model.now, crash=crash, is_use_case=is_use_case
        )
        if crash is not None and crash.has_struck:
            self.operations["crashed"] += 1
            assert self.driver.traces() == before, f"{name} left something behind by a crash"
            return None
        try:
            expected, refusal = expect(), ""
        except Refused as refused:
            expected, refusal = None, refused.code
            self.operations["refused"] += 1
        shelves = self.driver.shelves()
        self._require_not_oversold(name, shelves)
        self._judge(name, (answer, code), (expected, refusal), shelves)
        return answer

    def _judge(
        self, name: str, answer: Any, expected: Any, shelves: Mapping[Place, Balances]
    ) -> None:
        assert answer == expected, name
        self._compare_promises(name)
        self._compare_shelves(name, shelves)

    def _require_not_oversold(self, name: str, shelves: Mapping[Place, Balances]) -> None:
        """By the database's own numbers, whatever the model thinks."""
        for place, there in shelves.items():
            limit = self.model.shelves[place].limit
            assert there.held + there.allocated <= there.on_hand + limit, f"{name} oversold {place}"

    def _compare_promises(self, name: str) -> None:
        there = self.driver.promises()
        now = self.model.now
        stale = Counter({p: n for p, n in there.items() if p.expires_at and p.expires_at <= now})
        assert there - stale == Counter(self.model.promises), name
        assert stale <= Counter(self.model.stale), name
        self.model.stale = list(stale.elements())

    def _compare_shelves(self, name: str, shelves: Mapping[Place, Balances]) -> None:
        held, allocated = Counter[Place](), Counter[Place]()
        for promise in (*self.model.promises, *self.model.stale):
            is_soft = promise.status in ("held", "confirmed")
            (held if is_soft else allocated)[promise.place] += promise.units
        expected = {
            place: Balances(shelf.on_hand, held[place], allocated[place], shelf.quarantined)
            for place, shelf in self.model.shelves.items()
        }
        assert shelves == expected, name
        came = sum(self.model.totals[k] for k in ("received", "returned", "adjusted"))
        there = sum(found.on_hand + found.quarantined for found in shelves.values())
        assert there + self.model.totals["shipped"] == came, f"{name} lost or won units"

    def teardown(self) -> None:
        with clock.virtual(NOON + timedelta(days=60)):
            # Holds of this story are no business of the next one's sweep.
            while reservations.expire_due(before=clock.now(), limit=1_000):
                pass
        if self.story % _PROVED_EVERY == 0:
            assert ledger.verify().differences == []


@pytest.fixture(autouse=True)
def _quick_commits() -> Iterator[None]:
    """Nobody here asks what outlives the server; also connections made anew do not wait for it."""
    with connection.cursor() as cursor:
        name = connection.settings_dict["NAME"]
        cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        connection.close()
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" RESET synchronous_commit')
    connection.close()


def _run_stories(machine: type[StockMachine], **chosen: Any) -> None:
    run_state_machine_as_test(
        machine,
        # Without it a variation of a story often ends after a few steps.
        _min_steps=chosen["stateful_step_count"],
        settings=settings(
            deadline=None,
            database=None,
            print_blob=True,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            **chosen,
        ),
    )


def test_after_every_step_of_long_stories_stock_is_what_the_model_says() -> None:
    counted: Counter[str] = Counter()
    machine = type("Counted", (StockMachine,), {"operations": counted})

    _run_stories(machine, max_examples=EXAMPLES, stateful_step_count=STEPS)

    assert ledger.verify().differences == []
    assert questions.units_oversold_ever() == 0
    assert questions.units_unbacked() == 0
    assert questions.reservations_ended_twice() == 0
    assert counted["all"] >= AT_LEAST, counted
    # Nothing was only refused: each kind of step was taken, and each way of crashing met.
    assert counted["crashed"] > AT_LEAST // 100, counted


class WatchedMachine(StockMachine):
    """The same story without a model's opinion: only the database's own numbers are judged."""

    def _judge(
        self, name: str, answer: Any, expected: Any, shelves: Mapping[Place, Balances]
    ) -> None:
        there = list(self.driver.promises().elements())
        now = self.model.now
        self.model.stale = [p for p in there if p.expires_at and p.expires_at <= now]
        self.model.promises = [p for p in there if not (p.expires_at and p.expires_at <= now)]
        for place, found in shelves.items():
            self.model.shelves[place].on_hand = found.on_hand

    def _judge_denied(self, lines: list[tuple[str, int]]) -> None:
        pass

    def _judge_promised(self, wish: Wish, answer: Answer) -> None:
        pass


def _judge_lines_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line fits what there is; nobody adds them up."""
    really = taking.decide

    def decide(*, demands: Any, stands: Any, **more: Any) -> Decision:
        found = Decision()
        for demand in demands:
            for leg in demand.legs:
                alone = replace(demand, legs=(leg,))
                part = really(demands=[alone], stands=deepcopy(stands), **more)
                found.takes += part.takes
                found.short.update(part.short)
            if taking.key_of(demand) not in found.short:
                found.taken.append(demand)
        found.takes = [t for t in found.takes if taking.key_of(t.demand) not in found.short]
        return found

    monkeypatch.setattr(taking, "decide", decide)


def _answer_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands there is read once and believed for good, as by a cache before the check."""
    really, memory = balances.look, dict[int, Any]()

    def look(**asked: Any) -> dict[str, Any]:
        told = really(**asked)
        rows = [memory.setdefault(row[0], row) for row in told["places"] or ()]
        return {**told, "places": rows}

    monkeypatch.setattr(balances, "look", look)


def _commit_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before the crash is kept, as where each statement commits by itself."""

    @contextmanager
    def halves() -> Iterator[None]:
        with transactions.unit(), suppress(Crashed):
            yield

    monkeypatch.setattr(stock_driver, "unit", halves)


@pytest.mark.parametrize(
    ("spoil", "machine", "sign"),
    [
        (_judge_lines_one_by_one, WatchedMachine, "oversold"),
        (_answer_from_memory, WatchedMachine, "oversold"),
        (_commit_halves, StockMachine, "left something behind by a crash"),
    ],
)
def test_control_stories_over_naive_stock_fail(
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[pytest.MonkeyPatch], None],
    machine: type[StockMachine],
    sign: str,
) -> None:
    spoil(monkeypatch)
    off = (Protection.GUARD, Protection.CHECK)

    with weakening.without(*off), pytest.raises(AssertionError, match=sign):
        _run_stories(
            machine,
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            phases=[Phase.generate],
            derandomize=True,
        )
