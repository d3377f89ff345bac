"""Notes and files on the page of an order, for those whose role includes personal data."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from oms.core.admin import cells
from oms.core.admin.deeds import actor_of
from oms.core.admin.pages import Block, Moment, Story, Table
from oms.core.context import acting
from oms.core.errors import NotFound
from oms.infra.accounts import selectors as accounts
from orders.admin.hold_forms import FileForm, NoteForm
from orders.models import Attachment, Order
from orders.services import attachments, notes


def may_see(request: HttpRequest) -> bool:
    """This function will tell whether a person's role includes personal data."""
    return bool(request.user.has_perm("contacts.view_contact"))


def blocks(request: HttpRequest, order: Order) -> list[Block]:
    """This function will return the notes and files of an order; nothing for other roles."""
    if not may_see(request):
        return []
    with acting(actor=actor_of(request)):
        return [_notes(order), _files(order)]


def _notes(order: Order) -> Story:
    found = notes.list_opened(order_id=order.pk)
    names = accounts.names_of(actors={note.author for note in found})
    moments = [
        Moment(cells.moment(n.at), n.text if n.text is not None else _("Erased"), names[n.author])
        for n in found
    ]
    return Story(_("Notes"), moments, empty=_("No notes."))


def _files(order: Order) -> Table:
    found = list(Attachment.objects.filter(order=order).defer("sealed").order_by("-pk")[:100])
    rows = [
        [
            cells.link(reverse("admin:orders_order_file", args=(order.pk, file.public_id)), name)
            if name is not None
            else _("Erased"),
            file.media_type,
            filesizeformat(file.size_bytes),
            cells.ago(file.created_at),
        ]
        for file, name in zip(found, attachments.names_of(attachments=found), strict=True)
    ]
    headers = [_("file"), _("kind"), _("size"), _("added")]
    return Table(_("Files"), headers, rows, _("No files."), numeric=frozenset({2}))


class Papers:
    """Deeds and the download of the page of an order."""

    admin_site: Any

    def has_see_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Notes and files are personal: acting alone is not enough."""
        return may_see(request) and self.has_act_permission(request, obj)  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.download)
        route = path("<int:key>/files/<str:public_id>/", download, name="orders_order_file")
        return [route, *super().get_urls()]  # type: ignore[misc]

    def download(self, request: HttpRequest, key: int, public_id: str) -> FileResponse:
        """Never shown by the browser: saved, whatever it says it is."""
        if not (may_see(request) and self.has_view_permission(request)):  # type: ignore[attr-defined]
            raise Http404
        try:
            with acting(actor=actor_of(request)):
                file = attachments.open_file(order_id=key, public_id=public_id)
        except NotFound as error:
            raise Http404 from error
        response = FileResponse(
            BytesIO(file.data),
            as_attachment=True,
            filename=file.name,
            content_type="application/octet-stream",
        )
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["Cache-Control"] = "no-store"
        return response

    @action(description=_("Add note"), permissions=["see"], url_path="note", icon="edit_note")
    def add_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        answer: HttpResponse = self.perform(  # type: ignore[attr-defined]
            request,
            object_id,
            title=_("Add a note"),
            form_class=NoteForm,
            run=lambda order, data: notes.add(order_id=order.pk, text=data["text"]) and None,
            done=_("The note is kept."),
        )
        return answer

    @action(description=_("Add file"), permissions=["see"], url_path="file", icon="attach_file")
    def add_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        answer: HttpResponse = self.perform(  # type: ignore[attr-defined]
            request,
            object_id,
            title=_("Add a file"),
            form_class=FileForm,
            run=lambda order, data: _keep(order, data["file"]),
            done=gettext("The file is kept."),
        )
        return answer


def _keep(order: Order, file: Any) -> None:
    attachments.add(order_id=order.pk, name=file.name or "", data=file.read())
