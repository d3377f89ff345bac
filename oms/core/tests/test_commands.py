"""Commands speak to people and to scripts; an anticipated error is a sentence, not a traceback."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from oms.core import commands
from oms.core.commands import PARTIAL, OmsCommand
from oms.core.errors import Conflict


class Import(OmsCommand):
    """Places three, rejects `rejected`."""

    has_dry_run = True

    def add_arguments(self, parser):
        parser.add_argument("--rejected", type=int, default=0)

    def run(self, **options):
        if options["dry_run"]:
            raise Conflict("A run is under way", code="orders.import_running")
        with self.progress("Placing", total=3) as advance:
            advance(1)
            advance(2)
        code = PARTIAL if options["rejected"] else 0
        self.finish({"placed": 3, "rejected": options["rejected"]}, ["3 placed"], exit_code=code)


def run(*arguments):
    out, err = StringIO(), StringIO()
    command = Import(stdout=out, stderr=err, no_color=True)
    try:
        call_command(command, *arguments)
        code = 0
    except SystemExit as ended:
        code = ended.code
    return code, out.getvalue().splitlines(), err.getvalue().splitlines()


def test_lines_for_people_come_without_json():
    assert run() == (0, ["3 placed"], ["Placing: 3 of 3"])


def test_the_last_line_is_one_object_with_json():
    code, lines, _err = run("--json")

    assert code == 0
    assert [lines[0], json.loads(lines[-1])] == ["3 placed", {"placed": 3, "rejected": 0}]


def test_part_of_the_work_exits_with_three_after_the_result():
    code, lines, _err = run("--json", "--rejected", "2")

    assert code == 3
    assert json.loads(lines[-1])["rejected"] == 2


def test_an_anticipated_error_is_a_sentence_and_an_object():
    out = StringIO()

    with pytest.raises(CommandError) as raised:
        call_command(Import(stdout=out), "--json", "--dry-run")

    assert str(raised.value) == "A run is under way"
    assert raised.value.returncode == 1
    assert json.loads(out.getvalue()) == {
        "error": {"code": "orders.import_running", "detail": "A run is under way"}
    }


def test_progress_off_a_terminal_says_a_line_now_and_then(monkeypatch):
    ticks = iter([0.0, 1.0, 6.0, 7.0])
    monkeypatch.setattr(commands.clock, "monotonic", lambda: next(ticks))
    command = Import(stderr=(err := StringIO()), no_color=True)
    command.as_json = False

    with command.progress("Reading") as advance:
        advance(10)
        advance(10)
        advance(10)

    assert err.getvalue() == "Reading: 20\n"
