"""Staff pages of cases: what needs a person, most urgent first, closed with a resolution."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from oms.cockpit.control_tower.models import Case
from oms.cockpit.control_tower.services import cases
from oms.core.admin import cells, links
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page
from oms.core.admin.reading import ReadAdmin
from oms.infra.accounts import selectors as accounts

_TONES = {
    Case.Kind.HOLD: "hold",
    Case.Kind.NO_STOCK: "hold",
    Case.Kind.NO_ROUTE: "hold",
    Case.Kind.DELIVERY_EXCEPTION: "warn",
}


class OpenFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("open", _("Open")), ("closed", _("Closed")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.state == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.state == "open")


class ResolutionForm(forms.Form):
    resolution = forms.CharField(
        label=_("What was done"), max_length=80, widget=UnfoldAdminTextInputWidget()
    )


@admin.register(Case)
class CaseAdmin(ReadAdmin):
    list_display = ("kind_pill", "order", "why", "due", "opened", "closed", "resolution")
    list_filter = (OpenFilter, "kind")
    search_fields = ("=label", "=public_id", "=correlation_id")
    search_help_text = _("Order number")
    ordering = (F("due_at").asc(nulls_last=True), "pk")
    empty_title = _("Nothing needs a decision")
    empty_text = _("Everything runs by itself.")
    actions_detail = ["close_case"]

    def page(self, request: HttpRequest, obj: Any) -> Page:
        is_open = obj.closed_at is None
        state = cells.pill(_("Open"), "bad") if is_open else cells.pill(_("Closed"), "ok")
        about: list[tuple[Any, Any]] = [
            (_("why"), obj.why),
            (_("about"), _subject(obj)),
            (_("order"), links.order_link(obj.correlation_id, _order(obj)) or cells.NOTHING),
            (_("opened"), cells.moment(obj.opened_at)),
        ]
        if not is_open:
            names = accounts.names_of(actors={obj.closed_by})
            about += [
                (_("closed"), cells.moment(obj.closed_at)),
                (_("closed by"), names[obj.closed_by]),
                (_("what was done"), obj.resolution),
            ]
        return Page(
            name=_("%(kind)s, order %(n)s") % {"kind": obj.get_kind_display(), "n": obj.label}
            if obj.label
            else obj.get_kind_display(),
            pills=[state],
            lead=[(_("Answer due"), cells.due(obj.due_at, is_open=is_open))],
            main=[Facts(_("Details"), about)],
        )

    def named(self, obj: Case) -> str:
        return f"{obj.get_kind_display()} {_order(obj)}"

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"close_case"} if obj.closed_at is None else set()

    @display(description=_("what"), ordering="kind")
    def kind_pill(self, obj: Case) -> SafeString:
        tone = "" if obj.closed_at else _TONES.get(Case.Kind(obj.kind), "bad")
        return cells.pill(obj.get_kind_display(), tone)

    @display(description=_("order"), ordering="label")
    def order(self, obj: Case) -> Any:
        return f"#{obj.label}" if obj.label else cells.NOTHING

    @display(description=_("answer due"), ordering="due_at")
    def due(self, obj: Case) -> SafeString:
        return cells.due(obj.due_at, is_open=obj.closed_at is None)

    @display(description=_("opened"), ordering="opened_at")
    def opened(self, obj: Case) -> SafeString:
        return cells.ago(obj.opened_at)

    @display(description=_("closed"), ordering="closed_at")
    def closed(self, obj: Case) -> SafeString:
        return cells.ago(obj.closed_at)

    @action(description=_("Close case"), permissions=["act"], url_path="close", icon="task_alt")
    def close_case(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Close the case"),
            text=_("Say what was done, so that the next one is quicker."),
            form_class=ResolutionForm,
            run=lambda case, data: cases.close(case_id=case.pk, resolution=data["resolution"]),
            done=_("The case is closed."),
        )


def _order(case: Case) -> str:
    return f"#{case.label}" if case.label else case.correlation_id


def _subject(case: Case) -> SafeString:
    if case.kind == Case.Kind.DEAD_LETTER and case.subject_ref.isdigit():
        return links.row_link("outbox.redelivery", case.subject_ref, _("The failed delivery"))
    if case.subject_kind == "shipment":
        return links.list_link("carriers.shipment", _("The shipment"), q=case.subject_ref)
    return cells.code(case.subject_ref)
