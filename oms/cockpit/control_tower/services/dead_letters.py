"""Makes messages that were given up visible as cases, and closes those that were retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from oms.cockpit.control_tower import selectors
from oms.cockpit.control_tower.models import Case
from oms.cockpit.control_tower.services import cases
from oms.core import clock
from oms.core.transactions import use_case
from oms.infra.outbox import selectors as outbox

if TYPE_CHECKING:
    from oms.infra.outbox.models import Redelivery

SUBJECT = "delivery"
#: More at once are one trouble, not many: the oldest are enough to find it.
_MOST = 200


@use_case
def check() -> int:
    """This function will open a case per dead letter and close those of letters that are none now.

    :returns: how many dead letters have a case.
    """
    parked = list(outbox.list_dead_letters()[:_MOST])
    cases.open_many(drafts=[_draft(letter) for letter in parked])
    gone = selectors.open_subjects(kind=Case.Kind.DEAD_LETTER) - {str(x.pk) for x in parked}
    now = clock.now()
    cases.heal_many(
        healed=[
            cases.Healed(
                (Case.Kind.DEAD_LETTER,), SUBJECT, reference, _("Delivered or retried"), now
            )
            for reference in sorted(gone)
        ]
    )
    return len(parked)


def _draft(letter: Redelivery) -> cases.CaseDraft:
    event = letter.event
    return cases.CaseDraft(
        kind=Case.Kind.DEAD_LETTER,
        subject_kind=SUBJECT,
        subject_ref=str(letter.pk),
        organization_id=event.organization_id,
        correlation_id=event.correlation_id,
        label="",
        why=_("%(consumer)s could not take %(event)s")
        % {"consumer": letter.consumer, "event": event.name},
        opened_at=letter.parked_at or clock.now(),
    )
