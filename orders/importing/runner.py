"""Imports a file of orders through the placement every door uses.

Batches commit with the cursor they reached: killed anywhere, the same call goes on behind the last
committed batch; no order is placed twice and none is lost.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms.core import clock, locks
from oms.core.errors import Conflict, OmsError
from oms.core.locks import LockSpace
from oms.infra.jobs import services as jobs
from orders.channels.types import ChannelFacts
from orders.importing.errors_file import ErrorsFile
from orders.importing.types import Reader, RowError, SourceOrder
from orders.services import placement
from orders.types import Placed

if TYPE_CHECKING:
    from oms.infra.jobs.models import Job

#: Large enough that statements are cheap per order, small enough that locks are short.
BATCH = 100


@dataclass(slots=True)
class Progress:
    """How far an import came; stored as the job's cursor."""

    position: int = 0
    placed: int = 0
    replayed: int = 0
    rejected: int = 0
    errors_length: int = 0
    #: Seconds spent over all runs: reading, verifying, planning, reserving, committing.
    seconds: float = 0.0

    @classmethod
    def from_cursor(cls, cursor: dict[str, Any]) -> Progress:
        return cls(**{name: cursor[name] for name in cls.__slots__ if name in cursor})

    @property
    def per_second(self) -> float:
        return round(self.placed / self.seconds, 1) if self.seconds else 0.0

    def as_cursor(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.__slots__}


class AlreadyImporting(Conflict):
    code = "import.already_running"


class _DryRun(Exception):
    """Rolls the batch back."""


def run(
    *,
    reader: Reader,
    channel: ChannelFacts,
    folder: Path,
    created_by: str,
    is_dry_run: bool = False,
    advance: Callable[[int], None] = lambda _n: None,
    limit: int | None = None,
) -> tuple[Progress, Path]:
    """This function will place every order of the reader that can be placed.

    :returns: the totals over all runs of this file, and the path of the row-error file.
    """
    key = f"{channel.organization_id}:{channel.code}:{reader.fingerprint}"
    if is_dry_run:
        return _rehearse(reader, channel, folder / "dry-run.errors.csv", advance, limit)
    with locks.session_lock(LockSpace.IMPORT, zlib.crc32(key.encode())) as is_mine:
        if not is_mine:
            raise AlreadyImporting("This file is being imported by another command.")
        return _resume(reader, channel, folder, key, created_by, advance, limit)


def _resume(
    reader: Reader,
    channel: ChannelFacts,
    folder: Path,
    key: str,
    created_by: str,
    advance: Callable[[int], None],
    limit: int | None,
) -> tuple[Progress, Path]:
    job = jobs.start(
        kind="import_orders",
        key=key,
        organization_id=channel.organization_id,
        total=reader.total,
        created_by=created_by,
        take_over=True,  # the lock says that the former runner is gone
    )
    progress = Progress.from_cursor(job.cursor)
    path = folder / f"{job.public_id}.errors.csv"
    advance(progress.position)
    started = clock.monotonic() - progress.seconds
    with ErrorsFile(path, length=progress.errors_length) as errors:
        for batch in _batches(reader, progress.position, limit):
            _place_batch(job, channel, batch, progress, errors, started)
            advance(len(batch))
    if limit is None and job.status == "running":
        jobs.finish(job=job, result=progress.as_cursor(), result_file=str(path))
    return progress, path


def _batches(
    reader: Iterable[SourceOrder], position: int, limit: int | None
) -> Iterator[list[SourceOrder]]:
    rest = islice(iter(reader), position, None if limit is None else limit)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _place_batch(
    job: Job,
    channel: ChannelFacts,
    batch: Sequence[SourceOrder],
    progress: Progress,
    errors: ErrorsFile,
    started: float,
) -> None:
    def within(answers: Sequence[Placed]) -> None:
        found = _errors_of(batch, answers)
        rejected = _count(progress, batch, answers, found)
        progress.errors_length = errors.append(found)
        progress.seconds = round(clock.monotonic() - started, 3)
        jobs.advance(
            job=job,
            done=len(batch),
            failed=rejected,
            cursor=progress.as_cursor(),
        )

    _place(channel, batch, within)


def _place(
    channel: ChannelFacts,
    batch: Sequence[SourceOrder],
    within: Callable[[Sequence[Placed]], None],
) -> None:
    drafts = [source.draft for source in batch if source.draft is not None]
    latest = max((d.placed_at for d in drafts if d.placed_at), default=None)
    if latest is None or latest > clock.real_now():
        placement.place(channel=channel, drafts=drafts, within=within)
        return
    with clock.virtual(latest):
        placement.place(channel=channel, drafts=drafts, within=within)


def _errors_of(batch: Sequence[SourceOrder], answers: Sequence[Placed]) -> list[RowError]:
    found: list[RowError] = []
    replies = iter(answers)
    for source in batch:
        if source.draft is None:
            found += source.errors
        elif (error := next(replies).error) is not None:
            found += _row_errors(source, error)
    return found


def _row_errors(source: SourceOrder, error: OmsError) -> list[RowError]:
    if not error.errors:
        return [RowError(source.line, "", error.code, error.detail, source.original)]
    return [
        RowError(source.line, e.pointer.lstrip("/"), e.code, e.detail, source.original)
        for e in error.errors
    ]


def _count(
    progress: Progress,
    batch: Sequence[SourceOrder],
    answers: Sequence[Placed],
    errors: Sequence[RowError],
) -> int:
    rejected = len({error.line for error in errors})
    progress.position += len(batch)
    progress.placed += sum(a.is_placed and not a.is_replay for a in answers)
    progress.replayed += sum(a.is_placed and a.is_replay for a in answers)
    progress.rejected += rejected
    return rejected


def _rehearse(
    reader: Reader,
    channel: ChannelFacts,
    path: Path,
    advance: Callable[[int], None],
    limit: int | None,
) -> tuple[Progress, Path]:
    progress, started = Progress(), clock.monotonic()
    with ErrorsFile(path) as errors:

        def within_for(batch: Sequence[SourceOrder]) -> Callable[[Sequence[Placed]], None]:
            def within(answers: Sequence[Placed]) -> None:
                found = _errors_of(batch, answers)
                _count(progress, batch, answers, found)
                errors.append(found)
                raise _DryRun

            return within

        for batch in _batches(reader, 0, limit):
            try:
                _place(channel, batch, within_for(batch))
            except _DryRun:
                advance(len(batch))
    progress.seconds = clock.monotonic() - started
    return progress, path
