"""Imports a file of orders through the placement every door uses.

Batches commit with the cursor they reached: killed anywhere, the same call goes on behind the last
committed batch; no order is placed twice and none is lost.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms.core import clock, locks
from oms.core.errors import Conflict
from oms.core.locks import LockSpace
from oms.infra.jobs import services as jobs
from orders.channels.types import ChannelFacts
from orders.importing import errors_file
from orders.importing.answers import Batch
from orders.importing.errors_file import ErrorsFile
from orders.importing.types import Reader, SourceOrder
from orders.services import placement
from orders.types import Placed

if TYPE_CHECKING:
    from oms.infra.jobs.models import Job

#: Large enough that statements are cheap per order, small enough that locks are short.
BATCH = 100
KIND = "import_orders"


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

    def count(self, batch: Batch) -> None:
        """This method will add what became of a batch."""
        self.position += len(batch.orders)
        self.placed += batch.placed
        self.replayed += batch.replayed
        self.rejected += len(batch.refused)

    def as_cursor(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.__slots__}


class AlreadyImporting(Conflict):
    code = "import.already_running"


class _DryRun(Exception):
    """Rolls the batch back."""


def key_of(channel: ChannelFacts, reader: Reader) -> str:
    """This function will return what an import is resumed by: same channel, content and mapping."""
    return f"{channel.organization_id}:{channel.code}:{reader.fingerprint}"


def run(
    *,
    reader: Reader,
    channel: ChannelFacts,
    folder: Path,
    created_by: str,
    advance: Callable[[int], None] = lambda _n: None,
    limit: int | None = None,
    until: float | None = None,
    started: Callable[[Job], None] = lambda _job: None,
) -> tuple[Progress, Path]:
    """This function will place every order of the reader that can be placed.

    :param started: called with the job before the first batch.
    :param until: monotonic seconds at which it stops after the batch at hand, to be called again.
    :returns: the totals over all runs of this file, and the path of the file of refused rows.
    :raises AlreadyImporting: another runner is at this file.
    :raises JobStopped: a person stopped it.
    """
    key = key_of(channel, reader)
    with locks.session_lock(LockSpace.IMPORT, zlib.crc32(key.encode())) as is_mine:
        if not is_mine:
            raise AlreadyImporting("This file is being imported by another command.")
        job = jobs.start(
            kind=KIND,
            key=key,
            organization_id=channel.organization_id,
            total=reader.total,
            created_by=created_by,
            take_over=True,  # the lock says that the former runner is gone
        )
        started(job)
        return _resume(job, reader, channel, folder, advance, limit, until)


def _resume(
    job: Job,
    reader: Reader,
    channel: ChannelFacts,
    folder: Path,
    advance: Callable[[int], None],
    limit: int | None,
    until: float | None,
) -> tuple[Progress, Path]:
    progress = Progress.from_cursor(job.cursor)
    path = errors_file.path_in(folder, job.public_id, reader.columns)
    advance(progress.position)
    started = clock.monotonic() - progress.seconds
    if job.status == "succeeded":
        return progress, path
    with ErrorsFile(path, columns=reader.columns, length=progress.errors_length) as errors:
        for batch in batches(reader, progress.position, limit):
            _place_batch(job, reader, channel, batch, progress, errors, started)
            advance(len(batch))
            if until is not None and clock.monotonic() >= until:
                break
    if progress.position >= reader.total:
        jobs.finish(job=job, result=progress.as_cursor(), result_file=str(path))
    return progress, path


def batches(
    reader: Iterable[SourceOrder], position: int = 0, limit: int | None = None
) -> Iterator[list[SourceOrder]]:
    """This function will return the orders behind a position, batch by batch, and none beyond
    the first `limit` of the file: the same limit again goes no further."""
    rest = islice(iter(reader), min(position, limit or position), limit)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _place_batch(
    job: Job,
    reader: Reader,
    channel: ChannelFacts,
    orders: Sequence[SourceOrder],
    progress: Progress,
    errors: ErrorsFile,
    started: float,
) -> None:
    def within(answers: Sequence[Placed]) -> None:
        batch = Batch(orders, answers, is_table=bool(reader.columns))
        progress.count(batch)
        progress.errors_length = errors.append(batch.refused)
        progress.seconds = round(clock.monotonic() - started, 3)
        jobs.advance(
            job=job,
            done=len(orders),
            failed=len(batch.refused),
            cursor=progress.as_cursor(),
        )

    _place(channel, orders, within)


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


def rehearse(*, reader: Reader, channel: ChannelFacts, orders: Sequence[SourceOrder]) -> Batch:
    """This function will say what would become of one batch, and change nothing."""
    found: list[Batch] = []

    def within(answers: Sequence[Placed]) -> None:
        found.append(Batch(orders, answers, is_table=bool(reader.columns)))
        raise _DryRun

    with suppress(_DryRun):
        _place(channel, orders, within)
    return found[0]
