"""Holds of very many orders at once: a job with progress that can be stopped and goes on where it
stopped, with an answer for each order."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from oms.core import clock, ids
from oms.core.context import acting, current
from oms.core.errors import FieldError, Invalid, OmsError
from oms.core.transactions import use_case
from oms.infra.jobs import selectors
from oms.infra.jobs import services as jobs
from orders.hold_terms import HoldTerms
from orders.models import Order
from orders.services import holds

if TYPE_CHECKING:
    from oms.infra.jobs.models import Job

logger = logging.getLogger(__name__)

KIND = "change_holds"
#: Above this a person need not wait for it.
AT_ONCE = 50
MAX_ORDERS = 5_000
#: Orders locked at a time.
BATCH = 100
COLUMNS = ("order", "result", "why")


class TooMany(Invalid):
    code = "orders.too_many"


@use_case
def submit(*, order_ids: Sequence[int], terms: HoldTerms, is_release: bool = False) -> Job:
    """This function will let the holds be placed, or lifted, in the background, as whoever acts.

    :raises TooMany: more than MAX_ORDERS, or none.
    :raises InvalidHold: names each value that cannot be.
    """
    keys = sorted(set(order_ids))
    if not 0 < len(keys) <= MAX_ORDERS:
        hint = f"Choose 1 to {MAX_ORDERS} orders."
        raise TooMany(hint, errors=[FieldError("/orders", "count", hint)])
    if not is_release:
        terms.require_sound(now=clock.now())
    owner = Order.objects.filter(pk=keys[0]).values_list("organization_id", flat=True).first()
    if owner is None:
        raise TooMany("Choose orders that there are.")
    return jobs.queue(
        kind=KIND,
        key=ids.public_id("bulk"),
        organization_id=owner,
        total=len(keys),
        created_by=current().actor,
        cursor={
            "position": 0,
            "orders": keys,
            "is_release": is_release,
            "terms": {
                "type": terms.type,
                "reason": terms.reason,
                "scopes": list(terms.scopes),
                "due_at": _text(terms.due_at),
                "releases_at": _text(terms.releases_at),
            },
            "rows": [],
        },
    )


def run_due() -> int:
    """This function will do what was submitted, each job as who asked for it; safe to call from
    several workers at once.

    :returns: how many jobs were run.
    """
    done = 0
    for job in selectors.list_due(kind=KIND):
        try:
            begun = jobs.start(
                kind=KIND,
                key=job.key,
                organization_id=job.organization_id,
                total=job.total,
                created_by=job.created_by,
            )
        except jobs.AlreadyRunning:
            continue
        with acting(actor=begun.created_by):
            _run(begun)
        done += 1
    return done


def _run(job: Job) -> None:
    try:
        while job.cursor["position"] < len(job.cursor["orders"]):
            _step(job)
    except jobs.JobStopped:
        return
    except OmsError as error:
        logger.warning("holds of job %s: %s", job.public_id, error.code)
        jobs.fail(job=job, error_code=error.code)
        return
    jobs.finish(job=job, result={"columns": COLUMNS, "rows": job.cursor["rows"]})


def _step(job: Job) -> None:
    """One batch: the holds and the progress commit together."""
    at = job.cursor["position"]
    keys = job.cursor["orders"][at : at + BATCH]
    terms = _terms(job.cursor["terms"])

    def within(answers: Sequence[holds.Answer]) -> None:
        jobs.advance(
            job=job,
            done=len(answers),
            failed=sum(answer.error is not None for answer in answers),
            cursor={
                **job.cursor,
                "position": at + len(keys),
                "rows": [*job.cursor["rows"], *(row(answer) for answer in answers)],
            },
        )

    if job.cursor["is_release"]:
        holds.release_many(order_ids=keys, type=terms.type, reason=terms.reason, within=within)
    else:
        holds.place_many(order_ids=keys, terms=terms, within=within)


def row(answer: holds.Answer) -> list[str]:
    """This function will return an answer as a line of a table: number, code, and why."""
    number = str(answer.order.number) if answer.order else ""
    if answer.error is None:
        return [number, "done", ""]
    return [number, answer.error.code, answer.error.detail]


def _terms(stored: Mapping[str, Any]) -> HoldTerms:
    due_at, releases_at = (
        datetime.fromisoformat(stored[name]) if stored[name] else None
        for name in ("due_at", "releases_at")
    )
    return HoldTerms(stored["type"], stored["reason"], tuple(stored["scopes"]), due_at, releases_at)


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
