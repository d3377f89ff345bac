"""Transactions: opened by use-cases only, never one inside another, never borrowed from a test."""

from __future__ import annotations

import threading

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction

from oms.core import locks, transactions
from oms.core.transactions import (
    Busy,
    NestedUseCase,
    TransactionRequired,
    consumer,
    needs_transaction,
    unit,
    use_case,
)

Organization = apps.get_model("accounts", "Organization")


@needs_transaction
def _store(code: str) -> str:
    Organization.objects.create(code=code, name=code)
    return code


@use_case
def _place(code: str, *, fails: bool = False) -> str:
    _store(code)
    if fails:
        raise KeyError(code)
    return code


@use_case
def _outer() -> None:
    _store("outer")
    _place("inner")


def _codes() -> set[str]:
    return set(Organization.objects.values_list("code", flat=True))


class TestInATestCase:
    """The transaction the test case wraps around everything counts for nothing."""

    pytestmark = pytest.mark.django_db

    def test_a_use_case_opens_and_returns(self) -> None:
        assert _place("a") == "a"
        assert _codes() == {"a"}
        assert transactions.is_open() is False

    def test_a_failed_use_case_leaves_nothing(self) -> None:
        with pytest.raises(KeyError):
            _place("a", fails=True)
        assert _codes() == set()
        assert transactions.is_open() is False

    def test_the_test_case_s_transaction_does_not_satisfy(self) -> None:
        assert connection.in_atomic_block
        with pytest.raises(TransactionRequired, match="_store"):
            _store("a")

    def test_a_bare_block_does_not_satisfy_either(self) -> None:
        with transaction.atomic(), pytest.raises(TransactionRequired):
            _store("a")

    def test_a_use_case_inside_another_is_refused(self) -> None:
        with pytest.raises(NestedUseCase, match="_place"):
            _outer()
        assert _codes() == set()

    @pytest.mark.parametrize("outer", [unit, consumer])
    @pytest.mark.parametrize("inner", [unit, consumer])
    def test_blocks_do_not_nest(self, outer: object, inner: object) -> None:
        with outer(), pytest.raises(NestedUseCase), inner():  # type: ignore[operator]
            pass

    def test_a_use_case_in_a_block_opened_by_hand_is_refused(self) -> None:
        with transaction.atomic(), pytest.raises(NestedUseCase):
            _place("a")
        assert _codes() == set()

    def test_a_consumer_is_joined(self) -> None:
        with pytest.raises(KeyError), consumer():
            assert _place("a") == "a"
            assert transactions.is_open()
            raise KeyError
        assert _codes() == set()
        with consumer():
            _place("b")
            _place("c")
        assert _codes() == {"b", "c"}

    def test_a_unit_satisfies_and_closes(self) -> None:
        with unit():
            _store("a")
        with pytest.raises(TransactionRequired):
            _store("b")
        assert _codes() == {"a"}

    def test_another_thread_has_no_part_in_it(self) -> None:
        seen: list[bool] = []
        with unit():
            thread = threading.Thread(target=lambda: seen.append(transactions.is_open()))
            thread.start()
            thread.join()
        assert seen == [False]


@pytest.mark.django_db(transaction=True)
class TestOnTheRealConnection:
    def test_a_use_case_commits(self) -> None:
        _place("a")
        connection.close()
        assert _codes() == {"a"}

    def test_a_block_opened_by_hand_refuses_a_use_case(self) -> None:
        with transaction.atomic(), pytest.raises(NestedUseCase):
            _place("a")
        assert _codes() == set()

    @pytest.mark.parametrize("code", ["55P03", "40P01", "40001", "57014"])
    def test_contention_is_busy_and_retryable(self, code: str) -> None:
        with pytest.raises(Busy) as caught, unit():
            _store("a")
            _raise_in_database(code)
        error = caught.value
        assert (error.status, error.is_retryable, error.retry_after_s) == (503, True, 1)
        assert _codes() == set()

    def test_other_database_errors_stay_themselves(self) -> None:
        with pytest.raises(OperationalError), unit():
            _raise_in_database("53100")

    def test_a_held_row_is_busy_not_a_hang(self) -> None:
        # given a row another connection holds
        _place("a")
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic():
                Organization.objects.select_for_update().get(code="a")
                held.set()
                done.wait(20)
            connection.close()

        thread = threading.Thread(target=hold)
        thread.start()
        assert held.wait(20)
        # when a use-case wants it and may wait 50 ms
        try:
            with pytest.raises(Busy), unit():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '50ms'")
                Organization.objects.filter(code="a").update(name="b")
        finally:
            done.set()
            thread.join()
        assert Organization.objects.get().name == "a"

    def test_an_advisory_lock_ends_with_its_transaction(self) -> None:
        with pytest.raises(TransactionRequired):
            locks.hold(locks.LockSpace.SEED, 1)
        with unit():
            locks.hold(locks.LockSpace.SEED, 1)
            assert _is_held_elsewhere() is True
        assert _is_held_elsewhere() is False

    def test_a_session_lock_has_one_holder(self) -> None:
        with locks.session_lock(locks.LockSpace.SEED, 1) as mine:
            assert mine is True
            assert _is_held_elsewhere() is True
        assert _is_held_elsewhere() is False


def _raise_in_database(code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")


def _is_held_elsewhere() -> bool:
    taken: list[bool] = []

    def look() -> None:
        with locks.session_lock(locks.LockSpace.SEED, 1) as free:
            taken.append(not free)
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return taken[0]


def test_lock_spaces_are_distinct() -> None:
    assert len({int(space) for space in locks.LockSpace}) == len(locks.LockSpace.__members__)


def test_what_is_done_once_a_transaction_is_done_again_in_the_next(db: None) -> None:
    assert transactions.is_first("wake") is False
    for _ in range(2):
        with unit():
            assert [transactions.is_first("wake") for _ in range(2)] == [True, False]
            assert transactions.is_first("other") is True
