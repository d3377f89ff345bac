"""Files of orders: uploaded, mapped, checked, imported, watched, stopped, corrected."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminFileFieldWidget

from oms.core import waking
from oms.core.admin import cells
from oms.core.admin.deeds import Data, ReasonForm, actor_of, choice
from oms.core.admin.pages import Page
from oms.core.admin.reading import ReadAdmin
from orders import tasks
from orders.admin import import_page
from orders.channels import selectors as channels
from orders.importing import columns, formats, templates, uploads
from orders.models import ImportFile

Wants = ImportFile.Wants
#: Seconds between two looks at work that is going on.
_LOOK_AGAIN_S = 2


@admin.register(ImportFile)
class ImportFileAdmin(ReadAdmin):
    list_display = ("named", "state", "progress", "size", "uploaded")
    list_filter = ("channel", "format")
    list_select_related = ("channel", "job")
    search_fields = ("=public_id", "name")
    search_help_text = _("File name or identifier")
    ordering = ("-id",)
    empty_title = _("No files yet")
    empty_text = _("Upload orders as CSV, Excel or JSON lines.")
    actions_list = ["upload"]
    actions_detail = ["map_columns", "check_file", "start", "stop"]

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[ImportFile]:
        return ImportFile.objects.select_related("channel", "job")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path(
                "template/<str:kind>/",
                view(self.template_view),
                name="orders_importfile_template",
            ),
            path(
                "<path:object_id>/refused/",
                view(self.refused_view),
                name="orders_importfile_refused",
            ),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **more: Any) -> Any:
        response = super().change_view(request, object_id, *args, **more)
        if ImportFile.objects.filter(pk=object_id).exclude(wants=Wants.NOTHING).exists():
            response["Refresh"] = str(_LOOK_AGAIN_S)
        return response

    def page(self, request: HttpRequest, obj: Any) -> Page:
        return import_page.build(obj)

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        if obj.wants:
            return {"stop"}
        if obj.deleted_at is not None or import_page.is_done(obj):
            return set()
        return {"check_file", "start", *(("map_columns",) if obj.columns else ())}

    @display(description=_("file"), ordering="name")
    def named(self, obj: ImportFile) -> SafeString:
        return cells.two_lines(obj.name, obj.channel.name)

    @display(description=_("state"))
    def state(self, obj: ImportFile) -> SafeString:
        return import_page.state(obj)

    @display(description=_("done"))
    def progress(self, obj: ImportFile) -> SafeString:
        return import_page.progress(obj)

    @display(description=_("size"), ordering="size_bytes")
    def size(self, obj: ImportFile) -> SafeString:
        return import_page.size(obj)

    @display(description=_("uploaded"), ordering="id")
    def uploaded(self, obj: ImportFile) -> SafeString:
        return cells.ago(obj.created_at)

    @action(
        description=_("Import orders"), permissions=["act"], url_path="upload", icon="upload_file"
    )
    def upload(self, request: HttpRequest) -> HttpResponse:
        def run(_subject: Any, data: Data) -> HttpResponse:
            organization_id, code = data["channel"].split(":", 1)
            file = uploads.receive(
                channel=channels.get_facts(organization_id=int(organization_id), code=code),
                name=data["file"].name,
                content=data["file"].chunks(),
                created_by=actor_of(request),
            )
            return HttpResponseRedirect(_address(file.pk))

        return self.perform(
            request,
            None,
            title=_("Import orders"),
            text=format_html(
                "{} {}",
                _("Nothing is placed before you have seen what would change. Templates:"),
                _template_links(),
            ),
            form_class=_upload_form(),
            run=run,
            done="",
            submit=_("Upload"),
        )

    @action(description=_("Map columns"), permissions=["act"], url_path="map", icon="table_view")
    def map_columns(self, request: HttpRequest, object_id: str) -> HttpResponse:
        file = self._subject(request, object_id)

        def run(file: ImportFile, data: Data) -> None:
            names = dict(enumerate(file.columns))
            mapping = {names[int(key[1:])]: field for key, field in data.items() if field}
            ignored = {name: columns.IGNORED for name in file.columns if name not in mapping}
            uploads.choose(file_id=file.pk, mapping={**mapping, **ignored})

        return self.perform(
            request,
            object_id,
            title=_("Map columns"),
            text=_("Which field is each column of the file? The channel's next file starts there."),
            form_class=_mapping_form(file),
            run=run,
            done=_("The columns are mapped."),
            submit=_("Save"),
        )

    @action(description=_("Check"), permissions=["act"], url_path="check", icon="fact_check")
    def check_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Check the file"),
            text=_("Says what would be placed, repeated and refused. Nothing is changed."),
            run=lambda file, data: _ask(file, Wants.CHECK),
            done=_("The file is being checked."),
        )

    @action(
        description=_("Start import"),
        permissions=["act"],
        url_path="start",
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
    )
    def start(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Start the import"),
            text=_("Its orders are placed. It can be stopped, and goes on where it stopped."),
            run=lambda file, data: _ask(file, Wants.IMPORT),
            done=_("The import has started."),
        )

    @action(
        description=_("Stop"),
        permissions=["act"],
        url_path="stop",
        icon="stop_circle",
        variant=ActionVariant.DANGER,
    )
    def stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Stop the work"),
            text=_("It stops after the batch at hand. What was placed stays placed."),
            form_class=ReasonForm,
            run=lambda file, data: uploads.stop(file=file, reason=data["reason"]),
            done=_("The work is stopped."),
            is_grave=True,
        )

    def template_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Anybody who sees the list may have an empty file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if kind not in formats.FORMATS:
            raise Http404
        response = HttpResponse(templates.render(kind), content_type=templates.MIME[kind])
        response["Content-Disposition"] = f'attachment; filename="{templates.name_of(kind)}"'
        return response

    def refused_view(self, request: HttpRequest, object_id: str) -> Any:
        """The refused rows hold what was uploaded: for those who may see personal data."""
        file = self._subject(request, object_id)
        if not self.has_view_permission(request) or not request.user.has_perm(
            "contacts.view_contact"
        ):
            raise PermissionDenied
        refused = uploads.refused_of(file)
        if not refused.exists():
            raise Http404
        response = FileResponse(
            refused.open("rb"), as_attachment=True, filename=f"refused-{refused.name}"
        )
        return response


def _ask(file: ImportFile, wants: str) -> None:
    uploads.ask(file_id=file.pk, wants=wants)
    waking.wake(tasks.run_imports)


def _address(key: int) -> str:
    return reverse("admin:orders_importfile_change", args=(key,))


def _template_links() -> SafeString:
    return format_html_join(
        " · ",
        "{}",
        (
            (cells.link(reverse("admin:orders_importfile_template", args=(kind,)), kind.upper()),)
            for kind in formats.FORMATS
        ),
    )


def _upload_form() -> type[forms.Form]:
    pairs = [(f"{owner}:{code}", name) for owner, code, name in channels.list_active()]

    class UploadForm(forms.Form):
        channel = choice(_("Channel"), pairs)
        file = forms.FileField(
            label=_("File"),
            help_text=_("CSV, Excel (.xlsx) or JSON lines, up to 20 MB. Drop it on the field."),
            widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,.xlsx,.jsonl,.ndjson"}),
        )

    return UploadForm


def _mapping_form(file: ImportFile) -> type[forms.Form]:
    """One choice per column; their names may be anything, so that the fields are numbered."""
    pairs = [
        (columns.IGNORED, _("Not used")),
        *((f.name, f"{f.name}{' *' if f.is_required else ''}") for f in columns.FIELDS),
    ]
    fields = {
        f"c{index}": choice(
            name or "-", pairs, required=False, initial=file.mapping.get(name, columns.IGNORED)
        )
        for index, name in enumerate(file.columns)
    }
    return type("MappingForm", (forms.Form,), fields)
