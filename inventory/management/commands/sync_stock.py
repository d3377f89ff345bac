"""Brings a file of stock messages in, as the API would take them."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from inventory.models.syncing import SyncSource
from inventory.selectors import syncing as selectors
from inventory.services import syncing
from inventory.types import SyncAnswer
from oms.core.api.parsing import MAX_BODY_BYTES, parse_object
from oms.core.commands import FAILED, OK, PARTIAL, OmsCommand
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.infra.accounts.services import organizations

#: Messages in one transaction.
_BATCH = 500
#: Answers named in full; a broken file may be wrong everywhere.
_NAMED = 20

_Line = tuple[int, object]


class Command(OmsCommand):
    help = (
        "Read stock messages, one JSON object a line. Repeating the command changes nothing: each "
        "number counts once. Exit codes: 0 all taken, 1 error or nothing taken, 3 some refused or "
        "not booked in full."
    )
    has_dry_run = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="FILE")
        parser.add_argument("--source", required=True, help="code of the feed")
        parser.add_argument("--organization", default="", help="code; default: the operator")

    def run(self, **options: Any) -> None:
        source = _source(options["source"], options["organization"])
        self._told = 0
        counts: Counter[str] = Counter()
        is_dry_run: bool = options["dry_run"]
        inbox = syncing.inbox_of(source=source)
        with acting(actor="command:sync_stock"), self.progress("Messages") as advance:
            for batch in _batches(options["path"]):
                items = [item for _, item in batch if not isinstance(item, OmsError)]
                if is_dry_run:
                    taken = syncing.check(source=source, inbox=inbox, items=items)
                else:
                    taken = syncing.deliver(
                        organization_id=source.organization_id, source=source.code, items=items
                    )
                self._count(batch, iter(taken), counts)
                advance(len(batch))
        self._conclude(source, counts, is_dry_run)

    def _count(self, batch: list[_Line], taken: Iterator[SyncAnswer], counts: Counter[str]) -> None:
        for number, item in batch:
            if isinstance(item, OmsError):
                answer = SyncAnswer(None, syncing.REFUSED, error=item)
            else:
                answer = next(taken)
            counts[answer.outcome] += 1
            counts["problems"] += bool(answer.problem)
            self._tell(number, answer)

    def _tell(self, number: int, answer: SyncAnswer) -> None:
        said = answer.error.detail if answer.error else answer.problem
        if not said:
            return
        self._told += 1
        if self._told <= _NAMED:
            fields = (
                [f"{e.pointer}: {e.detail}" for e in answer.error.errors] if answer.error else []
            )
            self.say(f"Line {number}: {said} {' '.join(fields[:3])}".rstrip())

    def _conclude(self, source: SyncSource, counts: Counter[str], is_dry_run: bool) -> None:
        source.refresh_from_db()
        lines = [f"… and {self._told - _NAMED} more."] if self._told > _NAMED else []
        names = (syncing.APPLIED, syncing.WAITING, syncing.DUPLICATE, syncing.REFUSED)
        result: dict[str, Any] = {name: counts[name] for name in names}
        if is_dry_run:
            taken = result.pop(syncing.APPLIED) + result.pop(syncing.WAITING)
            result = {"would_be_taken": taken, **result}
        else:
            result |= {"problems": counts["problems"], "applied_up_to": source.applied_sequence}
        lines.append(
            ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in result.items())
        )
        self.finish(result, lines, exit_code=_exit_code(counts))


def _exit_code(counts: Counter[str]) -> int:
    taken = counts[syncing.APPLIED] + counts[syncing.WAITING] + counts[syncing.DUPLICATE]
    if counts[syncing.REFUSED] and not taken:
        return FAILED
    return PARTIAL if counts[syncing.REFUSED] or counts["problems"] else OK


def _source(code: str, organization: str) -> SyncSource:
    owner = (
        organizations.get_by_code(organization) if organization else organizations.ensure_operator()
    )
    found = selectors.find_source(organization_id=owner.pk, code=code)
    if found is None:
        raise syncing.UnknownSource(
            f"{owner.code} has no feed {code!r}; add it under Stock, Feeds."
        )
    return found


def _batches(path: Path) -> Iterator[list[_Line]]:
    batch: list[_Line] = []
    size = 0
    for number, line in _lines(path):
        batch.append((number, _item(line)))
        size += len(line)
        if len(batch) == _BATCH or size > MAX_BODY_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", returncode=FAILED) from error


def _item(line: bytes) -> object:
    """The message in a line, or why there is none."""
    try:
        return parse_object(line)
    except OmsError as error:
        return error
