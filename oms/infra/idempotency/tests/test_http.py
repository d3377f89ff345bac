"""A POST with a key has one effect, and every repeat the same answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from oms.core import transactions
from oms.core.errors import Unavailable
from oms.infra.idempotency.http import InvalidIdempotencyKey, Store, run_once
from oms.infra.idempotency.services import KeyReused

pytestmark = pytest.mark.django_db

KEY = "0123456789abcdef"


def _post(body: Any, key: str | None = KEY, *, owner: str = "ab12cd34") -> Request:
    headers = {} if key is None else {"Idempotency-Key": key}
    plain = APIRequestFactory().post("/api/v1/orders", body, format="json", headers=headers)
    request = Request(plain)
    request._full_data = body
    request.auth = SimpleNamespace(key_id=owner)  # type: ignore[assignment]
    return request


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, store: Store) -> tuple[int, dict[str, Any]]:
        self.count += 1
        answer = (201, {"zeta": self.count, "a": None})
        with transactions.unit():
            store(*answer)
        return answer


def test_a_repeat_is_answered_alike_and_does_nothing() -> None:
    work = Work()

    first = run_once(_post({"a": 1, "b": 2}), "orders.place", work)
    again = run_once(_post({"b": 2, "a": 1}), "orders.place", work)

    assert work.count == 1
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert list(again.data) == ["zeta", "a"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"


def test_without_a_key_each_request_is_done() -> None:
    work = Work()

    for _ in range(2):
        run_once(_post({}, None), "orders.place", work)

    assert work.count == 2


def test_a_key_with_another_body_does_nothing() -> None:
    work = Work()
    run_once(_post({"quantity": 1}), "orders.place", work)

    with pytest.raises(KeyReused):
        run_once(_post({"quantity": 10**40}), "orders.place", work)

    assert work.count == 1


def test_the_same_key_of_another_credential_is_another_key() -> None:
    work = Work()

    run_once(_post({}), "orders.place", work)
    run_once(_post({}, owner="ef56gh78"), "orders.place", work)

    assert work.count == 2


def test_a_failure_frees_the_key() -> None:
    def fail(_store: Store) -> Any:
        raise Unavailable

    with pytest.raises(Unavailable):
        run_once(_post({}), "orders.place", fail)
    work = Work()
    run_once(_post({}), "orders.place", work)

    assert work.count == 1


@pytest.mark.parametrize("key", ["short", "x" * 256, "0123456789 abcdef", "0123456789abcdé0", ""])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    work = Work()

    with pytest.raises(InvalidIdempotencyKey) as refused:
        run_once(_post({}, key), "orders.place", work)

    assert (refused.value.status, work.count) == (400, 0)
