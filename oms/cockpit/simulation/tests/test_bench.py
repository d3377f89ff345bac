"""The bench says what it measured, apart from the install, and measures what it says."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from inventory.catalog import selectors as catalog
from oms.cockpit.simulation import isolation
from oms.cockpit.simulation.bench import figures, promising, raw_placing, timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.raw_callers import Job
from oms.cockpit.simulation.bench.world import Unplaced, World
from oms.cockpit.simulation.management.commands import bench
from oms.core.locks import LockSpace
from oms.settings.env import BASE_DIR, OMS_HOME, database_url
from orders.tests.factories import a_world
from orders.types import OrderDraft

ROWS = {
    "reserving, 8 callers, one writer": "orders/s",
    "reserving, 8 callers, one writer, hot variant": "orders/s",
    "reserving, 8 callers, one writer, hot, by guarded UPDATEs": "orders/s",
    "reserving, 8 callers, one writer, hot, by L hot": "orders/s",
    "L, 8 connections, hot variant": "orders/s",
    "reserving, 8 callers, two writers": "orders/s",
    "reserving, 8 callers, two writers, hot variant": "orders/s",
    "reserving, 10 plans in one call": "orders/s",
    "flash sale, 128 callers, 2 processes, answers": "answers/s",
    "flash sale, 128 callers, 2 processes, p50": "ms",
    "flash sale, 128 callers, 2 processes, p99": "ms",
    "placing in bulk, one process": "orders/s",
    "placing, batches of 5": "orders/s",
    "placing one, p50": "ms",
    "placing one, p99": "ms",
    "placing, 8 callers, one hot variant": "orders/s",
    "L, 8 connections, one hot position": "orders/s",
    "intake, 128 connections, 2 processes": "orders/s",
    "intake, 128 connections, 2 processes, p50": "ms",
    "intake, 128 connections, 2 processes, p99": "ms",
    "relay, one trivial consumer": "deliveries/s",
    "labels, carrier of 50 ms": "labels/s",
    "labels, carrier of 0 ms": "labels/s",
    "label file": "bytes",
    "scans, batches of 200": "scans/s",
    "GET /board/data.json, p50": "ms",
    "GET /track/<token>/, p50": "ms",
    "GET /api/v1/orders, 50, p50": "ms",
    "POST /api/v1/orders, p50": "ms",
    "contacts sealed, 20": "ms",
    "ledger verified": "movements/s",
    "ATP, 100 variants over 50 nodes": "questions/s",
    "ATP, one variant over 50 nodes": "questions/s",
}
KEYS = ["name", "value", "unit", "raw", "ratio", "bar", "ratio_bar", "most", "ok"]


@pytest.fixture
def small_world(db: None) -> World:
    made = a_world(stock_at={"reno": {"A": 100, "B": 100}, "dallas": {"A": 100, "B": 100}})
    return World(
        organization_id=made.organization_id,
        channel=made.channel,
        variants=catalog.list_active(organization_id=made.organization_id, limit=10),
        chance=random.Random(1),
    )


def test_a_figure_is_stored_with_its_ratio_and_whether_it_reached_its_bar() -> None:
    figure = Figure("placing", 149.96, "orders/s", raw=1299.0, bar=150.0)
    assert figure.as_dict() == {
        "name": "placing",
        "value": 150.0,
        "unit": "orders/s",
        "raw": 1300.0,
        "ratio": 0.115,
        "bar": 150.0,
        "ratio_bar": None,
        "most": None,
        "ok": False,
    }
    assert list(Figure("seal", 1.0, "ms").as_dict().items()) == [
        ("name", "seal"),
        ("value", 1.0),
        ("unit", "ms"),
        ("raw", None),
        ("ratio", None),
        ("bar", None),
        ("ratio_bar", None),
        ("most", None),
        ("ok", True),
    ]


@pytest.mark.parametrize(
    ("bars", "is_ok", "said"),
    [
        ({"ratio_bar": 0.5}, True, "x 0.5"),
        ({"ratio_bar": 0.51}, False, "x 0.51"),
        ({"most": 50.0}, True, "<= 50"),
        ({"most": 49.0}, False, "<= 49"),
        ({"bar": 50.0, "ratio_bar": 0.6}, False, "50, x 0.6"),
    ],
)
def test_bars_are_on_values_or_ratios_from_below_or_above(
    bars: dict[str, float], is_ok: bool, said: str
) -> None:
    figure = Figure("reserving", 50.0, "orders/s", raw=100.0, **bars)

    assert figure.ok == is_ok
    assert said in figures.table([figure])[1]


def test_a_figure_survives_the_way_between_processes_whole() -> None:
    found = [Figure("placing", 571.23456, "orders/s", raw=1299.4, bar=150.0)]
    assert [Figure.from_dict(row) for row in json.loads(json.dumps(figures.to_store(found)))] == (
        found
    )


@pytest.mark.parametrize(
    ("value", "kept"), [(8124.6, 8120.0), (0.0123456, 0.0123), (7.0, 7.0), (None, None)]
)
def test_three_digits_are_kept(value: float | None, kept: float | None) -> None:
    assert figures.rounded(value) == kept


def test_the_table_says_which_bar_was_missed() -> None:
    lines = figures.table(
        [
            Figure("fast", 15_200.0, "orders/s", raw=1000.0, bar=150.0),
            Figure("slow", 12.3456, "orders/s", bar=150.0),
            Figure("told", 3.0, "ms"),
        ]
    )
    assert [line.split() for line in lines[1:]] == [
        ["fast", "15,200", "orders/s", "1,000", "15.2", "150", "ok"],
        ["slow", "12.3", "orders/s", "-", "-", "150", "MISSED"],
        ["told", "3", "ms", "-", "-", "-"],
    ]


def test_measures_take_turns_and_the_middle_counts() -> None:
    order: list[str] = []

    def measure(name: str, values: list[float]) -> timing.Measure:
        left = iter(values)
        return lambda: (order.append(name), next(left))[1]

    found = timing.in_turns(3, measure("ours", [5.0, 900.0, 6.0]), measure("raw", [1.0, 2.0, 3.0]))

    assert found == [6.0, 2.0]
    assert order == ["ours", "raw"] * 3


@pytest.mark.parametrize(("share", "value"), [(0.5, 51.0), (0.99, 100.0), (1.0, 100.0)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert timing.percentile(values, share) == value


def test_the_run_takes_the_server_of_the_install_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDIS_URL", "unix:///install/valkey.sock")
    monkeypatch.setenv("SANDBOX_CARRIER_URL", "http://127.0.0.1:1")

    environment = isolation._environment(isolation.BENCH, tmp_path)

    ours, theirs = urlsplit(database_url()), urlsplit(environment["DATABASE_URL"])
    assert (theirs.netloc, theirs.query, theirs.path) == (ours.netloc, ours.query, "/oms_bench")
    assert environment["OMS_HOME"] == str(tmp_path)
    assert not {"REDIS_URL", "SANDBOX_CARRIER_URL"} & environment.keys()


@pytest.mark.django_db(transaction=True)
def test_a_second_run_at_the_same_time_is_refused() -> None:
    with psycopg.connect(**raw_placing.connect_options()) as other:
        other.execute("SELECT pg_advisory_lock(%s, 0)", [int(LockSpace.BENCH)])
        with pytest.raises(isolation.AlreadyRuns), isolation.scratch(isolation.BENCH):
            pytest.fail("it ran")
    assert "oms_bench" not in _databases()


def test_a_missed_bar_is_exit_code_1_and_stands_in_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = {
        "machine": {"cpus": 2},
        "commit": "abc",
        "figures": [Figure("placing", 149.0, "orders/s", bar=150.0), Figure("seal", 2.0, "ms")],
    }
    monkeypatch.setattr(bench, "OMS_HOME", tmp_path)
    monkeypatch.setattr(bench.Command, "_apart", lambda _self, **_: dict(told))
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("bench", stdout=out, json=True)

    assert ended.value.code == 1
    stored = json.loads((tmp_path / "bench.json").read_text())
    assert stored == json.loads(out.getvalue().splitlines()[-1])
    assert [(row["name"], row["ok"]) for row in stored["results"]] == [
        ("placing", False),
        ("seal", True),
    ]
    assert "Missed: placing" in out.getvalue()


def test_an_order_that_is_held_does_not_count(small_world: World) -> None:
    [draft] = small_world.drafts(1)
    small_world.place([draft])
    with pytest.raises(Unplaced):
        small_world.place([_without_postcode(small_world)])


def _without_postcode(world: World) -> OrderDraft:
    [draft] = world.drafts(1)
    return replace(draft, recipient=replace(draft.recipient, postcode=""))


def test_the_raw_limit_writes_the_rows_a_placed_order_has(small_world: World) -> None:
    # given what one order of two lines by a new customer leaves behind
    before = _counts()
    [placed] = small_world.place(small_world.drafts(1))
    ours = _growth(before)
    # when the raw function is made from it and called for two positions
    raw_placing._create(placed.order_id)
    with connection.cursor() as cursor:
        cursor.execute(raw_placing._POSITIONS, [small_world.organization_id])
        chosen = sorted(cursor.fetchall())[:2]
        before = _counts()
        cursor.execute(
            "SELECT bench_place(%s::bigint[], %s::bigint[])",
            [list(column) for column in zip(*chosen, strict=True)],
        )
    # then it wrote as many rows into the same tables
    assert _growth(before) == ours
    assert ours["orders_order"] == 1
    assert ours["outbox_outboxevent"] == 4
    assert ours["inventory_stockmovement"] == 2


def test_two_parts_of_a_run_may_fill_the_same_database(small_world: World) -> None:
    made = [promising.fill(small_world.organization_id, 2) for _ in range(2)]

    assert len({variant for variants in made for variant in variants}) == 4


def test_hot_callers_share_one_position_and_lock_in_one_order() -> None:
    job = Job(connect={}, statement="", positions=[(n, n + 50) for n in range(20)], threads=1)
    chance = random.Random(3)
    spread = [job.choose(chance) for _ in range(50)]
    hot = [job.for_turn(0, 1.0, hot=True).choose(chance) for _ in range(50)]
    assert {positions[0] for positions, _ in hot} == {0}
    assert len({positions[0] for positions, _ in spread}) > 5
    assert all(len(set(positions)) == len(positions) for positions, _ in hot + spread)
    by_variant = [list(zip(variants, positions, strict=True)) for positions, variants in spread]
    assert all(rows == sorted(rows) for rows in by_variant)
    assert all(
        variants == [position + 50 for position in positions] for positions, variants in spread
    )


@pytest.mark.slow
def test_a_quick_run_has_all_rows_and_leaves_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), "bench", "--quick", "--json"],
        env={**os.environ, "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )

    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    results = told["results"]
    assert {row["name"]: row["unit"] for row in results} == ROWS
    assert all(list(row) == KEYS for row in results)
    assert all(row["value"] > 0 for row in results)
    alone = [row["name"] for row in results if row["raw"] is None]
    times = ("flash sale", "intake")
    assert [name for name in alone if not name.startswith(times)] == ["label file"]
    assert [row["bar"] for row in results if row["bar"] is not None] == [150.0]
    assert done.returncode == (0 if all(row["ok"] for row in results) else 1)
    assert told["machine"]["cpus"] == os.cpu_count()
    assert json.loads((OMS_HOME / "bench.json").read_text()) == told
    assert "oms_bench" not in _databases()


def _databases() -> set[str]:
    with psycopg.connect(**{**raw_placing.connect_options(), "dbname": "postgres"}) as session:
        return {row[0] for row in session.execute("SELECT datname FROM pg_database")}


def _counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        return {name: _count(cursor, name) for name in connection.introspection.table_names(cursor)}


def _count(cursor, name: str) -> int:
    cursor.execute(f'SELECT count(*) FROM "{name}"')
    return cursor.fetchone()[0]


def _growth(before: dict[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in _counts().items() if count > before[name]}
