"""Staff pages of long work: how far it is, and a way to stop it."""

from __future__ import annotations

import csv
import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_celery_beat import models as beat
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from oms.core import transitions
from oms.core.admin import cells, steps
from oms.core.admin.deeds import ReasonForm
from oms.core.admin.pages import Facts, Page, Raw
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts
from oms.infra.jobs import services
from oms.infra.jobs.models import Job

# The schedule stands in code; rows edited here would do nothing.
for _model in (
    beat.PeriodicTask,
    beat.IntervalSchedule,
    beat.CrontabSchedule,
    beat.SolarSchedule,
    beat.ClockedSchedule,
):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@admin.register(Job)
class JobAdmin(ReadAdmin):
    list_display = ("named", "status_pill", "progress", "failures", "last_sign", "made")
    list_filter = ("status", "kind")
    search_fields = ("=public_id", "=key")
    search_help_text = _("Identifier or key")
    ordering = ("-id",)
    empty_title = _("No long work yet")
    empty_text = _("Imports and other long work appear here with their progress.")
    actions_detail = ["rows", "cancel"]

    def page(self, request: HttpRequest, obj: Any) -> Page:
        changes = list(obj.status_changes.order_by("-pk"))
        names = accounts.names_of(actors={obj.created_by, *(change.actor for change in changes)})
        about: list[tuple[Any, Any]] = [
            (_("key"), cells.code(obj.key)),
            (_("started by"), names[obj.created_by]),
            (_("last sign of life"), cells.moment(obj.heartbeat_at)),
            (_("error"), cells.code(obj.error_code)),
            (_("identifier"), cells.code(obj.public_id)),
        ]
        return Page(
            name=_words(obj.kind),
            pills=[cells.status(obj)],
            lead=[
                (_("Done"), _progress(obj)),
                (_("Failed"), cells.number(obj.failed)),
            ],
            main=[
                steps.story(Job, changes, names),
                Raw(_("Result"), json.dumps(_short(obj.result), indent=2, sort_keys=True)),
                Raw(_("Cursor"), json.dumps(_short(obj.cursor), indent=2, sort_keys=True)),
            ],
            side=[Facts(_("About"), about)],
        )

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        offered = {"cancel"} & set(transitions.allowed_triggers(obj))
        return offered | ({"rows"} if obj.result.get("rows") else set())

    @display(description=_("work"), ordering="kind")
    def named(self, obj: Job) -> SafeString:
        return cells.two_lines(_words(obj.kind), obj.key)

    @display(description=_("status"), ordering="status")
    def status_pill(self, obj: Job) -> SafeString:
        return cells.status(obj)

    @display(description=_("done"))
    def progress(self, obj: Job) -> SafeString:
        return _progress(obj)

    @display(description=_("failed"), ordering="failed")
    def failures(self, obj: Job) -> SafeString:
        return cells.pill(f"{obj.failed:,}", "bad") if obj.failed else cells.NOTHING

    @display(description=_("last sign of life"), ordering="heartbeat_at")
    def last_sign(self, obj: Job) -> SafeString:
        return cells.ago(obj.heartbeat_at)

    @display(description=_("made"), ordering="id")
    def made(self, obj: Job) -> SafeString:
        return cells.ago(obj.created_at)

    @action(description=_("Download rows"), permissions=["view"], url_path="rows", icon="download")
    def rows(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What became of each row, as a table for a spreadsheet."""
        job = self._subject(request, object_id)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{job.public_id}.csv"'
        response["X-Content-Type-Options"] = "nosniff"
        table = csv.writer(response, lineterminator="\n")
        table.writerow(job.result.get("columns", ()))
        table.writerows(job.result.get("rows", ()))
        return response

    @action(
        description=_("Stop"),
        permissions=["act"],
        url_path="cancel",
        icon="stop_circle",
        variant=ActionVariant.DANGER,
    )
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Stop the work"),
            text=_("It stops after the batch at hand and can be resumed."),
            form_class=ReasonForm,
            run=lambda job, data: services.cancel(public_id=job.public_id, reason=data["reason"]),
            done=_("The work is stopped."),
            is_grave=True,
        )


#: Longer lists are told by their length.
_LONG = 20


def _short(document: Any) -> Any:
    return {
        name: f"{len(value)} …" if isinstance(value, list) and len(value) > _LONG else value
        for name, value in document.items()
    }


def _words(kind: str) -> str:
    return kind.replace("_", " ").replace(".", " ").capitalize()


def _progress(job: Job) -> SafeString:
    share = f" ({job.done * 100 // job.total} %)" if job.total else ""
    return format_html(
        '<span class="o-num">{} / {}{}</span>', f"{job.done:,}", f"{job.total:,}", share
    )
