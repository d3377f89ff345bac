"""Steps of state machines: taken whole with history and events, or not at all and said why."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.core import clock, transitions
from oms.core.context import acting
from oms.core.events import Event
from oms.core.testing.races import run_together
from oms.core.transactions import TransactionRequired, unit
from oms.core.transitions import IllegalTransition, StaleObject

Job: Any = apps.get_model("jobs", "Job")
History: Any = apps.get_model("jobs", "JobStatusChange")
Outbox: Any = apps.get_model("outbox", "OutboxEvent")
AT = datetime(2018, 3, 4, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Moved(Event):
    """Not registered: it has no name."""

    AGGREGATE: ClassVar[str] = "job"
    AGGREGATE_FIELD: ClassVar[str] = "job"

    job: str


@pytest.fixture
def jobs(db: None) -> list[Any]:
    return _jobs(3)


def _jobs(count: int) -> list[Any]:
    organization, _ = apps.get_model("accounts", "Organization").objects.get_or_create(
        code="test", defaults={"name": "Test"}
    )
    return [
        Job.objects.create(
            organization=organization, kind="test", key=str(index), created_by="staff:1"
        )
        for index in range(count)
    ]


def _event(job: Any) -> Moved:
    return Moved(organization_id=job.organization_id, job=job.public_id)


def _apply_many(objects: list[Any], trigger: str, **options: Any) -> None:
    with unit():
        transitions.apply_many(objects, trigger, **options)


def _apply_path(objects: list[Any], triggers: list[str], **options: Any) -> None:
    with unit():
        transitions.apply_path(objects, triggers, **options)


def _stored() -> list[tuple[str, int]]:
    return list(Job.objects.order_by("pk").values_list("status", "version"))


def _nothing_was_written(jobs: list[Any]) -> bool:
    return not History.objects.exists() and not Outbox.objects.exists()


def test_a_step_changes_row_object_history_and_outbox(jobs: list[Any]) -> None:
    with acting(actor="staff:7"), unit():
        same = transitions.apply(
            jobs[0], "start", now=AT, reason="asked for", event=_event(jobs[0])
        )
    assert same is jobs[0]
    assert (jobs[0].status, jobs[0].version) == ("running", 1)
    assert _stored() == [("running", 1), ("queued", 0), ("queued", 0)]
    assert list(History.objects.values_list(*HISTORY)) == [
        (jobs[0].pk, "start", "queued", "running", "staff:7", "asked for", AT)
    ]
    assert Outbox.objects.get().aggregate_id == jobs[0].public_id


HISTORY = ("subject_id", "trigger", "from_status", "to_status", "actor", "reason", "at")


def test_the_clock_and_the_given_actor_serve_when_nothing_else_does(jobs: list[Any]) -> None:
    with clock.virtual(AT):
        _apply_many(jobs[:1], "start", actor="system:test")
    row = History.objects.get()
    assert (row.at, row.actor, row.reason) == (AT, "system:test", "")


def test_a_long_reason_is_cut_to_its_column(jobs: list[Any]) -> None:
    _apply_many(jobs[:1], "start", reason="x" * 500)
    assert History.objects.get().reason == "x" * 200


def test_fields_of_the_own_row_are_saved_with_the_step(jobs: list[Any]) -> None:
    _apply_many(jobs, "start")
    _apply_many(jobs[:2], "fail", kwargs={"error_code": "disk.full"})
    assert list(Job.objects.order_by("pk").values_list("status", "error_code", "version")) == [
        ("failed", "disk.full", 2),
        ("failed", "disk.full", 2),
        ("running", "", 1),
    ]


def test_each_object_has_its_own_time_values_and_events(jobs: list[Any]) -> None:
    _apply_many(jobs, "start")
    times = {job.pk: AT + timedelta(days=index) for index, job in enumerate(jobs)}
    _apply_many(
        jobs,
        "fail",
        at_for=lambda job: times[job.pk],
        kwargs_for=lambda job: {"error_code": f"code.{job.key}"},
        event_for=lambda job: _event(job) if job.key != "1" else None,
    )
    failed = History.objects.filter(trigger="fail").values_list("subject_id", "at")
    assert dict(failed) == times
    codes = Job.objects.order_by("pk").values_list("error_code", flat=True)
    assert list(codes) == ["code.0", "code.1", "code.2"]
    events = Outbox.objects.order_by("pk").values_list("aggregate_id", flat=True)
    assert list(events) == [jobs[0].public_id, jobs[2].public_id]


def test_objects_may_stand_at_different_places(jobs: list[Any]) -> None:
    _apply_many(jobs[:1], "start")
    _apply_many(jobs, "cancel")
    cancelled = History.objects.filter(trigger="cancel").order_by("subject_id")
    assert [row.from_status for row in cancelled] == ["running", "queued", "queued"]
    assert _stored() == [("cancelled", 2), ("cancelled", 1), ("cancelled", 1)]


def test_a_path_is_one_update_with_a_row_of_history_per_step(jobs: list[Any]) -> None:
    times = {job.pk: AT + timedelta(days=index) for index, job in enumerate(jobs)}
    with CaptureQueriesContext(connection) as queries:
        _apply_path(jobs[:2], ["start", "succeed"], at_for=lambda job: times[job.pk])
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) == 2
    assert _stored() == [("succeeded", 2), ("succeeded", 2), ("queued", 0)]
    assert [(job.status, job.version) for job in jobs[:2]] == [("succeeded", 2)] * 2
    assert list(
        History.objects.order_by("id").values_list(
            "subject_id", "trigger", "from_status", "to_status", "at"
        )
    ) == [
        (job.pk, trigger, source, target, times[job.pk])
        for job in jobs[:2]
        for trigger, source, target in (
            ("start", "queued", "running"),
            ("succeed", "running", "succeeded"),
        )
    ]


def test_a_path_that_leads_nowhere_is_not_begun(jobs: list[Any]) -> None:
    with pytest.raises(IllegalTransition) as caught:
        _apply_path(jobs, ["start", "succeed", "fail"])
    assert caught.value.data["state"] == "succeeded"
    assert _stored() == [("queued", 0)] * 3
    assert [(job.status, job.version) for job in jobs] == [("queued", 0)] * 3
    assert _nothing_was_written(jobs)


def test_a_path_of_a_stale_object_is_not_begun(jobs: list[Any]) -> None:
    Job.objects.filter(pk=jobs[1].pk).update(version=5)
    with pytest.raises(StaleObject):
        _apply_path(jobs, ["start", "succeed"])
    assert [(job.status, job.version) for job in jobs] == [("queued", 0)] * 3
    assert _nothing_was_written(jobs)


def test_an_illegal_step_says_where_it_stands_and_what_is_open(jobs: list[Any]) -> None:
    with pytest.raises(IllegalTransition) as caught:
        _apply_many(jobs[:1], "succeed", event_for=_event)
    error = caught.value
    assert (error.status, error.code) == (409, "state.illegal_transition")
    assert error.detail == "A job that is 'queued' cannot succeed."
    assert error.data == {
        "state": "queued",
        "trigger": "succeed",
        "allowed_actions": ["cancel", "start"],
    }
    assert _nothing_was_written(jobs)


@pytest.mark.parametrize("trigger", ["fly", "save", "delete", "__str__", "status"])
def test_what_is_no_step_is_illegal(jobs: list[Any], trigger: str) -> None:
    with pytest.raises(IllegalTransition):
        _apply_many(jobs[:1], trigger)
    assert _stored() == [("queued", 0)] * 3


def test_one_illegal_object_keeps_all_where_they_were(jobs: list[Any]) -> None:
    # given the last of three at another place
    _apply_many(jobs[2:], "cancel")
    History.objects.all().delete()
    # when all should fail, which only a running one may
    with pytest.raises(IllegalTransition):
        _apply_many(jobs, "fail", kwargs={"error_code": "x"}, event_for=_event)
    # then rows and objects are as before
    assert _stored() == [("queued", 0), ("queued", 0), ("cancelled", 1)]
    assert [(job.status, job.version, job.error_code) for job in jobs] == [
        ("queued", 0, ""),
        ("queued", 0, ""),
        ("cancelled", 1, ""),
    ]
    assert _nothing_was_written(jobs)


def test_a_step_taken_before_an_illegal_one_is_undone_in_memory(jobs: list[Any]) -> None:
    _apply_many(jobs[1:2], "cancel")
    _apply_many(jobs[1:2], "start")
    _apply_many(jobs[:1], "start")
    # given running, running, queued
    with pytest.raises(IllegalTransition):
        _apply_many(jobs, "fail", kwargs={"error_code": "disk.full"})
    assert [(job.status, job.error_code) for job in jobs] == [
        ("running", ""),
        ("running", ""),
        ("queued", ""),
    ]
    # and the objects are still good for what is legal
    _apply_many(jobs[:2], "succeed")
    assert [job.status for job in jobs] == ["succeeded", "succeeded", "queued"]


@pytest.mark.parametrize("meanwhile", [{"version": 5}, {"status": "failed"}])
def test_a_stale_object_stops_all_even_for_a_caller_who_goes_on(
    jobs: list[Any], meanwhile: dict[str, Any]
) -> None:
    # given the second changed by somebody else
    Job.objects.filter(pk=jobs[1].pk).update(**meanwhile)
    before = _stored()
    # when the caller catches the error inside its transaction and commits
    with unit(), pytest.raises(StaleObject) as caught:
        transitions.apply_many(jobs, "start", event_for=_event)
    # then not even the others were written
    assert (caught.value.status, caught.value.code) == (409, "state.stale")
    assert _stored() == before
    assert [(job.status, job.version) for job in jobs] == [("queued", 0)] * 3
    assert _nothing_was_written(jobs)


def test_a_deleted_row_is_stale(jobs: list[Any]) -> None:
    Job.objects.filter(pk=jobs[0].pk).delete()
    with pytest.raises(StaleObject):
        _apply_many(jobs, "start")
    assert _stored() == [("queued", 0)] * 2


def test_two_copies_of_one_row_are_stale(jobs: list[Any]) -> None:
    with unit(), pytest.raises(StaleObject):
        transitions.apply_many([jobs[0], Job.objects.get(pk=jobs[0].pk)], "start")
    assert _stored() == [("queued", 0)] * 3


def test_one_object_twice_is_refused(jobs: list[Any]) -> None:
    with pytest.raises(IllegalTransition):
        _apply_many([jobs[0], jobs[0]], "start")
    assert jobs[0].status == "queued"


def test_history_and_events_go_with_the_transaction(jobs: list[Any]) -> None:
    with pytest.raises(KeyError), unit():
        transitions.apply_many(jobs, "start", event_for=_event)
        assert Outbox.objects.count() == 3
        raise KeyError
    assert _stored() == [("queued", 0)] * 3
    assert _nothing_was_written(jobs)


def test_a_failing_event_undoes_the_step(jobs: list[Any]) -> None:
    def fail(job: Any) -> Event:
        raise KeyError(job.key)

    with pytest.raises(KeyError):
        _apply_many(jobs, "start", event_for=fail)
    assert _stored() == [("queued", 0)] * 3
    assert _nothing_was_written(jobs)


def test_a_step_needs_a_transaction(jobs: list[Any]) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: transitions.apply(jobs[0], "start"),
        lambda: transitions.apply_many(jobs, "start"),
    ]
    for call in calls:
        with pytest.raises(TransactionRequired):
            call()
    assert _stored() == [("queued", 0)] * 3


def test_nobody_to_move_is_no_statement(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        _apply_many([], "start")
    assert [q for q in queries if "SAVEPOINT" not in q["sql"]] == []


def test_status_cannot_be_assigned(jobs: list[Any]) -> None:
    with pytest.raises(AttributeError):
        jobs[0].status = "succeeded"


def test_allowed_triggers_follow_the_machine(jobs: list[Any]) -> None:
    assert transitions.allowed_triggers(jobs[0]) == ["cancel", "start"]
    _apply_many(jobs[:1], "start")
    assert transitions.allowed_triggers(jobs[0]) == ["cancel", "fail", "succeed"]
    _apply_many(jobs[:1], "succeed")
    assert transitions.allowed_triggers(jobs[0]) == []


def test_any_number_of_objects_costs_the_same_statements(db: None) -> None:
    jobs = _jobs(41)
    counts = []
    for batch in (jobs[:1], jobs[1:]):
        with CaptureQueriesContext(connection) as queries:
            _apply_many(batch, "start", event_for=_event)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_batches_in_any_order_never_deadlock_and_each_step_is_taken_once() -> None:
    # given twenty jobs and eight callers who read them all in orders of their own
    keys = [job.pk for job in _jobs(20)]

    def caller(seed: int) -> Callable[[], None]:
        def call() -> None:
            jobs = list(Job.objects.filter(pk__in=keys))
            random.Random(seed).shuffle(jobs)
            _apply_many(jobs, "start", reason=str(seed))

        return call

    # when all start them at once
    results = run_together([caller(seed) for seed in range(8)])
    # then one has all of them, the others are told
    winners = [seed for seed, result in enumerate(results) if result is None]
    losers = [result for result in results if result is not None]
    assert len(winners) == 1
    assert {type(loser) for loser in losers} <= {StaleObject, IllegalTransition}
    assert _stored() == [("running", 1)] * 20
    assert set(History.objects.values_list("reason", flat=True)) == {str(winners[0])}
    assert History.objects.count() == 20
