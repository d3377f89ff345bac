"""The shape of every command: words for people, one JSON object for scripts, three exit codes.

0 all done, 1 nothing done or an error, 3 done in part.
"""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oms.core import clock
from oms.core.errors import OmsError

OK, FAILED, PARTIAL = 0, 1, 3

#: Where nobody watches a bar move: one plain line this often at most.
PLAIN_SECONDS = 5.0

Advance = Callable[[int], None]


class OmsCommand(BaseCommand):
    """Base of all commands: subclasses write `run()`, add arguments and call `finish()`."""

    #: Opt in to `--dry-run` where the command changes data.
    has_dry_run: ClassVar[bool] = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object as the last line"
        )
        if self.has_dry_run:
            parser.add_argument("--dry-run", action="store_true", help="change nothing, only say")
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = bool(options.get("json"))
        try:
            self.run(**options)
        except OmsError as error:
            if self.as_json:
                self._print_json({"error": {"code": error.code, "detail": error.detail}})
            raise CommandError(error.detail, returncode=FAILED) from error

    @abstractmethod
    def run(self, **options: Any) -> None:
        """This function will do the work and end with `finish()`."""

    def finish(
        self, result: Mapping[str, Any], lines: Iterable[str] = (), *, exit_code: int = OK
    ) -> None:
        """This function will print the lines, then the result with `--json`, and set the exit code.

        :raises SystemExit: when the exit code is not 0.
        """
        for line in lines:
            self.say(line)
        if self.as_json:
            self._print_json(result)
        if exit_code != OK:
            sys.exit(exit_code)

    def say(self, line: str) -> None:
        """This function will print one line for people, at once."""
        self.stdout.write(line)
        self.stdout.flush()

    @contextmanager
    def progress(self, label: str, *, total: int | None = None) -> Iterator[Advance]:
        """This function will show how far work is: a bar on a terminal, else a line now and then.

        Yields `advance(n)`.
        """
        if self.as_json or not sys.stderr.isatty():
            yield self._plain_progress(label, total)
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=total)
            yield lambda count: bar.advance(task, count)

    def _plain_progress(self, label: str, total: int | None) -> Advance:
        done, said_at = 0, clock.monotonic()

        def advance(count: int) -> None:
            nonlocal done, said_at
            done += count
            now = clock.monotonic()
            if done == total or now - said_at >= PLAIN_SECONDS:
                said_at = now
                of_total = f" of {total}" if total is not None else ""
                self.stderr.write(f"{label}: {done}{of_total}")

        return advance

    def _print_json(self, result: Mapping[str, Any]) -> None:
        self.stdout.write(json.dumps(result, default=str))
        self.stdout.flush()
