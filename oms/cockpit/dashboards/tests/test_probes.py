"""Probes say which part is not there, by name and nothing more; status says how much there is."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from oms.cockpit.dashboards import health
from oms.core import clock
from oms.infra.outbox.models import RelayHeartbeat
from orders.tests.factories import a_draft, a_world

pytestmark = pytest.mark.django_db


def readiness(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


@pytest.fixture
def all_well(monkeypatch):
    RelayHeartbeat.objects.create(name="relay", at=clock.real_now())
    monkeypatch.setitem(health.CHECKS, "worker", lambda: True)


def test_the_process_answers_without_a_database(client: Client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_everything_there_is_ready(client: Client, all_well):
    assert readiness(client) == (
        200,
        {"database": "ok", "migrations": "ok", "broker": "ok", "relay": "ok", "worker": "ok"},
    )


def test_a_relay_that_went_silent_is_named(client: Client, all_well):
    RelayHeartbeat.objects.update(at=clock.real_now() - timedelta(seconds=16))

    status, checks = readiness(client)

    assert (status, [name for name, state in checks.items() if state != "ok"]) == (503, ["relay"])


def test_a_broker_that_is_away_is_named_without_its_address(client: Client, all_well, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["broker"]) == (503, "failed")
    assert "127.0.0.1" not in answer.content.decode()


def test_no_worker_is_named_and_asked_again_only_after_a_while(
    client: Client, all_well, monkeypatch
):
    asked: list[int | None] = []

    def silence(*, most: int | None = None) -> int:
        asked.append(most)
        return 0

    monkeypatch.setattr(health, "count_workers", silence)
    monkeypatch.setitem(health.CHECKS, "worker", health._Echo().check)

    first, second = readiness(client), readiness(client)

    assert first == second
    assert (first[0], first[1]["worker"], asked) == (503, "failed", [1])


def test_status_counts_everything_in_the_promised_form(monkeypatch):
    monkeypatch.setattr(
        "oms.cockpit.dashboards.management.commands.status.count_workers", lambda: 2
    )
    a_world().place(a_draft("R-1"), a_draft("R-2"), a_draft("R-3", lines={"A": 500}))
    out = StringIO()

    call_command("status", "--json", stdout=out)

    result = json.loads(out.getvalue().splitlines()[-1])
    assert list(result) == ["orders", "shipments", "reservations", "cases", "outbox", "workers"]
    assert (result["orders"]["confirmed"], result["orders"]["delivered"]) == (2, 0)
    assert result["reservations"]["allocated"] == 2
    assert (result["outbox"]["dead_letters"], result["workers"]) == (0, 2)
    assert result["outbox"]["pending"] > 0
    assert result["cases"]["open"] == 0


def test_status_in_words_leaves_out_what_is_zero(monkeypatch):
    monkeypatch.setattr(
        "oms.cockpit.dashboards.management.commands.status.count_workers", lambda: 0
    )
    a_world().place(a_draft("R-1"))
    out = StringIO()

    call_command("status", stdout=out)

    lines = [line.split() for line in out.getvalue().splitlines()]
    assert ["orders", "confirmed", "1"] in lines
    assert not any("completed" in line for line in lines)


def test_without_a_broker_no_worker_is_counted(settings, monkeypatch):
    class Away:
        def __enter__(self):
            raise OSError("no broker")

        def __exit__(self, *_exception):
            return None

    monkeypatch.setattr(health.app, "connection_for_write", lambda **_options: Away())

    assert health.count_workers() == 0
