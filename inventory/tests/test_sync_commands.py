"""Stock messages from a file, and feeds opened from a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from inventory.models import PublishedAvailability
from inventory.tests.factories import World, make_world
from inventory.tests.syncing import SOURCE, add_source, balances, counted, delta

pytestmark = pytest.mark.django_db

Run = Any


@pytest.fixture
def world() -> World:
    world = make_world(skus=("TENT", "MUG"))
    add_source(world)
    return world


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command on lines: exit code, its lines for people, its result."""

    def run(lines: list[object], *options: str) -> tuple[int, list[str], dict[str, Any]]:
        path = tmp_path / "messages.jsonl"
        path.write_text("".join(f"{x if isinstance(x, str) else json.dumps(x)}\n" for x in lines))
        try:
            call_command("sync_stock", str(path), "--source", SOURCE, "--json", *options)
            code = 0
        except SystemExit as stopped:
            code = int(str(stopped.code))
        *said, last = capsys.readouterr().out.splitlines()
        return code, said, json.loads(last)

    return run


def _lines(count: int) -> list[object]:
    return [delta(n, ("reno", "TENT", 1)) for n in range(1, count + 1)]


def test_a_file_is_taken_and_repeating_it_changes_nothing(world: World, run: Run) -> None:
    code, _, result = run([*_lines(1_200), ""])
    before = counted()

    again, _, repeated = run(_lines(1_200))

    assert (code, result) == (
        0,
        {
            "applied": 1_200,
            "waiting": 0,
            "duplicate": 0,
            "refused": 0,
            "problems": 0,
            "applied_up_to": 1_200,
        },
    )
    assert balances() == {("reno", "TENT"): 1_200}
    assert (again, repeated["duplicate"], counted()) == (0, 1_200, before)


def test_lines_that_are_refused_are_named_and_the_others_taken(world: World, run: Run) -> None:
    code, said, result = run(
        [
            delta(1, ("reno", "TENT", 5)),
            "{nonsense",
            delta(2, ("reno", "X", 5)),
            delta(2, ("reno", "TENT", -9)),
        ]
    )

    assert code == 3
    assert (result["applied"], result["refused"], result["problems"]) == (2, 2, 1)
    assert said[0].startswith("Line 2: Not JSON")
    assert said[1] == (
        "Line 3: Some places are not known here. /changes/0/sku: There is no SKU 'X'."
    )
    assert said[2] == "Line 4: inventory.not_enough_on_hand: TENT at reno, -9"


def test_a_file_of_which_nothing_is_taken_fails(world: World, run: Run) -> None:
    code, _, result = run(["[]", "x"])

    assert (code, result["refused"]) == (1, 2)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(world: World, run: Run) -> None:
    run(_lines(3))
    before = counted()

    code, said, result = run(
        [
            *_lines(11_000),
            *_lines(2),
            delta(11_001, ("reno", "X", 1)),
            delta(5, ("reno", "MUG", 1)),
        ],
        "--dry-run",
    )

    assert code == 3
    assert result == {"would_be_taken": 10_997, "duplicate": 5, "refused": 2}
    assert (counted(), balances()) == (before, {("reno", "TENT"): 3})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/nowhere/messages.jsonl", "--source", SOURCE], "No such file"),
        (["x", "--source", "nobodys"], "has no feed 'nobodys'"),
        (["x", "--source", SOURCE, "--organization", "nobody"], "no organization"),
    ],
)
def test_what_is_not_there_is_an_error(world: World, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words) as failed:
        call_command("sync_stock", *arguments)

    assert failed.value.returncode == 1


def test_a_feed_is_opened_from_a_terminal(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.receive("reno", "TENT", 4)

    call_command("open_stock_feed", "web", "--json")

    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer == {"channel": "web", "written": 2}
    rows = PublishedAvailability.objects.order_by("sequence").values_list("channel", "quantity")
    assert list(rows) == [("web", 4), ("web", 0)]
