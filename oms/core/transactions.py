"""One decorator opens the durable transaction, the other demands it; nobody guesses.

A consumer transaction (opened by the relay around a handler, so that the receipt and the effect
commit together) may be joined by use-cases; a use-case may not be opened inside another.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from oms.core.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

_open: ContextVar[str] = ContextVar("oms_transaction", default="")
#: What was done already that one transaction need not do twice.
_done: ContextVar[set[str] | None] = ContextVar("oms_transaction_done", default=None)

#: SQLSTATE of: lock timeout, deadlock, serialization failure, statement timeout.
_RETRYABLE = {"55P03", "40P01", "40001", "57014"}


class Busy(Unavailable):
    code = "database.busy"
    title = "Busy, try again"


class NestedUseCase(RuntimeError):
    """A use-case was opened inside another: it could commit half of the outer one."""


class TransactionRequired(RuntimeError):
    """A service that must share its caller's transaction was called outside one."""


@contextmanager
def _transaction(kind: str) -> Iterator[None]:
    _refuse_nesting()
    token, done_token = _open.set(kind), _done.set(set())
    try:
        with _telling_of_others(), transaction.atomic():
            yield
    finally:
        _open.reset(token)
        _done.reset(done_token)


def _refuse_nesting() -> None:
    if _open.get() or (connection.in_atomic_block and not _in_test_case()):
        raise NestedUseCase("a transaction is already open on this connection")


@contextmanager
def _telling_of_others() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        state = getattr(error.__cause__, "sqlstate", None)
        if state in _RETRYABLE:
            raise Busy("Somebody else is changing the same rows.", retry_after_s=1) from error
        raise


def _in_test_case() -> bool:
    # A test case's own transaction is not ours: it must neither satisfy nor forbid anything. A
    # block opened within it forbids, as it would without the test case.
    return bool(getattr(connection.atomic_blocks[-1], "_from_testcase", False))


def use_case(function: Callable[P, R]) -> Callable[P, R]:
    """This function will run `function` in a durable transaction of its own, or join a consumer's.

    Lock timeouts and deadlocks become `Busy` (503, retryable).

    :raises NestedUseCase: another use-case is open.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        state = _open.get()
        if state == "consumer":
            return function(*args, **kwargs)
        if state == "use_case":
            raise NestedUseCase(f"{function.__qualname__} was called inside another use-case")
        with _transaction("use_case"):
            return function(*args, **kwargs)

    return wrapper


def needs_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """This function will refuse to run outside a transaction opened by a use-case or consumer.

    :raises TransactionRequired: none is open; a test case's own transaction does not count.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _open.get():
            raise TransactionRequired(f"{function.__qualname__} needs its caller's transaction")
        return function(*args, **kwargs)

    return wrapper


@needs_transaction
def check_references() -> None:
    """This function will check the foreign keys of what the transaction has written so far, and go
    on leaving the others to the commit: whoever is about to lock what others wait for has them
    behind. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def consumer() -> Iterator[None]:
    """This function will open the transaction a relay wraps around one batch of one consumer."""
    with _transaction("consumer"):
        yield


@contextmanager
def unit() -> Iterator[None]:
    """This function will open a use-case transaction as a block, for commands and tests."""
    with _transaction("use_case"):
        yield


@contextmanager
def statement() -> Iterator[None]:
    """This function will let each statement of the block be a transaction of its own: for a change
    that is one call, where two more round trips to begin and to commit would double its price.

    :raises NestedUseCase: a transaction is open, with which the change would be undone.
    """
    _refuse_nesting()
    with _telling_of_others():
        yield


def is_open() -> bool:
    """This function will tell whether a use-case or consumer transaction is open."""
    return bool(_open.get())


def is_first(act: str) -> bool:
    """This function will tell whether `act` is named for the first time in this transaction."""
    done = _done.get()
    if done is None or act in done:
        return False
    done.add(act)
    return True
