"""A repeated request repeats the answer and not the effect.

The stored answer commits with the effect, so one exists if and only if the other does; of several
requests with one key at most one commits, whatever crashes or stalls on the way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from oms.core import clock
from oms.core.errors import Conflict, Invalid
from oms.core.transactions import needs_transaction, use_case
from oms.infra.idempotency.models import IdempotencyRecord

#: How long a request may work before its key is free for a repeat.
LEASE = timedelta(seconds=60)
#: How long an answer is kept: a failure on Friday evening survives the weekend.
KEPT = timedelta(hours=72)
REAP_CHUNK = 5000

# Looks before it inserts: ON CONFLICT alone would wait for a row whose effect is being committed.
_INSERT = """
INSERT INTO idempotency_idempotencyrecord
    (scope, key, route, fingerprint, created_at, locked_until, expires_at)
SELECT %(scope)s, %(key)s, %(route)s, %(fingerprint)s, %(created_at)s, %(locked_until)s,
       %(expires_at)s
WHERE NOT EXISTS (
    SELECT 1 FROM idempotency_idempotencyrecord WHERE scope = %(scope)s AND key = %(key)s)
ON CONFLICT (scope, key) DO NOTHING
"""

_REAP = """
DELETE FROM idempotency_idempotencyrecord WHERE id IN (
    SELECT id FROM idempotency_idempotencyrecord
    WHERE expires_at <= %(now)s AND locked_until <= %(now)s
    ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


class KeyReused(Invalid):
    """The key belongs to another request; nothing was done."""

    code = "idempotency.key_reused"
    title = "Idempotency key reused"


class InProgress(Conflict):
    """The first request with this key is still working, or just finished; ask again."""

    code = "idempotency.in_progress"
    title = "The same request is in progress"


@dataclass(frozen=True, slots=True)
class Begun:
    """The key is ours: do the work, then `complete` in its transaction, or `abandon`."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The work was done: answer with this."""

    status: int
    body: Any


def fingerprint_of(*, method: str, path: str, payload: Any) -> str:
    """This function will return 64 hex characters that change with anything in the request.

    The order of keys in the payload, as parsed, makes no difference.
    """
    canonical = json.dumps(
        [method, path, payload], sort_keys=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


@use_case
def begin(*, scope: str, key: str, route: str, fingerprint: str) -> Begun | Replay:
    """This function will take the key for a minute, or return the answer that was given before.

    It commits by itself, before the work.

    :param scope: whose key it is, such as one credential; keys of two scopes never meet.
    :raises KeyReused: the key belongs to another request.
    :raises InProgress: the same request is being worked on.
    """
    now = clock.real_now()
    fresh = {"created_at": now, **_fresh(route, fingerprint, now)}
    if _insert({"scope": scope, "key": key, **fresh}):
        return Begun()
    record = IdempotencyRecord.objects.filter(scope=scope, key=key).first()
    if record is not None and is_free(record, route, fingerprint, now):
        return _take_over(record, fresh)
    return answer_of(record, route, fingerprint)


def _insert(row: dict[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, row)
        return bool(cursor.rowcount)


def _fresh(route: str, fingerprint: str, now: datetime) -> dict[str, Any]:
    return {
        "route": route,
        "fingerprint": fingerprint,
        "locked_until": now + LEASE,
        "expires_at": now + KEPT,
    }


def is_free(record: IdempotencyRecord, route: str, fingerprint: str, now: datetime) -> bool:
    """This function will tell whether `begin` would take the key over from who had it."""
    if record.locked_until > now:
        return False
    is_same = (record.route, record.fingerprint) == (route, fingerprint)
    return record.expires_at <= now or (is_same and record.response_status is None)


def _take_over(record: IdempotencyRecord, fresh: dict[str, Any]) -> Begun:
    taken = IdempotencyRecord.objects.filter(
        pk=record.pk, locked_until=record.locked_until, response_status=record.response_status
    ).update(**fresh, response_status=None, response_body=None)
    if not taken:
        raise _in_progress()
    return Begun()


def answer_of(record: IdempotencyRecord | None, route: str, fingerprint: str) -> Replay:
    """This function will return the answer that a key's record holds for a request.

    :raises KeyReused: the key belongs to another request.
    :raises InProgress: there is no answer yet.
    """
    if record is None:
        raise _in_progress()
    if (record.route, record.fingerprint) != (route, fingerprint):
        raise KeyReused("This idempotency key was used for another request.")
    if record.response_status is None or record.response_body is None:
        raise _in_progress()
    return Replay(record.response_status, json.loads(record.response_body))


def _in_progress() -> InProgress:
    return InProgress("The first request with this key is not finished.", retry_after_s=1)


@needs_transaction
def complete(*, scope: str, key: str, status: int, body: Any) -> None:
    """This function will store the answer in the transaction of the effect.

    :param body: what JSON can say, without personal data.
    :raises InProgress: another request with this key was quicker, because this one stalled for
        longer than a minute; the effect must not commit.
    :raises ValueError: the status invites a repeat (409, 429, 5xx): `abandon` instead.
    """
    if status in (409, 429) or status >= 500:
        raise ValueError(f"an answer {status} is not stored")
    stored = IdempotencyRecord.objects.filter(
        scope=scope, key=key, response_status__isnull=True
    ).update(response_status=status, response_body=json.dumps(body, separators=(",", ":")))
    if not stored:
        raise _in_progress()


@use_case
def abandon(*, scope: str, key: str) -> None:
    """This function will free the key after a failure that left no effect."""
    IdempotencyRecord.objects.filter(scope=scope, key=key, response_status__isnull=True).delete()


def reap_expired() -> int:
    """This function will forget answers older than 72 hours, never a request at work.

    :returns: how many were forgotten.
    """
    total = 0
    while count := _reap_chunk():
        total += count
    return total


@use_case
def _reap_chunk() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_REAP, {"now": clock.real_now(), "limit": REAP_CHUNK})
        return int(cursor.rowcount)
