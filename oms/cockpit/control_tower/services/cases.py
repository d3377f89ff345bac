"""Opens and closes cases: many at a time, one open case per kind and subject, repeats harmless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from oms.cockpit import hints
from oms.cockpit.control_tower.models import Case
from oms.core import bulk, clock, ids
from oms.core.context import current
from oms.core.errors import Conflict, NotFound
from oms.core.transactions import needs_transaction, use_case

Kind = Case.Kind

#: How long a person has, in hours, where the facts name no time of their own.
HOURS_TO_DECIDE = {
    Kind.HOLD: 4,
    Kind.NO_STOCK: 24,
    Kind.NO_ROUTE: 4,
    Kind.LABEL_FAILED: 2,
    Kind.DELIVERY_EXCEPTION: 24,
    Kind.RETURNED_TO_SENDER: 48,
    Kind.LOST: 24,
    Kind.DEAD_LETTER: 4,
}


class UnknownCase(NotFound):
    code = "control_tower.unknown_case"


class CaseClosed(Conflict):
    code = "control_tower.case_closed"


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """What went another way than planned; `label` is what people call the subject."""

    kind: str
    subject_kind: str
    subject_ref: str
    organization_id: int
    correlation_id: str
    label: str
    why: str
    opened_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Healed:
    """Open cases of these kinds about this subject are over."""

    kinds: tuple[str, ...]
    subject_kind: str
    subject_ref: str
    resolution: str
    at: datetime


_OPEN_ONCE = (
    "ON CONFLICT (kind, subject_kind, subject_ref) WHERE closed_at IS NULL "
    "DO UPDATE SET why = EXCLUDED.why, "
    "due_at = least(control_tower_case.due_at, EXCLUDED.due_at)"
)
_CLOSE = """
UPDATE control_tower_case AS c
SET closed_at = greatest(h.at, c.opened_at), closed_by = %s, resolution = h.resolution
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
    AS h(kind, subject_kind, subject_ref, resolution, at)
WHERE c.closed_at IS NULL AND c.kind = h.kind AND c.subject_kind = h.subject_kind
  AND c.subject_ref = h.subject_ref
"""


@needs_transaction
def open_many(*, drafts: Sequence[CaseDraft]) -> None:
    """This function will open the cases; one that is open already keeps its age and the earlier
    due time, and takes the newer reason."""
    latest = {(d.kind, d.subject_kind, d.subject_ref): d for d in drafts}
    bulk.insert_rows(Case, [_row(draft) for draft in latest.values()], on_conflict=_OPEN_ONCE)


def _row(draft: CaseDraft) -> dict[str, object]:
    hours = HOURS_TO_DECIDE[Kind(draft.kind)]
    return {
        "public_id": ids.public_id("cas"),
        "organization_id": draft.organization_id,
        "kind": draft.kind,
        "subject_kind": draft.subject_kind,
        "subject_ref": draft.subject_ref,
        "correlation_id": draft.correlation_id,
        "label": draft.label[:40],
        "why": draft.why[:200],
        "due_at": draft.due_at or draft.opened_at + timedelta(hours=hours),
        "opened_at": draft.opened_at,
        "closed_by": "",
        "resolution": "",
    }


@needs_transaction
def heal_many(*, healed: Sequence[Healed]) -> int:
    """This function will close the open cases that healed by themselves, in one statement.

    :returns: how many were open.
    """
    rows = [
        (kind, h.subject_kind, h.subject_ref, h.resolution[:80], h.at)
        for h in healed
        for kind in h.kinds
    ]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSE, [current().actor, *(list(column) for column in zip(*rows, strict=True))]
        )
        return int(cursor.rowcount)


@use_case
def close(*, case_id: int, resolution: str, actor: str | None = None) -> Case:
    """This function will close a case by a person's decision.

    :raises UnknownCase: there is none with this key.
    :raises CaseClosed: it was closed before, perhaps a moment ago.
    """
    case = Case.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise UnknownCase("There is no such case.")
    if case.closed_at is not None:
        raise CaseClosed(f"Case {case.public_id} is closed.")
    case.closed_at = clock.now()
    case.closed_by = actor or current().actor
    case.resolution = resolution[:80]
    case.save(update_fields=["closed_at", "closed_by", "resolution"])
    hints.publish_on_commit({hints.BOARD})
    return case
