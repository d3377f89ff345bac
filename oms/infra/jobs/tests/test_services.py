"""Long work resumes where it stands, has one runner, and stops when told to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from oms.core import clock, transactions
from oms.core.context import acting
from oms.core.testing.races import run_together
from oms.core.transactions import TransactionRequired
from oms.core.transitions import IllegalTransition, StaleObject
from oms.infra.accounts.models import Organization
from oms.infra.jobs import selectors, services
from oms.infra.jobs.models import Job, JobStatusChange
from oms.infra.jobs.services import AlreadyRunning, JobStopped

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return Organization.objects.create(code="test", name="Test")


def _start(organization: Organization, **changes: Any) -> Job:
    given = {"kind": "import", "key": "file-1", "total": 100, "created_by": "staff:1"}
    return services.start(organization_id=organization.pk, **{**given, **changes})


def _advance(job: Job, done: int, failed: int = 0, line: int = 0) -> None:
    with transactions.unit():
        services.advance(job=job, done=done, failed=failed, cursor={"line": line})


def _go_stale(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(heartbeat_at=clock.real_now() - timedelta(seconds=61))


def test_a_job_starts_counts_and_finishes(organization: Organization) -> None:
    with acting(actor="staff:1"):
        job = _start(organization)
        _advance(job, 10, 2, line=10)
        _advance(job, 90, 1, line=100)
        services.finish(job=job, result={"placed": 97}, result_file="errors.csv")

    stored = selectors.get(public_id=job.public_id)
    assert (stored.status, stored.total, stored.done, stored.failed) == ("succeeded", 100, 100, 3)
    assert (stored.cursor, stored.result) == ({"line": 100}, {"placed": 97})
    assert stored.result_file == "errors.csv"
    history = JobStatusChange.objects.order_by("id").values_list("trigger", "to_status", "actor")
    assert list(history) == [("start", "running", "staff:1"), ("succeed", "succeeded", "staff:1")]


def test_progress_of_a_batch_that_rolls_back_is_not_counted(organization: Organization) -> None:
    job = _start(organization)
    _advance(job, 10, line=10)
    with pytest.raises(ZeroDivisionError), transactions.unit():
        services.advance(job=job, done=5, cursor={"line": 15})
        raise ZeroDivisionError

    stored = selectors.get(public_id=job.public_id)
    assert (stored.done, stored.cursor) == (10, {"line": 10})
    _advance(job, 7, line=17)
    assert (job.done, job.cursor) == (17, {"line": 17})


def test_advance_needs_the_transaction_of_the_batch(organization: Organization) -> None:
    job = _start(organization)

    with pytest.raises(TransactionRequired):
        services.advance(job=job, done=1, cursor={})


@pytest.mark.parametrize("how", ["fail", "cancel"])
def test_a_stopped_job_goes_on_from_its_cursor(organization: Organization, how: str) -> None:
    job = _start(organization)
    _advance(job, 10, 1, line=10)
    if how == "fail":
        services.fail(job=job, error_code="import.unreadable")
    else:
        services.cancel(public_id=job.public_id, reason="wrong file")

    again = _start(organization, total=120)

    assert (again.pk, again.status, again.total) == (job.pk, "running", 120)
    assert (again.done, again.failed, again.cursor) == (10, 1, {"line": 10})
    _advance(again, 110, line=120)
    services.finish(job=again)


def test_the_error_of_a_failed_job_is_kept(organization: Organization) -> None:
    job = _start(organization)

    services.fail(job=job, error_code="import.unreadable")

    stored = selectors.get(public_id=job.public_id)
    assert (stored.status, stored.error_code) == ("failed", "import.unreadable")


def test_a_job_that_succeeded_is_not_done_again(organization: Organization) -> None:
    job = _start(organization)
    services.finish(job=job, result={"placed": 1})

    again = _start(organization, total=5)

    assert (again.pk, again.status, again.total) == (job.pk, "succeeded", 100)
    assert Job.objects.count() == 1


def test_another_key_or_kind_is_another_job(organization: Organization) -> None:
    jobs = {
        _start(organization).pk,
        _start(organization, key="file-2").pk,
        _start(organization, kind="export").pk,
    }

    assert len(jobs) == 3


def test_a_job_whose_runner_lives_is_not_started_again(organization: Organization) -> None:
    job = _start(organization)

    with pytest.raises(AlreadyRunning) as refused:
        _start(organization, total=5)

    assert refused.value.data == {"job": job.public_id}
    assert selectors.get(public_id=job.public_id).total == 100
    assert not services.cancel_requested(job=job)


@pytest.mark.parametrize("take_over", [True, False])
def test_a_runner_that_was_replaced_counts_and_finishes_nothing(
    organization: Organization, take_over: bool
) -> None:
    stalled = _start(organization)
    _advance(stalled, 10, line=10)
    if not take_over:
        _go_stale(stalled)
        assert list(selectors.list_stale()) == [stalled]

    job = _start(organization, take_over=take_over)

    assert list(selectors.list_stale()) == []
    assert job.cursor == {"line": 10}
    assert services.cancel_requested(job=stalled)
    with pytest.raises(JobStopped):
        _advance(stalled, 10, line=20)
    with pytest.raises(StaleObject):
        services.finish(job=stalled)
    _advance(job, 90, line=100)
    services.finish(job=job)
    assert selectors.get(public_id=job.public_id).done == 100


def test_a_cancelled_job_stops_its_runner_at_the_next_batch(organization: Organization) -> None:
    job = _start(organization)
    assert not services.cancel_requested(job=job)

    services.cancel(public_id=job.public_id, reason="wrong file")

    assert services.cancel_requested(job=job)
    with pytest.raises(JobStopped):
        _advance(job, 10, line=10)
    assert selectors.get(public_id=job.public_id).done == 0
    assert JobStatusChange.objects.latest("id").reason == "wrong file"


def test_a_job_that_is_over_cannot_be_cancelled(organization: Organization) -> None:
    job = _start(organization)
    services.finish(job=job)

    with pytest.raises(IllegalTransition):
        services.cancel(public_id=job.public_id)


def test_an_unknown_job_is_not_found() -> None:
    with pytest.raises(selectors.JobNotFound):
        services.cancel(public_id="job_none")

    assert selectors.find(kind="import", key="file-1") is None


def test_progress_costs_one_statement(
    organization: Organization, django_assert_num_queries: Any
) -> None:
    job = _start(organization)

    with transactions.unit(), django_assert_num_queries(1):
        services.advance(job=job, done=1, cursor={})


@pytest.mark.django_db(transaction=True)
def test_of_ten_runners_at_once_one_starts(organization: Organization) -> None:
    results = run_together([lambda: _start(organization)] * 10)

    assert sum(isinstance(result, Job) for result in results) == 1
    assert sum(isinstance(result, AlreadyRunning) for result in results) == 9
