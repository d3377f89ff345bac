"""Long work that can be watched, cancelled and resumed; one runner at a time.

Progress commits with the batch it counts, so a job resumes exactly where its work stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from oms.core import bulk, clock, ids, transitions
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction, use_case
from oms.infra.jobs import selectors
from oms.infra.jobs.models import Job

# Guarded by version and status: a runner that was replaced or cancelled counts nothing.
_ADVANCE = """
UPDATE jobs_job
SET done = done + %(done)s, failed = failed + %(failed)s, cursor = %(cursor)s, heartbeat_at = %(at)s
WHERE id = %(id)s AND version = %(version)s AND status = 'running'
RETURNING done, failed
"""


class AlreadyRunning(Conflict):
    """Another runner is at it and alive."""

    code = "jobs.already_running"


class JobStopped(Conflict):
    """The job was cancelled, or another runner took it over: this one must stop."""

    code = "jobs.stopped"


@use_case
def start(
    *,
    kind: str,
    key: str,
    organization_id: int,
    total: int,
    created_by: str,
    take_over: bool = False,
) -> Job:
    """This function will begin the work called `key`, or go on from its cursor.

    A job that succeeded is returned as it is: the caller sees that nothing is left to do.

    :param take_over: the caller knows that a former runner is gone, for instance because it holds
        the lock that the runner held.
    :raises AlreadyRunning: a runner showed itself within the last minute.
    """
    _ensure(kind=kind, key=key, organization_id=organization_id, created_by=created_by)
    job = Job.objects.select_for_update().get(kind=kind, key=key)
    if job.status == Job.Status.SUCCEEDED:
        return job
    if job.status == Job.Status.RUNNING:
        _refuse_if_alive(job, take_over=take_over)
        # The former runner's token is worth nothing from here on.
        job.version += 1
    else:
        transitions.apply(job, "start")
    job.total, job.heartbeat_at = total, clock.real_now()
    job.save(update_fields=["total", "heartbeat_at", "version"])
    return job


@needs_transaction
def queue(
    *,
    kind: str,
    key: str,
    organization_id: int,
    total: int,
    created_by: str,
    cursor: Mapping[str, Any],
) -> Job:
    """This function will put work in the queue of its kind, with what its runner needs to know; a
    runner finds it by `selectors.list_due` and begins it by `start`."""
    _ensure(kind=kind, key=key, organization_id=organization_id, created_by=created_by)
    Job.objects.filter(kind=kind, key=key, cursor={}).update(total=total, cursor=dict(cursor))
    return Job.objects.get(kind=kind, key=key)


def _ensure(*, kind: str, key: str, organization_id: int, created_by: str) -> None:
    row = {
        "public_id": ids.public_id("job"),
        "organization_id": organization_id,
        "kind": kind,
        "key": key,
        "created_by": created_by,
        "created_at": clock.now(),
        "status": Job.Status.QUEUED.value,
        **{"version": 0, "total": 0, "done": 0, "failed": 0, "cursor": {}, "result": {}},
        **{"result_file": "", "error_code": ""},
    }
    bulk.insert_rows(Job, [row], on_conflict="ON CONFLICT (kind, key) DO NOTHING")


def _refuse_if_alive(job: Job, *, take_over: bool) -> None:
    if not take_over and not selectors.is_stale(job):
        raise AlreadyRunning(
            "This work is running already.",
            data={"job": job.public_id},
            retry_after_s=int(selectors.STALE_AFTER.total_seconds()),
        )


@needs_transaction
def advance(*, job: Job, done: int, failed: int = 0, cursor: Mapping[str, Any]) -> None:
    """This function will count one batch in that batch's own transaction.

    :param done: items dealt with in this batch, the `failed` ones included.
    :param cursor: where to go on after a restart.
    :raises JobStopped: cancelled or taken over; the batch must not commit.
    """
    params: dict[str, Any] = {
        **{"id": job.pk, "version": job.version, "done": done, "failed": failed},
        **{"cursor": Jsonb(dict(cursor)), "at": clock.real_now()},
    }
    with connection.cursor() as db:
        db.execute(_ADVANCE, params)
        row = db.fetchone()
    if row is None:
        raise JobStopped("The job was cancelled or taken over.", data={"job": job.public_id})
    job.done, job.failed = row
    job.cursor = dict(cursor)


@use_case
def finish(*, job: Job, result: Mapping[str, Any] | None = None, result_file: str = "") -> None:
    """This function will mark the work as done.

    :raises StaleObject: cancelled or taken over.
    """
    kwargs = {"result": dict(result or {}), "result_file": result_file}
    transitions.apply_many([job], "succeed", kwargs=kwargs)


@use_case
def fail(*, job: Job, error_code: str) -> None:
    """This function will mark the work as stopped by an error; `start` goes on from the cursor.

    :raises StaleObject: cancelled or taken over.
    """
    transitions.apply_many([job], "fail", kwargs={"error_code": error_code[:80]})


@use_case
def cancel(*, public_id: str, reason: str = "") -> Job:
    """This function will stop the work: its runner's next batch is refused.

    :raises JobNotFound: there is none.
    :raises IllegalTransition: it is over already.
    """
    job = selectors.get(public_id=public_id)
    return transitions.apply(job, "cancel", reason=reason)


def cancel_requested(*, job: Job) -> bool:
    """This function will tell a runner whether to stop: cancelled, or somebody else's by now."""
    now = Job.objects.filter(pk=job.pk).values_list("version", "status").get()
    return now != (job.version, Job.Status.RUNNING)
