"""Dead letters can be seen, chosen and tried again; asking twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from oms.core import clock
from oms.core.errors import Invalid
from oms.infra.outbox import selectors
from oms.infra.outbox.models import OutboxEvent, Redelivery, RelayHeartbeat
from oms.infra.outbox.services import dead_letters, relaying
from oms.infra.outbox.subscriptions import Delivered, subscribe
from oms.infra.outbox.tests.conftest import Moved, echo, echoes, emit, let_time_pass, moved

pytestmark = pytest.mark.django_db


def _park(failing: set[str], *events: Moved) -> None:
    @subscribe(Moved, consumer="test.echo")
    def on_moved(batch: Sequence[Delivered[Moved]]) -> None:
        for delivered in batch:
            if delivered.event.thing in failing:
                raise Invalid
            echo(delivered)

    emit(*events)
    for _ in range(3):
        relaying.drain()
        let_time_pass()


def _command(*args: str) -> dict[str, Any]:
    out = StringIO()
    call_command("retry_dead_letters", *args, "--json", stdout=out)
    result: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return result


def test_a_mended_dead_letter_is_delivered_once_and_those_behind_it_follow() -> None:
    failing = {"bad"}
    _park(failing, moved("bad", 1), moved("bad", 2), moved("good"))
    assert [d.event.payload["step"] for d in selectors.list_dead_letters()] == [1]
    failing.clear()
    assert relaying.drain() == 0

    assert dead_letters.retry() == 1
    assert dead_letters.retry() == 0
    relaying.drain()
    assert dead_letters.retry() == 0
    relaying.drain()

    assert echoes() == [("good", 0), ("bad", 1), ("bad", 2)]
    assert Redelivery.objects.count() == 0


def test_a_dead_letter_that_fails_again_is_parked_again() -> None:
    _park({"bad"}, moved("bad"))
    dead_letters.retry()

    for _ in range(3):
        assert selectors.list_dead_letters().count() == 0
        relaying.drain()
        let_time_pass()

    assert selectors.list_dead_letters().count() == 1


def test_retry_takes_only_what_was_chosen() -> None:
    _park({"one", "two"}, moved("one"), moved("two"))
    chosen = OutboxEvent.objects.get(payload__thing="two")

    assert dead_letters.retry(consumer="test.nobody") == 0
    assert dead_letters.retry(event_id=uuid4()) == 0
    assert dead_letters.retry(event_id=chosen.event_id, consumer="test.echo") == 1

    assert [d.event.payload["thing"] for d in selectors.list_dead_letters()] == ["one"]


def test_the_command_counts_and_a_dry_run_changes_nothing() -> None:
    _park({"bad"}, moved("bad"))

    assert _command("--all", "--dry-run") == {"found": 1, "retried": 0}
    assert _command("--consumer", "test.echo") == {"found": 1, "retried": 1}
    assert _command("--all") == {"found": 0, "retried": 0}


def test_the_command_wants_a_choice() -> None:
    with pytest.raises(CommandError) as refused:
        _command()

    assert refused.value.returncode == 1


def test_health_of_an_empty_outbox() -> None:
    assert selectors.get_health() == selectors.OutboxHealth(0, 0.0, 0, None)


def test_health_counts_what_waits_what_died_and_the_age_of_the_relay() -> None:
    _park({"bad"}, moved("bad", 1), moved("bad", 2))
    emit(moved("new"))
    now = clock.real_now()
    OutboxEvent.objects.filter(payload__thing="new").update(recorded_at=now - timedelta(seconds=90))
    OutboxEvent.objects.filter(payload__step=2).update(recorded_at=now - timedelta(seconds=30))
    RelayHeartbeat.objects.create(name="relay", at=now - timedelta(seconds=5))

    health = selectors.get_health()

    assert (health.pending, health.dead_letters) == (2, 1)
    assert health.oldest_s == pytest.approx(90, abs=2)
    assert health.relay_age_s == pytest.approx(5, abs=2)
