"""How far long work is."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet

from oms.core import clock
from oms.core.errors import NotFound
from oms.infra.jobs.models import Job

#: A runner that has not shown itself for so long is gone.
STALE_AFTER = timedelta(seconds=60)


class JobNotFound(NotFound):
    code = "jobs.not_found"
    title = "No such job"


def get(*, public_id: str) -> Job:
    """This function will return a job.

    :raises JobNotFound: there is none.
    """
    job = Job.objects.filter(public_id=public_id).first()
    if job is None:
        raise JobNotFound
    return job


def find(*, kind: str, key: str) -> Job | None:
    """This function will return the job of a piece of work, or None."""
    return Job.objects.filter(kind=kind, key=key).first()


def list_for(*, organization_id: int) -> QuerySet[Job]:
    """This function will return an organization's jobs, newest first."""
    return Job.objects.filter(organization_id=organization_id).order_by("-created_at", "-id")


def list_stale() -> QuerySet[Job]:
    """This function will return jobs that call themselves running and whose runner is gone."""
    before = clock.real_now() - STALE_AFTER
    return Job.objects.filter(status=Job.Status.RUNNING, heartbeat_at__lt=before).order_by("id")


def list_due(*, kind: str) -> QuerySet[Job]:
    """This function will return work of a kind that waits for a runner, or whose runner is gone,
    oldest first."""
    before = clock.real_now() - STALE_AFTER
    is_left = Q(status=Job.Status.RUNNING, heartbeat_at__lt=before)
    waits = Q(status=Job.Status.QUEUED) | is_left
    return Job.objects.filter(waits, kind=kind).order_by("id")


def is_stale(job: Job) -> bool:
    """This function will tell whether a running job's runner is gone."""
    return job.heartbeat_at is None or job.heartbeat_at < clock.real_now() - STALE_AFTER
