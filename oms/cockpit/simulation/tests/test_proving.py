"""The proof says what it found, fails on any fault, and its control oversells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from oms.cockpit.simulation import isolation
from oms.cockpit.simulation.bench import raw_placing
from oms.cockpit.simulation.management.commands import prove_no_oversell
from oms.cockpit.simulation.proving import verdict
from oms.cockpit.simulation.proving.verdict import Found
from oms.core.locks import LockSpace
from oms.settings.env import BASE_DIR

SOUND = Found(
    units=300,
    places=210,
    counts={"asked": 1_640, "sold": 605},
    errors={"inventory.hold_expired": 2},
    waits=[0.01] * 98 + [0.5, 1.25],
    lock_wait=0.125,
    oversold_now=0,
    oversold_ever=0,
    unsold=0,
    unbacked=0,
    ended_twice=0,
    misled=0,
    differences=0,
    movements=1_836,
    deadlocks=0,
)
FAULTS = [
    {"oversold_now": 1, "oversold_ever": 1},
    {"oversold_ever": 1},
    {"unsold": 1},
    {"unbacked": 1},
    {"ended_twice": 1},
    {"misled": 1},
    {"differences": 1},
    {"deadlocks": 1},
    {"errors": {"database.busy": 1}},
]


def test_a_fight_without_a_fault_is_exit_code_0() -> None:
    assert verdict.exit_code(SOUND, has_guard=True) == 0
    assert verdict.lines(SOUND, has_guard=True)[-1] == (
        "Not one unit was sold twice, and none was left."
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_any_fault_is_exit_code_1(fault: dict[str, Any]) -> None:
    found = replace(SOUND, **fault)
    assert verdict.exit_code(found, has_guard=True) == 1
    assert verdict.lines(found, has_guard=True)[-1].startswith(("OVERSOLD", "FAILED"))


def test_the_control_that_oversells_is_exit_code_1_and_says_by_how_many() -> None:
    found = replace(SOUND, oversold_ever=27)
    assert verdict.exit_code(found, has_guard=False) == 1
    assert verdict.lines(found, has_guard=False)[-1] == (
        "Guard off, as a control: 27 units were sold that were not there."
    )


def test_a_control_that_does_not_oversell_is_exit_code_3() -> None:
    assert verdict.exit_code(SOUND, has_guard=False) == 3
    assert "prove nothing" in verdict.lines(SOUND, has_guard=False)[-1]


def test_the_result_for_scripts_has_the_waits_in_milliseconds() -> None:
    told = verdict.as_dict(SOUND, has_guard=True)
    assert (told["p50_ms"], told["p99_ms"], told["longest_wait_ms"]) == (10, 1_250, 1_250)
    assert (told["faults"], told["is_oversold"], told["has_guard"]) == (0, False, True)
    assert told["lock_wait_ms"] == 125
    assert not {"waits", "lock_wait"} & told.keys()


@pytest.mark.parametrize(
    "option", ["--callers=0", "--processes=17", "--seconds=0", "--units=-1", "--callers=1"]
)
def test_sizes_that_make_no_sense_are_refused(option: str) -> None:
    with pytest.raises(CommandError):
        call_command("prove_no_oversell", option)


@pytest.mark.django_db(transaction=True)
def test_a_second_proof_at_the_same_time_is_refused() -> None:
    with psycopg.connect(**raw_placing.connect_options()) as other:
        other.execute("SELECT pg_advisory_lock(%s, 0)", [int(LockSpace.PROOF)])
        with pytest.raises(isolation.AlreadyRuns), isolation.scratch(isolation.PROOF):
            pytest.fail("it ran")


@pytest.mark.django_db(transaction=True)
def test_a_run_from_another_database_of_the_server_is_not_disturbed() -> None:
    with isolation.scratch(isolation.PROOF):
        options = {**raw_placing.connect_options(), "dbname": isolation.PROOF.database}
        with psycopg.connect(**options) as theirs:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [int(LockSpace.PROOF)])
            with pytest.raises(isolation.AlreadyRuns), isolation.scratch(isolation.PROOF):
                pytest.fail("it ran")
            assert theirs.execute("SELECT 1").fetchone() == (1,)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s, 0)", [int(LockSpace.PROOF)])


@pytest.mark.django_db
def test_processes_share_what_the_server_has_left() -> None:
    few, many = prove_no_oversell._connections(1), prove_no_oversell._connections(1_000)
    assert (few, many) == (25, 4)


@pytest.mark.slow
def test_callers_in_two_processes_sell_no_unit_twice_and_without_the_guard_they_do() -> None:
    told = _prove(0)
    assert told["faults"] == 0
    assert told["counts"]["sold"] >= 60
    control = _prove(1, "--guard-off")
    assert control["is_oversold"]
    assert control["oversold_ever"] > 0


def _prove(code: int, *options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), "prove_no_oversell", "--json",
         "--callers=40", "--seconds=4", "--units=90", *options],
        env={**os.environ, "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert isolation.PROOF.database not in _databases()
    return json.loads(done.stdout.splitlines()[-1])


def _databases() -> set[str]:
    options = {**raw_placing.connect_options(), "dbname": "postgres"}
    with psycopg.connect(**options) as session:
        return {row[0] for row in session.execute("SELECT datname FROM pg_database")}
