"""Measures the hot paths in a scratch database and says how near they are to their limits."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from oms.cockpit.simulation import isolation
from oms.cockpit.simulation.bench import figures, machine
from oms.cockpit.simulation.bench.sizes import FULL, ON_DEMAND, PARTS, QUICK
from oms.core.commands import FAILED, OK, OmsCommand
from oms.core.errors import Unavailable
from oms.settings.env import OMS_HOME


class RunFailed(Unavailable):
    """The run ended by an error of its own, told above."""

    code = "bench.run_failed"


class Command(OmsCommand):
    help = (
        "Measure the hot paths beside their raw limits, print a table and write bench.json. "
        "Works in a database of its own that is dropped at the end. Exit code 1: a bar is missed."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--quick", action="store_true", help="tiny sizes: tries the machinery, means nothing"
        )
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            choices=(*PARTS, *ON_DEMAND),
            help="measure only this part, again for more; scale is measured only when asked for",
        )
        # The run itself, in the scratch environment: where to leave what it measured.
        parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)

    def run(self, **options: Any) -> None:
        if options["into"]:
            self._measure(options["into"], only=options["only"], is_quick=options["quick"])
        else:
            self._report(self._apart(only=options["only"], is_quick=options["quick"]))

    def _measure(self, into: Path, *, only: list[str], is_quick: bool) -> None:
        from oms.cockpit.simulation.bench import suite

        size = QUICK if is_quick else FULL
        found = suite.measure(size, only=only, say=self.say)
        into.write_text(json.dumps(figures.to_store(found)))

    def _apart(self, *, only: list[str], is_quick: bool) -> dict[str, Any]:
        told = {"machine": machine.describe(), "commit": machine.commit()}
        with isolation.scratch(isolation.BENCH) as environment:
            into = Path(environment["OMS_HOME"]) / "figures.json"
            arguments = ["bench", f"--into={into}", *(["--quick"] if is_quick else [])]
            arguments += [f"--only={part}" for part in only]
            if isolation.run(arguments, environment) != OK:
                raise RunFailed("The run ended by an error; see above.")
            stored = json.loads(into.read_text())
        return {**told, "figures": [figures.Figure.from_dict(row) for row in stored]}

    def _report(self, told: dict[str, Any]) -> None:
        found: list[figures.Figure] = told.pop("figures")
        result = {**told, "results": [figure.as_dict() for figure in found]}
        path = OMS_HOME / "bench.json"
        path.write_text(json.dumps(result, indent=1) + "\n")
        missed = [figure.name for figure in found if not figure.ok]
        lines = ["", *figures.table(found), "", f"Written to {path}"]
        lines += [f"Missed: {name}" for name in missed]
        self.finish(result, lines, exit_code=FAILED if missed else OK)
