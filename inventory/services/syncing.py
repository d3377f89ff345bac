"""Takes messages of another system's stock: each number once, in the order of the numbers.

So duplicated, late and shuffled messages end at the same balances. A message after a gap waits; the
one that fills the gap applies all that follow it, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from inventory.models.syncing import SyncMessage, SyncSource
from inventory.services import _sync_sql, sync_applying, sync_parsing
from inventory.services.sync_inbox import Inbox, Names, hash_of, is_in_window
from inventory.types import SyncAnswer, SyncDraft
from oms.core import bulk, clock
from oms.core.errors import Conflict, FieldError, Invalid, NotFound, OmsError
from oms.core.transactions import needs_transaction, use_case

#: Messages in one call.
MAX_MESSAGES = 1_000
#: Places in messages of one source that wait for one before them.
MAX_WAITING_LINES = 200_000

APPLIED, WAITING, DUPLICATE, REFUSED = "applied", "waiting", "duplicate", "refused"


class UnknownSource(NotFound):
    code = "inventory.unknown_source"
    title = "There is no such feed"


class SourceExists(Conflict):
    code = "inventory.source_exists"
    title = "There is a feed with this code"


class InvalidSource(Invalid):
    code = "inventory.invalid_source"


class TooManyMessages(Invalid):
    code = "inventory.too_many_messages"


class TooMuchWaiting(Conflict):
    """So much waits for one message that no more is kept before that one has come."""

    code = "inventory.too_much_waiting"


@needs_transaction
def add_source(*, organization_id: int, code: str, kind: str) -> SyncSource:
    """This function will make a feed, whose first message is number 1.

    :raises InvalidSource: the kind is none of `SyncSource.Kind`, or the code is no short name.
    :raises SourceExists: the organization has one with this code.
    """
    if kind not in SyncSource.Kind.values:
        raise InvalidSource("Give the kind: erp, wms or pos.")
    if not 0 < len(code) <= 40 or not code.isascii() or not code.replace("-", "").isalnum():
        raise InvalidSource("A code has 1 to 40 letters, digits and hyphens.")
    source, is_new = SyncSource.objects.get_or_create(
        organization_id=organization_id, code=code, defaults={"kind": kind}
    )
    if not is_new:
        raise SourceExists
    return source


@use_case
def deliver(*, organization_id: int, source: str, items: Sequence[object]) -> list[SyncAnswer]:
    """This function will take messages as they came from JSON, one answer for each, in order.

    :raises TooManyMessages: more than a call may bring.
    :raises UnknownSource: the organization has no such feed.
    """
    return _each(
        items,
        lambda drafts: accept(organization_id=organization_id, source=source, messages=drafts),
    )


def check(*, source: SyncSource, inbox: Inbox, items: Sequence[object]) -> list[SyncAnswer]:
    """This function will say what would become of messages, and change nothing but `inbox`.

    One that would be kept is answered as waiting: whether its changes can be booked is not known.
    """
    return _each(items, lambda drafts: _check(source, inbox, drafts))


def inbox_of(*, source: SyncSource) -> Inbox:
    """This function will return all that a check must know of a source before the first message."""
    rows = SyncMessage.objects.filter(source=source, sequence__gt=source.applied_sequence)
    hashes = dict(rows.values_list("sequence", "content_hash"))
    return Inbox(source.applied_sequence, hashes)


@needs_transaction
def accept(*, organization_id: int, source: str, messages: Sequence[SyncDraft]) -> list[SyncAnswer]:
    """This function will keep the messages that are new and apply what has no gap before it.

    One answer for each message, in order; a refused one is not kept and changes nothing. Callers
    of one source wait for each other. Statements do not grow with the number of messages.

    :raises TooManyMessages: more than a call may bring.
    :raises UnknownSource: the organization has no such feed.
    """
    if len(messages) > MAX_MESSAGES:
        raise TooManyMessages(f"Send at most {MAX_MESSAGES} messages at a time.")
    row = _lock_source(organization_id, source)
    now = clock.now()
    inbox = Inbox(row.applied_sequence, _hashes(row, messages))
    items = _sort(inbox, Names.of(organization_id=organization_id, drafts=messages), messages)
    _limit_waiting(row, items)
    fresh = [item for item in items if item.is_new]
    _keep(row, fresh, now)
    problems: dict[int, str] = {}
    if any(item.draft.sequence == row.applied_sequence + 1 for item in fresh):
        problems = _apply(row, now)
    if any(item.error is None for item in items):
        row.last_seen_at = now
        row.save(update_fields=["applied_sequence", "last_seen_at"])
    return [item.answer(row.applied_sequence, problems) for item in items]


@dataclass(slots=True)
class _Sorted:
    """A message and what it turned out to be: new (it has a body), known, or wrong."""

    draft: SyncDraft
    content_hash: str
    body: dict[str, Any] | None = None
    error: OmsError | None = None

    @property
    def is_new(self) -> bool:
        return self.body is not None and self.error is None

    def answer(self, applied: int, problems: dict[int, str]) -> SyncAnswer:
        sequence = self.draft.sequence
        if self.error is not None:
            return SyncAnswer(sequence, REFUSED, error=self.error)
        if not self.is_new:
            return SyncAnswer(sequence, DUPLICATE)
        outcome = APPLIED if sequence <= applied else WAITING
        return SyncAnswer(sequence, outcome, problem=problems.get(sequence, ""))


def _each(
    items: Sequence[object], take: Callable[[list[SyncDraft]], list[SyncAnswer]]
) -> list[SyncAnswer]:
    """Reads every item; those that can be read are taken together."""
    if len(items) > MAX_MESSAGES:
        raise TooManyMessages(f"Send at most {MAX_MESSAGES} messages at a time.")
    answers: list[SyncAnswer | None] = []
    drafts = []
    for item in items:
        try:
            drafts.append(sync_parsing.parse(item))
            answers.append(None)
        except sync_parsing.InvalidMessage as error:
            answers.append(SyncAnswer(sync_parsing.sequence_of(item), REFUSED, error=error))
    taken = iter(take(drafts))
    return [answer or next(taken) for answer in answers]


def _check(source: SyncSource, inbox: Inbox, drafts: Sequence[SyncDraft]) -> list[SyncAnswer]:
    inbox.hashes = _hashes(source, drafts) | inbox.hashes
    names = Names.of(organization_id=source.organization_id, drafts=drafts)
    answers = []
    for draft in drafts:
        answers.append(_sort(inbox, names, [draft])[0].answer(0, {}))
        inbox.advance()
    return answers


def _lock_source(organization_id: int, code: str) -> SyncSource:
    found = SyncSource.objects.select_for_update().filter(
        organization_id=organization_id, code=code
    )
    source = found.first()
    if source is None:
        raise UnknownSource
    return source


def _hashes(source: SyncSource, drafts: Sequence[SyncDraft]) -> dict[int, str]:
    wanted = {
        draft.sequence
        for draft in drafts
        if is_in_window(draft.sequence, applied=source.applied_sequence)
    }
    rows = SyncMessage.objects.filter(source=source, sequence__in=wanted)
    return dict(rows.values_list("sequence", "content_hash"))


def _sort(inbox: Inbox, names: Names, drafts: Sequence[SyncDraft]) -> list[_Sorted]:
    """A number that this call brings twice is known the second time."""
    found = []
    for draft in drafts:
        item = _Sorted(draft, hash_of(draft))
        try:
            if inbox.is_new(draft.sequence, item.content_hash):
                item.body = names.body_of(draft)
                inbox.hashes[draft.sequence] = item.content_hash
        except OmsError as error:
            item.error = error
        found.append(item)
    return found


def _limit_waiting(source: SyncSource, items: Sequence[_Sorted]) -> None:
    """Refuses what would wait beyond the limit; the missing message itself is always taken."""
    fresh = [item for item in items if item.is_new]
    expected = source.applied_sequence + 1
    if not fresh or any(item.draft.sequence == expected for item in fresh):
        return
    with connection.cursor() as cursor:
        cursor.execute(_sync_sql.WAITING_LINES, [source.pk])
        waiting = int(cursor.fetchone()[0])
    refused = set()
    for item in fresh:
        waiting += len(item.draft.lines)
        if waiting > MAX_WAITING_LINES:
            refused.add(item.draft.sequence)
    for item in items:
        if item.error is None and item.draft.sequence in refused:
            item.error = _too_much(expected)


def _too_much(expected: int) -> TooMuchWaiting:
    return TooMuchWaiting(
        f"Too much waits for message {expected}; send that one first.",
        errors=[FieldError("/sequence", "too_much_waiting", f"Send {expected} first.")],
        data={"expected": expected},
    )


def _keep(source: SyncSource, items: Sequence[_Sorted], at: datetime) -> None:
    bulk.insert_rows(
        SyncMessage,
        [
            {
                "created_at": at,
                "source_id": source.pk,
                "sequence": item.draft.sequence,
                "kind": item.draft.kind,
                "body": item.body,
                "content_hash": item.content_hash,
                "problem": "",
            }
            for item in items
        ],
    )


def _apply(source: SyncSource, at: datetime) -> dict[int, str]:
    parameters = {"source": source.pk, "applied": source.applied_sequence}
    run = list(SyncMessage.objects.raw(_sync_sql.RUN, parameters))
    problems = sync_applying.apply_run(source=source, run=run, at=at)
    source.applied_sequence = run[-1].sequence
    return problems
