"""Files of orders that people upload: kept aside, mapped, checked, imported, deleted after days.

The row says what is wanted; whoever works finds it there, so nothing is lost with a broker. Content
lies in a folder that only its owner may read, for it is personal.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from oms.core import clock, ids, locks
from oms.core.context import acting
from oms.core.errors import Conflict, NotFound, OmsError
from oms.core.locks import LockSpace
from oms.core.transactions import unit, use_case
from oms.infra.jobs import services as jobs
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.importing import columns, errors_file, formats, mappings, preview, runner
from orders.importing.columns import UnreadableFile
from orders.importing.types import Reader
from orders.models import ImportFile

MAX_BYTES = 20 * 1024 * 1024
Wants = ImportFile.Wants


class BeingWorkedOn(Conflict):
    """Stop it first."""

    code = "import.being_worked_on"


class ContentDeleted(NotFound):
    code = "import.content_deleted"


def folder() -> Path:
    """This function will return where files of refused rows are kept."""
    return Path(settings.OMS["HOME"]) / "imports"


def path_of(file: ImportFile) -> Path:
    """This function will return where an upload's content is kept."""
    return folder() / "files" / f"{file.public_id}.{file.format}"


def refused_of(file: ImportFile) -> Path:
    """This function will return where the refused rows of the last work on an upload are kept."""
    name = file.job.public_id if file.job is not None else f"{file.public_id}.check"
    return errors_file.path_in(folder(), name, file.columns)


def receive(
    *, channel: ChannelFacts, name: str, content: Iterable[bytes], created_by: str
) -> ImportFile:
    """This function will keep an uploaded file and suggest what its columns are.

    :raises UnreadableFile: not one of our formats, too large, or without a header.
    """
    file = ImportFile(
        public_id=ids.public_id("imp"),
        organization_id=channel.organization_id,
        channel_id=channel.id,
        name=Path(name).name[-120:],
        format=formats.of_name(name),
        created_by=created_by,
    )
    path = path_of(file)
    try:
        file.size_bytes = _keep(path, content)
        file.columns = list(formats.columns_of(path, file.format))
        saved = mappings.saved(channel_id=channel.id)
        file.mapping = columns.suggest(file.columns, saved)
        with unit():
            file.save(force_insert=True)
    except Exception:
        path.unlink(missing_ok=True)
        raise
    return file


def _keep(path: Path, content: Iterable[bytes]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        for piece in content:
            size += len(piece)
            if size > MAX_BYTES:
                raise UnreadableFile(f"Give at most {MAX_BYTES >> 20} MB, or split the file.")
            handle.write(piece)
    return size


def open_reader(file: ImportFile) -> Reader:
    """This function will return the reader of an upload with its mapping.

    :raises ContentDeleted: its days are over.
    :raises UnreadableFile: the mapping does not fit.
    """
    path = path_of(file)
    if file.deleted_at is not None or not path.exists():
        raise ContentDeleted("The file was deleted; upload it again.")
    given = {name: file.mapping.get(name, columns.IGNORED) for name in file.columns}
    return formats.open_reader(path, file.format, given)


@use_case
def choose(*, file_id: int, mapping: Mapping[str, str]) -> None:
    """This function will say which field each column is, and remember it for the channel.

    :raises BeingWorkedOn: it is being checked or imported.
    :raises UnreadableFile: a field is missing, unknown or chosen twice.
    """
    file = _lock(file_id)
    columns.settle(file.columns, mapping)
    file.mapping, file.preview, file.problem = dict(mapping), {}, ""
    file.save(update_fields=["mapping", "preview", "problem"])
    mappings.save(channel_id=file.channel_id, mapping=mapping)


@use_case
def ask(*, file_id: int, wants: str) -> None:
    """This function will note that a file is to be checked or imported; an import that was stopped
    goes on where it was.

    :raises BeingWorkedOn: it is being checked or imported.
    :raises UnreadableFile: the mapping does not fit.
    :raises ContentDeleted: its days are over.
    """
    file = _lock(file_id)
    open_reader(file)
    file.wants, file.problem = wants, ""
    if wants == Wants.CHECK:
        file.preview = {}
    file.save(update_fields=["wants", "problem", "preview"])


def stop(*, file: ImportFile, reason: str) -> None:
    """This function will stop the work on a file after the batch at hand."""
    if file.job is not None and file.job.status == "running":
        jobs.cancel(public_id=file.job.public_id, reason=reason)
    _done(file)


def work_on(*, seconds: float) -> bool:
    """This function will check and import the files that wait, in the order they came, for some
    seconds.

    :returns: whether something is left to do.
    """
    until = clock.monotonic() + seconds
    waiting = ImportFile.objects.exclude(wants=Wants.NOTHING).order_by("pk")
    for file in list(waiting.select_related("job", "channel")):
        work(file=file, until=until)
        if clock.monotonic() >= until:
            break
    return waiting.exists()


def work(*, file: ImportFile, until: float) -> None:
    """This function will check or import one file until a time (monotonic seconds); where another
    process is at it, nothing."""
    with (
        locks.session_lock(LockSpace.IMPORT, zlib.crc32(file.public_id.encode())) as is_mine,
        acting(actor=file.created_by),
    ):
        if not is_mine:
            return
        try:
            is_over = (_check if file.wants == Wants.CHECK else _import)(file, until)
        except (jobs.JobStopped, runner.AlreadyImporting):
            is_over = True
        except OmsError as error:
            if error.is_retryable:
                return
            _done(file, problem=error.detail)
            return
        except Exception as error:
            _done(file, problem=type(error).__name__)
            raise
        if is_over:
            _done(file)


def _check(file: ImportFile, until: float) -> bool:
    reader = open_reader(file)

    def told(found: preview.Preview) -> bool:
        rows = ImportFile.objects.filter(pk=file.pk, wants=Wants.CHECK)
        with unit():
            return bool(rows.update(preview=found.as_json()))

    path = errors_file.path_in(folder(), f"{file.public_id}.check", reader.columns)
    preview.look(reader=reader, channel=_channel(file), path=path, told=told, until=until)
    return True


def _import(file: ImportFile, until: float) -> bool:
    reader = open_reader(file)

    def started(job: object) -> None:
        with unit():
            ImportFile.objects.filter(pk=file.pk).update(job=job)

    progress, _ = runner.run(
        reader=reader,
        channel=_channel(file),
        folder=folder(),
        created_by=file.created_by,
        until=until,
        started=started,
    )
    return progress.position >= reader.total


def _channel(file: ImportFile) -> ChannelFacts:
    return channels.get_facts(organization_id=file.organization_id, code=file.channel.code)


def _done(file: ImportFile, *, problem: str = "") -> None:
    with unit():
        ImportFile.objects.filter(pk=file.pk).update(wants=Wants.NOTHING, problem=problem[:400])


def _lock(file_id: int) -> ImportFile:
    file = ImportFile.objects.select_for_update().get(pk=file_id)
    if file.wants:
        raise BeingWorkedOn("The file is being worked on; wait for it or stop it.")
    return file


def purge() -> int:
    """This function will delete the content of uploads, and files of refused rows, whose days are
    over; never of a file that is being worked on.

    :returns: how many uploads lost their content.
    """
    before = clock.real_now() - timedelta(days=settings.OMS["IMPORT_KEEP_DAYS"])
    old = ImportFile.objects.filter(deleted_at=None, wants=Wants.NOTHING, created_at__lt=before)
    gone = list(old.order_by("pk")[:1000])
    for file in gone:
        path_of(file).unlink(missing_ok=True)
    with unit():
        keys = [file.pk for file in gone]
        ImportFile.objects.filter(pk__in=keys).update(deleted_at=clock.real_now())
    for path in folder().glob("*.errors.*"):
        if path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
    return len(gone)
