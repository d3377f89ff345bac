"""Many requests with keys at once: taken, done and answered in one transaction of them all.

Where a request shares its transaction with the effect, nothing has to be leased: a crash takes the
key back together with the effect, and a rival waits for the commit and finds the answer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from oms.core import clock
from oms.core.errors import OmsError
from oms.core.transactions import needs_transaction
from oms.infra.idempotency import services
from oms.infra.idempotency.models import IdempotencyRecord
from oms.infra.idempotency.services import Replay

Taken = Replay | OmsError | None


class KeyOf(NamedTuple):
    """One key of one credential."""

    scope: str
    key: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that comes with a key."""

    scope: str
    key: str
    route: str
    fingerprint: str

    @property
    def named(self) -> KeyOf:
        return KeyOf(self.scope, self.key)


#: Sorted, so that two batches wait for each other in one direction only.
_CLAIM = """
INSERT INTO idempotency_idempotencyrecord
    (scope, key, route, fingerprint, created_at, locked_until, expires_at)
SELECT c.scope, c.key, c.route, c.fingerprint, %s, %s, %s
FROM json_to_recordset(%s::json) AS c(scope text, key text, route text, fingerprint text)
ORDER BY c.scope, c.key
ON CONFLICT (scope, key) DO NOTHING
RETURNING scope, key
"""


@needs_transaction
def claim(*, claims: Sequence[Claim]) -> dict[KeyOf, Taken]:
    """This function will take the keys; those it returns were taken before, each with what its
    request is answered with: the first answer, KeyReused, or InProgress; None for a key that ran
    out, which only `services.begin` takes over.

    `claims` name each key once. Two statements at most.
    """
    if not claims:
        return {}
    now = clock.real_now()
    rows = [
        {"scope": c.scope, "key": c.key, "route": c.route, "fingerprint": c.fingerprint}
        for c in claims
    ]
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [now, now + services.LEASE, now + services.KEPT, json.dumps(rows)])
        taken = {KeyOf(*row) for row in cursor.fetchall()}
    rest = [c for c in claims if c.named not in taken]
    return _answers(rest, now) if rest else {}


def _answers(claims: Sequence[Claim], now: datetime) -> dict[KeyOf, Taken]:
    rows = IdempotencyRecord.objects.filter(_any(c.named for c in claims))
    records = {KeyOf(row.scope, row.key): row for row in rows}
    found: dict[KeyOf, Taken] = {}
    for c in claims:
        record = records.get(c.named)
        if record is not None and services.is_free(record, c.route, c.fingerprint, now):
            found[c.named] = None
            continue
        try:
            found[c.named] = services.answer_of(record, c.route, c.fingerprint)
        except OmsError as error:
            found[c.named] = error
    return found


@needs_transaction
def complete(*, answers: Mapping[KeyOf, tuple[int, Any]]) -> None:
    """This function will store the answers of claimed keys, in one statement."""
    rows = [
        {
            "scope": named.scope,
            "key": named.key,
            "status": status,
            "body": json.dumps(body, separators=(",", ":")),
        }
        for named, (status, body) in answers.items()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_COMPLETE, [json.dumps(rows)])


_COMPLETE = """
UPDATE idempotency_idempotencyrecord AS r
SET response_status = a.status, response_body = a.body
FROM json_to_recordset(%s::json) AS a(scope text, key text, status int, body text)
WHERE r.scope = a.scope AND r.key = a.key
"""


@needs_transaction
def give_back(*, keys: Collection[KeyOf]) -> None:
    """This function will free claimed keys whose requests had no effect."""
    if keys:
        IdempotencyRecord.objects.filter(_any(keys)).delete()


def _any(keys: Iterable[KeyOf]) -> Q:
    by_scope: dict[str, list[str]] = {}
    for named in keys:
        by_scope.setdefault(named.scope, []).append(named.key)
    wanted = Q()
    for scope, names in by_scope.items():
        wanted |= Q(scope=scope, key__in=names)
    return wanted
