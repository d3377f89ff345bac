"""Each check says what is wrong and how to mend it; the report comes in one order."""

import json
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO

import pytest
from django.core.management import call_command

from carriers.types import CarrierHealth
from oms.runtime import probe
from oms.runtime.doctor import carriers, findings, logs, services
from oms.runtime.doctor.findings import Level
from oms.runtime.layout import Layout
from oms.runtime.management.commands import doctor

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def home(tmp_path, monkeypatch):
    layout = Layout(tmp_path)
    layout.prepare()
    for module in (services, logs, probe):
        monkeypatch.setattr(module, "current", lambda: layout)
    return layout


@pytest.fixture
def answering():
    """Returns a function that starts a server which answers every GET with one status."""
    servers = []

    def start(status):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def levels(check):
    return [finding.level for finding in findings.run(check)]


@pytest.mark.parametrize(
    ("gigabytes", "level"), [(50, Level.OK), (3, Level.WARN), (0.5, Level.BAD)]
)
def test_disk_space(home, monkeypatch, gigabytes, level):
    free = gigabytes * services.GIGABYTE
    monkeypatch.setattr(services.shutil, "disk_usage", lambda _: Usage(0, 0, free))

    assert levels(services.disk_space) == [level]


@pytest.mark.django_db
def test_database_that_answers_with_all_migrations():
    assert levels(services.database) == [Level.OK, Level.OK]


@pytest.mark.django_db
def test_database_with_a_migration_that_is_not_applied(monkeypatch):
    from django.db.migrations.executor import MigrationExecutor

    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [("one", False)])

    found = findings.run(services.database)

    assert [f.level for f in found] == [Level.OK, Level.BAD]
    assert found[1].what == "Migrations not applied: 1"
    assert found[1].mend == "Run `manage.py migrate`"


def test_broker_that_answers_and_one_that_does_not(settings, home):
    assert levels(services.broker) == [Level.OK]

    settings.REDIS_URL = f"unix://{home.home}/nobody.sock"

    assert levels(services.broker) == [Level.BAD]


@pytest.mark.parametrize(("status", "level"), [(200, Level.OK), (503, Level.BAD)])
def test_web_server_says_whether_it_is_ready(home, answering, monkeypatch, status, level):
    url = answering(status)
    monkeypatch.setattr(probe, "web_url", lambda: url)

    assert levels(services.web_server) == [level]


def test_web_server_that_is_not_there(home, monkeypatch):
    monkeypatch.setattr(probe, "web_url", lambda: f"http://127.0.0.1:{probe.free_port()}")

    found = findings.run(services.web_server)

    assert [f.level for f in found] == [Level.BAD]
    assert "make demo" in found[0].mend


def test_sandbox_carrier(settings, answering):
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": ""}
    assert levels(carriers.sandbox_carrier) == [Level.WARN]

    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": answering(200)}
    assert levels(carriers.sandbox_carrier) == [Level.OK]

    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": answering(500)}
    assert levels(carriers.sandbox_carrier) == [Level.BAD]


def health_of(monkeypatch, **values):
    account = CarrierHealth(
        **{
            "account_ref": "acc_1",
            "account_name": "Main",
            "carrier_code": "sandbox",
            "is_sandbox": False,
            "label_failures": 0,
            "labels_in_doubt": 0,
            "labels_waiting": 0,
            "oldest_label_s": None,
            "last_scan_s": None,
            "unmatched_scans": 0,
            "webhook_backlog": 0,
            **values,
        }
    )
    monkeypatch.setattr("carriers.selectors.health.get_health", lambda: [account])


@pytest.mark.parametrize(
    ("values", "level", "what"),
    [
        ({}, Level.OK, "sandbox (Main) works"),
        ({"label_failures": 2}, Level.BAD, "sandbox (Main): labels refused in the last hour: 2"),
        ({"labels_waiting": 3, "oldest_label_s": 20.0}, Level.OK, "sandbox (Main) works"),
        (
            {"labels_waiting": 3, "oldest_label_s": 400.0},
            Level.BAD,
            "sandbox (Main): labels waiting: 3, the oldest for 400 s",
        ),
        ({"labels_in_doubt": 1}, Level.WARN, "sandbox (Main): labels in doubt after a time-out: 1"),
        (
            {"webhook_backlog": 101},
            Level.WARN,
            "sandbox (Main): messages not processed yet: 101",
        ),
        (
            {"unmatched_scans": 101},
            Level.WARN,
            "sandbox (Main): scans of no shipment of ours: 101",
        ),
    ],
)
def test_carrier_accounts(monkeypatch, values, level, what):
    health_of(monkeypatch, **values)

    [found] = findings.run(carriers.carrier_accounts)

    assert (found.level, found.what) == (level, what)


def test_no_carrier_account_is_bad(monkeypatch):
    monkeypatch.setattr("carriers.selectors.health.get_health", list)

    assert levels(carriers.carrier_accounts) == [Level.BAD]


def test_logs_are_counted_without_the_data_an_error_quotes(home):
    (home.logs / "web.log").write_text(
        '{"level": "INFO", "message": "served"}\n'
        '{"level": "ERROR", "message": "failed", "error": {"type": "KeyError"}}\n'
        "psycopg.errors.UniqueViolationError: Key (mail)=(planted@mail.example) exists\n"
    )

    [found] = findings.run(logs.application_logs)

    assert found.level is Level.WARN
    assert found.what == "Errors in web.log: 2, the last: psycopg.errors.UniqueViolationError"


def test_logs_without_errors_are_well(home):
    (home.logs / "web.log").write_text('{"level": "INFO", "message": "served"}\n')

    [found] = findings.run(logs.application_logs)

    assert (found.level, found.what) == (Level.OK, "No errors in 1 log files")


def test_a_check_that_breaks_is_a_finding_not_a_crash():
    def outbox_relay():
        raise ValueError("planted@mail.example")

    [found] = findings.run(outbox_relay)

    assert found.level is Level.BAD
    assert found.what == "outbox relay could not be looked at (ValueError)"


def test_the_report_is_in_order_and_its_last_line_is_json(monkeypatch):
    monkeypatch.setattr(
        doctor,
        "CHECKS",
        (
            ("carriers", (lambda: [findings.ok("labels are bought")],)),
            ("services", (lambda: [findings.bad("no disk", "buy one")],)),
        ),
    )
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=out)

    lines = out.getvalue().splitlines()
    assert ended.value.code == 1
    assert lines[:-1] == [
        "Carriers",
        "  ok   labels are bought",
        "Services",
        "  bad  no disk",
        "       buy one",
    ]
    assert json.loads(lines[-1]) == {
        "ok": 1,
        "warn": 0,
        "bad": 1,
        "findings": [
            {"area": "carriers", "level": "ok", "what": "labels are bought", "mend": ""},
            {"area": "services", "level": "bad", "what": "no disk", "mend": "buy one"},
        ],
    }


def test_the_order_of_areas_is_carriers_services_logs():
    assert [area for area, _checks in doctor.CHECKS] == ["carriers", "services", "logs"]
