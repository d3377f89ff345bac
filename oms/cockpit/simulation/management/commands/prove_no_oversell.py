"""Lets many callers fight over scarce stock in a scratch database and says whether a unit was sold
twice."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from oms.cockpit.simulation import isolation
from oms.core.commands import OK, OmsCommand
from oms.core.context import acting
from oms.core.errors import Invalid, Unavailable

#: For migrations, the last call and the questions at the end.
_GRACE_SECONDS = 600
#: Left to everybody else on the server.
_SPARE_CONNECTIONS = 40
#: Of one process; Python gains nothing from more.
_MOST_CONNECTIONS = 25
#: Two serve the writer and the sweep.
_FEWEST_CONNECTIONS = 4


class ProofFailed(Unavailable):
    """The run ended by an error of its own, told above."""

    code = "proof.run_failed"


class OutOfRange(Invalid):
    code = "proof.out_of_range"


class Command(OmsCommand):
    help = (
        "Let callers in several processes buy, hold, give back and ship scarce stock at the same "
        "moment, in a database of its own that is dropped at the end, and prove that no unit was "
        "sold twice. Exit code 1: a unit was, or something else is wrong. With --guard-off units "
        "must be oversold (exit code 1); 3: they were not."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--callers", type=int, default=200, help="threads in all")
        parser.add_argument("--processes", type=int, default=2)
        parser.add_argument("--seconds", type=int, default=20, help="how long they fight")
        parser.add_argument("--units", type=int, default=300, help="what they fight for")
        parser.add_argument(
            "--guard-off",
            action="store_true",
            help="the control: no row lock, no condition, no rule on the table",
        )
        # The run itself, in the scratch environment: where to leave what it found.
        parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)

    def run(self, **options: Any) -> None:
        if options["into"]:
            self._fight(options)
            return
        _require_sizes(options)
        has_guard = not options["guard_off"]
        found = self._apart(options)
        from oms.cockpit.simulation.proving import verdict

        self.finish(
            verdict.as_dict(found, has_guard=has_guard),
            verdict.lines(found, has_guard=has_guard),
            exit_code=verdict.exit_code(found, has_guard=has_guard),
        )

    def _apart(self, options: dict[str, Any]) -> Any:
        from oms.cockpit.simulation.proving.verdict import Found

        with isolation.scratch(isolation.PROOF) as environment:
            into = Path(environment["OMS_HOME"]) / "found.json"
            pool = _connections(options["processes"])
            self.say(
                f"{options['callers']} callers in {options['processes']} processes share up to "
                f"{pool} connections each."
            )
            arguments = ["prove_no_oversell", f"--into={into}", *_passed_on(options)]
            seconds = options["seconds"] + _GRACE_SECONDS
            environment = {**environment, "DATABASE_POOL": str(pool)}
            if isolation.run(arguments, environment, seconds=seconds) != OK:
                raise ProofFailed("The run ended by an error; see above.")
            return Found(**json.loads(into.read_text()))

    def _fight(self, options: dict[str, Any]) -> None:
        from oms.cockpit.simulation.proving import fight

        call_command("migrate", verbosity=0)
        with acting(actor="command:prove_no_oversell"):
            found = fight.have(
                callers_=options["callers"],
                processes=options["processes"],
                seconds=options["seconds"],
                units=options["units"],
                has_guard=not options["guard_off"],
                progress=self._told,
            )
        options["into"].write_text(json.dumps(asdict(found)))

    def _told(
        self, phase: str, seconds: int | None
    ) -> AbstractContextManager[Callable[[int], None]]:
        return self.progress(phase, total=seconds)


def _require_sizes(options: dict[str, Any]) -> None:
    for name, most in (("callers", 2_000), ("processes", 16), ("seconds", 3_600),
                       ("units", 1_000_000)):  # fmt: skip
        if not 1 <= options[name] <= most:
            raise OutOfRange(f"Give --{name} from 1 to {most}.")
    if options["processes"] > options["callers"]:
        raise OutOfRange("Give at least one caller for each process.")


def _passed_on(options: dict[str, Any]) -> list[str]:
    names = ("callers", "processes", "seconds", "units")
    off = ["--guard-off"] if options["guard_off"] else []
    return [*(f"--{name}={options[name]}" for name in names), *off]


def _connections(processes: int) -> int:
    """How many connections each process may open beside those of everybody else."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - (SELECT count(*)"
            " FROM pg_stat_activity WHERE backend_type = 'client backend')"
        )
        free = int(cursor.fetchone()[0])
    return max(
        _FEWEST_CONNECTIONS, min(_MOST_CONNECTIONS, (free - _SPARE_CONNECTIONS) // processes)
    )
