"""Pushes scans to the receiver, signed after Standard Webhooks, again and again until it answers
2xx; what waits is kept in the store, so a restart forgets nothing."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import uuid
from typing import Final

import httpx
from standardwebhooks.webhooks import Webhook

from carriers.adapters.sandbox.simulator.config import SimulatorConfig
from carriers.adapters.sandbox.simulator.store import Store
from oms.core import clock

logger = logging.getLogger(__name__)

_BATCH: Final = 100
#: Bodies that may wait; beyond that, scans stay planned and go out in fuller batches later.
_MAX_WAITING: Final = 20
_TICK_S: Final = 0.25
_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 30.0
#: Then the receiver must poll, as with real carriers.
_GIVE_UP_S: Final = 3 * 24 * 3600.0
#: Attempts for a body that the receiver has seen and declines: it must not block the others.
_MAX_DECLINED: Final = 10


class Pusher:
    """One thread; the order of its posts is not promised."""

    def __init__(
        self, *, config: SimulatorConfig, store: Store, signing_key: bytes, rng: random.Random
    ) -> None:
        self._config = config
        self._store = store
        self._webhook = Webhook(signing_key)
        self._rng = rng
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        if self._config.webhook_url:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.5)

    def wake(self) -> None:
        self._wake.set()

    def _run(self) -> None:
        with httpx.Client(timeout=httpx.Timeout(5, connect=1), trust_env=False) as client:
            while not self._stopped.is_set():
                try:
                    is_busy = self._pack() + self._send(client) > 0
                except Exception:
                    if self._stopped.is_set():
                        return
                    # A thread that dies in silence would stop all webhooks for good.
                    logger.exception("sandbox carrier: webhook round failed")
                    is_busy = False
                if not is_busy:
                    self._wake.wait(_TICK_S)
                    self._wake.clear()

    def _pack(self) -> int:
        """This function will move scans that are due into one body; returns how many."""
        now = clock.real_now().timestamp()
        with self._store.transaction():
            waiting = self._store.rows("SELECT count(*) AS n FROM delivery")[0]["n"]
            if waiting >= _MAX_WAITING:
                return 0
            rows = self._store.rows(
                "SELECT push.id, scan.body FROM push JOIN scan ON scan.id = push.scan_id "
                "WHERE push_at <= ? ORDER BY push_at, push.id LIMIT ?",
                (now, _BATCH),
            )
            if not rows:
                return 0
            if self._rng.random() < self._config.shuffle_rate:
                self._rng.shuffle(rows)
            body = '{"scans":[' + ",".join(row["body"] for row in rows) + "]}"
            self._store.write(
                "INSERT INTO delivery (id, body, created_at, attempt, next_at) "
                "VALUES (?, ?, ?, 0, ?)",
                (f"msg_{uuid.uuid4().hex}", body, now, now + self._shuffle_wait()),
            )
            self._store.write_many("DELETE FROM push WHERE id = ?", [(row["id"],) for row in rows])
        return len(rows)

    def _shuffle_wait(self) -> float:
        """This function will hold a body back at times, so that a later one overtakes it."""
        if self._rng.random() < self._config.shuffle_rate:
            return self._rng.uniform(0.2, 1.0) * min(self._config.late_s, 5.0)
        return 0.0

    def _send(self, client: httpx.Client) -> int:
        """This function will post what is due; returns how many were accepted."""
        now = clock.real_now().timestamp()
        rows = self._store.rows(
            "SELECT * FROM delivery WHERE next_at <= ? ORDER BY next_at LIMIT ?",
            (now, _MAX_WAITING),
        )
        accepted = 0
        for row in rows:
            if self._stopped.is_set():
                break
            status = self._post(client, row["id"], row["body"])
            if 200 <= status < 300:
                self._store.write("DELETE FROM delivery WHERE id = ?", (row["id"],))
                accepted += 1
            else:
                self._postpone(row, status=status)
        return accepted

    def _post(self, client: httpx.Client, message_id: str, body: str) -> int:
        """This function will return the receiver's status, 0 when it cannot be reached."""
        headers = signed_headers(self._webhook, message_id=message_id, body=body)
        try:
            return client.post(self._config.webhook_url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            return 0

    def _postpone(self, row: sqlite3.Row, *, status: int) -> None:
        now = clock.real_now().timestamp()
        attempt = row["attempt"] + 1
        is_declined = 400 <= status < 500 and attempt >= _MAX_DECLINED
        if is_declined or now - row["created_at"] > _GIVE_UP_S:
            self._store.write("DELETE FROM delivery WHERE id = ?", (row["id"],))
            return
        wait = min(_FIRST_RETRY_S * 2 ** min(attempt, 10), _LAST_RETRY_S)
        self._store.write(
            "UPDATE delivery SET attempt = ?, next_at = ? WHERE id = ?",
            (attempt, now + wait * self._rng.uniform(0.8, 1.2), row["id"]),
        )


def waiting(store: Store) -> dict[str, int]:
    """This function will count what has not reached the receiver yet."""
    return {
        "scans": store.rows("SELECT count(*) AS n FROM push")[0]["n"],
        "deliveries": store.rows("SELECT count(*) AS n FROM delivery")[0]["n"],
    }


def signed_headers(webhook: Webhook, *, message_id: str, body: str) -> dict[str, str]:
    """This function will prove a body as ours, at this moment."""
    sent_at = clock.real_now()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": webhook.sign(message_id, sent_at, body),
    }
