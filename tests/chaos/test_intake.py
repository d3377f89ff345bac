"""kill -9 of the database while shops are ordering: what was answered 201 is there, once."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import stack as stacks
from tests.support.orders import record
from tests.support.stack import Stack
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stack")]

SHOPS = 12
KILLED_AFTER, ENDED_AFTER = 60, 240
PATIENCE = 180.0


class Shops:
    """Order without a pause until told to stop, each order until it is answered."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.key = stack.manage("create_api_key", "--organization", "operator", "--name", "Shops")[
            "key"
        ]
        self.answers: dict[str, tuple[int, str]] = {}
        self.is_over = threading.Event()
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def order(self) -> None:
        while not self.is_over.is_set():
            self._order(next(self._numbers))

    def _order(self, number: int) -> None:
        body = record(number)
        wait_for(lambda: self._is_answered(body), seconds=PATIENCE, what="an answer", every=0.2)

    def _is_answered(self, body: dict[str, Any]) -> bool:
        try:
            said = httpx.post(
                f"{self.stack.url}/api/v1/orders",
                json=body,
                headers={
                    "Authorization": f"Bearer {self.key}",
                    "Idempotency-Key": f"chaos-{body['external_ref']}-key",
                },
                timeout=30,
            )
        except httpx.HTTPError:
            said = None
        with self._lock:
            if said is None or said.status_code >= 500 or said.status_code == 409:
                return False
            self.answers[body["external_ref"]] = (said.status_code, said.json()["id"])
            return True


def test_every_answered_order_outlives_the_database(tmp_path: Path) -> None:
    with stacks.running(tmp_path) as stack:
        stack.manage("seed_world", "--size", "small")
        shops = Shops(stack)
        with ThreadPoolExecutor(SHOPS) as threads:
            busy = [threads.submit(shops.order) for _ in range(SHOPS)]
            try:
                _wait_for(shops, KILLED_AFTER)
                began = _began(stack)
                assert stack.kill("postgres")
                _wait_for(shops, len(shops.answers) + ENDED_AFTER)
            finally:
                shops.is_over.set()
            for one in busy:
                one.result()

        assert _began(stack) > began, "the database was not killed in the middle"
        _are_all_there_once(stack, shops.answers)


def _began(stack: Stack) -> Any:
    return stack.rows("SELECT pg_postmaster_start_time()")[0][0]


def _wait_for(shops: Shops, number: int) -> None:
    wait_for(lambda: len(shops.answers) >= number, seconds=PATIENCE, what=f"{number} orders")


def _are_all_there_once(stack: Stack, answers: dict[str, tuple[int, str]]) -> None:
    stored = dict(stack.rows("SELECT external_ref, public_id FROM orders_order"))
    assert {status for status, _ in answers.values()} == {201}
    assert stored == {reference: ref for reference, (_, ref) in answers.items()}
    assert stack.manage("verify_ledger")["differences"] == 0
