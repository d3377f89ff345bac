"""What the page of an uploaded file of orders says."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.admin import cells
from oms.core.admin.pages import Block, Facts, Page, Table
from oms.infra.accounts import selectors as accounts
from orders.importing import columns, uploads
from orders.models import ImportFile

Wants = ImportFile.Wants
_OUTCOMES: Mapping[str, tuple[str | Promise, str]] = {
    "new": (_("New"), "ok"),
    "held": (_("New, on hold"), "hold"),
    "repeated": (_("Placed before"), ""),
    "rejected": (_("Refused"), "bad"),
}


def build(file: ImportFile) -> Page:
    """This function will return the whole page of an upload."""
    names = accounts.names_of(actors={file.created_by})
    about: list[tuple[Any, Any]] = [
        (_("channel"), file.channel.name),
        (_("format"), file.format.upper()),
        (_("size"), size(file)),
        (_("uploaded by"), names[file.created_by]),
        (_("uploaded"), cells.moment(file.created_at)),
        (_("content deleted"), cells.moment(file.deleted_at)),
        (_("identifier"), cells.code(file.public_id)),
    ]
    main = [*_problem(file), *_result(file), *_preview(file)]
    return Page(
        name=file.name,
        pills=[state(file)],
        lead=[(_("Done"), progress(file))],
        main=[*main, *_columns(file)],
        side=[Facts(_("About"), about)],
    )


def is_done(file: ImportFile) -> bool:
    """This function will tell whether every order of the file was dealt with."""
    return file.job is not None and file.job.status == "succeeded"


def state(file: ImportFile) -> SafeString:
    """This function will return what is going on as a pill."""
    if file.wants == Wants.CHECK:
        return cells.pill(_("Being checked"), "info")
    if file.wants == Wants.IMPORT:
        return cells.pill(_("Being imported"), "info")
    if file.problem:
        return cells.pill(_("Stopped by an error"), "bad")
    if file.job is not None:
        return cells.status(file.job)
    return cells.pill(_("Checked"), "ok") if file.preview else cells.pill(_("Uploaded"))


def progress(file: ImportFile) -> SafeString:
    """This function will return a bar with its figures, of the import or else of the check."""
    job = file.job
    done, total = (
        (job.done, job.total)
        if job is not None
        else (file.preview.get("done", 0), file.preview.get("total", 0))
    )
    if not total:
        return cells.NOTHING
    figures = f"{cells.figure(done)} / {cells.figure(total)}"
    return format_html(
        '<progress class="o-progress" value="{}" max="{}" aria-label="{}"></progress> '
        '<span class="o-num">{}</span>',
        done,
        total,
        gettext("Progress"),
        figures,
    )


def size(file: ImportFile) -> SafeString:
    """This function will return how large the file is."""
    return format_html('<span class="o-num">{} kB</span>', f"{-(-file.size_bytes // 1000):,}")


def _problem(file: ImportFile) -> list[Block]:
    return [Facts(_("Stopped"), [(_("why"), file.problem)])] if file.problem else []


def _result(file: ImportFile) -> list[Block]:
    job = file.job
    if job is None:
        return []
    cursor = job.cursor
    rows: list[tuple[Any, Any]] = [
        (_("orders placed"), cells.number(cursor.get("placed", 0))),
        (_("placed before"), cells.number(cursor.get("replayed", 0))),
        (_("refused"), cells.number(cursor.get("rejected", 0))),
    ]
    return [Facts(_("Import"), rows, note=_refused(file, cursor.get("rejected", 0)))]


def _preview(file: ImportFile) -> list[Block]:
    found = file.preview
    if not found or file.job is not None:
        return []
    worth = [cells.amount(Decimal(total), code) for code, total in found["amounts"].items()]
    rows: list[tuple[Any, Any]] = [
        (_("looked at"), f"{cells.figure(found['done'])} / {cells.figure(found['total'])}"),
        (_("new orders"), cells.number(found["new"])),
        (_("of these on hold"), cells.number(found["held"])),
        (_("placed before"), cells.number(found["repeated"])),
        (_("refused"), cells.number(found["rejected"])),
        (_("units"), cells.number(found["units"])),
        (_("worth"), cells.pills(*worth)),
    ]
    blocks: list[Block] = [
        Facts(_("What would change"), rows, note=_refused(file, found["rejected"]))
    ]
    if found["reasons"]:
        reasons = [[_plain(what), cells.number(n)] for what, n in found["reasons"].items()]
        headers = [_("what is wrong"), _("orders")]
        table = Table(_("Why"), headers, reasons, _("Nothing."), numeric=frozenset({1}))
        blocks.append(table)
    return [*blocks, _first(found["first"])]


def _first(rows: list[dict[str, Any]]) -> Table:
    shown = [
        [
            cells.code(row["reference"]),
            cells.pill(*_OUTCOMES[row["outcome"]]),
            _plain(", ".join(row["codes"])) or cells.NOTHING,
            row["line"],
            row["units"],
        ]
        for row in rows
    ]
    headers = [_("reference"), _("outcome"), _("why"), _("row"), _("units")]
    empty = _("The file has no orders.")
    figures = frozenset({3, 4})
    return Table(_("First orders"), headers, shown, empty, numeric=figures, is_dense=True)


def _plain(codes: str) -> str:
    return codes.replace("_", " ")


def _refused(file: ImportFile, count: int) -> Any:
    if not count or not uploads.refused_of(file).exists():
        return ""
    address = reverse("admin:orders_importfile_refused", args=(file.pk,))
    return format_html(
        "{} {}",
        cells.link(address, _("Download the refused rows")),
        _("to correct them and upload them again."),
    )


def _columns(file: ImportFile) -> list[Block]:
    if not file.columns:
        return []
    rows = [[name or cells.NOTHING, _field(file.mapping.get(name, ""))] for name in file.columns]
    missing = [name for name in columns.REQUIRED if name not in file.mapping.values()]
    note = (
        gettext("No column is %(names)s: map the columns.") % {"names": ", ".join(missing)}
        if missing
        else ""
    )
    heads = [_("column"), _("field")]
    return [Table(_("Columns"), heads, rows, _("None."), note=note, is_dense=True)]


def _field(name: str) -> Any:
    return cells.code(name) if name else cells.pill(_("Not used"))
