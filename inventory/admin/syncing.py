"""Staff pages of stock feeds: how far each is applied, where it counts otherwise, what to do."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from inventory.models import Drift, DriftReport, SyncMessage, SyncSource
from inventory.selectors import syncing as selectors
from inventory.services import drifts, syncing
from oms.core.admin import cells, links
from oms.core.admin.deeds import Data, choice
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations, roles

#: Rows of a table on a page, and differences to choose from at a time.
SHOWN = 100


class AddForm(forms.Form):
    """Asks what the other system is called here, and what it is."""

    code = forms.SlugField(
        label=_("Code"),
        max_length=40,
        help_text=_("Letters, digits and hyphens; the sender names it in each address."),
        widget=UnfoldAdminTextInputWidget(),
    )
    kind = choice(_("Kind"), SyncSource.Kind.choices)
    organization = forms.CharField(
        label=_("Organization"),
        max_length=40,
        required=False,
        help_text=_("Its code. Empty: the operator."),
        widget=UnfoldAdminTextInputWidget(),
    )


class AcceptForm(forms.Form):
    """Asks which of the other system's numbers to take over, and why."""

    drifts = forms.MultipleChoiceField(
        label=_("Differences"), widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=80,
        help_text=_("It stays in the ledger."),
        widget=UnfoldAdminTextInputWidget(),
    )

    def __init__(self, found: QuerySet[Drift], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["drifts"].choices = [  # type: ignore[attr-defined]
            (str(drift.pk), _words(drift)) for drift in found[:SHOWN]
        ]


@admin.register(SyncSource)
class SyncSourceAdmin(ReadAdmin):
    list_display = ("feed", "kind_pill", "applied", "gap", "seen")
    list_filter = ("kind",)
    search_fields = ("=code",)
    search_help_text = _("Code")
    ordering = ("code", "id")
    empty_title = _("No feeds yet")
    empty_text = _("Add one for each system that tells of stock.")
    actions_list = ["add"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return selectors.list_sources()

    def named(self, obj: SyncSource) -> str:
        return obj.code

    def page(self, request: HttpRequest, obj: Any) -> Page:
        reports = list(selectors.list_reports(source=obj)[:SHOWN])
        rows = [
            [
                links.row_link("inventory.driftreport", report.pk, f"{report.message.sequence:,}"),
                cells.pill(report.message.get_kind_display()),
                _differing(report),
                report.message.problem or cells.NOTHING,
                cells.ago(report.created_at),
            ]
            for report in reports
        ]
        headers = [_("message"), _("what"), _("result"), _("problem"), _("when")]
        more = links.list_link(
            "inventory.driftreport", _("All reports"), source=obj.pk, state="all"
        )
        about: list[tuple[Any, Any]] = [
            (_("organization"), obj.organization.name),
            (_("applied up to"), cells.number(obj.applied_sequence)),
            (_("waiting"), cells.number(obj.waiting)),
            (_("missing"), _missing(obj)),
            (_("last message"), cells.moment(obj.last_seen_at)),
        ]
        return Page(
            name=obj.code,
            pills=[cells.pill(obj.get_kind_display()), _gap(obj)],
            main=[Table(_("Reports"), headers, rows, _("Nothing was compared yet."), note=more)],
            side=[Facts(_("Messages"), about)],
        )

    @display(description=_("feed"), ordering="code")
    def feed(self, obj: SyncSource) -> SafeString:
        return cells.two_lines(obj.code, obj.organization.name)

    @display(description=_("kind"), ordering="kind")
    def kind_pill(self, obj: SyncSource) -> SafeString:
        return cells.pill(obj.get_kind_display())

    @display(description=_("applied up to"), ordering="applied_sequence")
    def applied(self, obj: SyncSource) -> SafeString:
        return cells.number(obj.applied_sequence)

    @display(description=_("state"))
    def gap(self, obj: Any) -> SafeString:
        return _gap(obj)

    @display(description=_("last message"), ordering="last_seen_at")
    def seen(self, obj: SyncSource) -> SafeString:
        return cells.ago(obj.last_seen_at)

    @action(description=_("Add a feed"), permissions=["act"], url_path="add-feed", icon="add")
    def add(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Add a feed"),
            text=_("The other system may then send its messages, from number 1."),
            form_class=AddForm,
            run=_add,
            done=_("The feed is added."),
        )


def _add(_nothing: None, data: Data) -> None:
    code = data["organization"]
    owner = organizations.get_by_code(code) if code else organizations.ensure_operator()
    with unit():
        syncing.add_source(organization_id=owner.pk, code=data["code"], kind=data["kind"])


def _gap(source: Any) -> SafeString:
    if not source.waiting:
        return cells.pill(_("In order"), "ok")
    return cells.pill(_("%(n)s waiting") % {"n": f"{source.waiting:,}"}, "warn")


def _missing(source: Any) -> Any:
    """The numbers of the first gap."""
    if not source.waiting:
        return cells.NOTHING
    first, last = source.applied_sequence + 1, source.first_waiting - 1
    return f"{first:,}" if first == last else f"{first:,} – {last:,}"


class OpenFilter(StateFilter):
    title = _("state")
    parameter_name = "state"
    states = (("open", _("To decide")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(open__gt=0) if self.state == "open" else queryset


@admin.register(DriftReport)
class DriftReportAdmin(ReadAdmin):
    list_display = ("feed", "what", "places", "result", "undecided", "at")
    list_filter = (OpenFilter, "source")
    list_select_related = ("source", "message")
    search_fields = ("=source__code", "=drifts__position__variant__sku")
    search_help_text = _("Code of the feed, or SKU")
    ordering = ("-id",)
    empty_title = _("Nothing differs")
    empty_text = _("Reports appear when another system counts other numbers.")
    actions_detail = ["accept"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return selectors.list_all_reports(node_codes=_codes(request))

    def named(self, obj: DriftReport) -> Any:
        return _title(obj)

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"accept"} if obj.open else set()

    def page(self, request: HttpRequest, obj: Any) -> Page:
        found = selectors.list_drifts(report=obj, node_codes=_codes(request))
        headers = [
            _("item"), _("node"), _("ours"), _("theirs"), _("difference"), _("last movement"),
            _("state"),
        ]  # fmt: skip
        about: list[tuple[Any, Any]] = [
            (_("feed"), links.row_link("inventory.syncsource", obj.source_id, obj.source.code)),
            (_("message"), cells.number(obj.message.sequence)),
            (_("places compared"), cells.number(obj.compared)),
            (_("places that differ"), cells.number(obj.differing)),
            (_("problem"), obj.message.problem or cells.NOTHING),
            (_("made"), cells.moment(obj.created_at)),
        ]
        rows = [_row(drift) for drift in found[:SHOWN]]
        note = _("The %(n)s largest are shown.") % {"n": SHOWN} if len(rows) == SHOWN else ""
        numeric = frozenset({2, 3, 4})
        return Page(
            name=_title(obj),
            pills=[_differing(obj)],
            main=[
                Table(_("Differences"), headers, rows, _("Nothing differs."), numeric, note),
            ],
            side=[Facts(_("About"), about)],
        )

    @display(description=_("feed"), ordering="source__code")
    def feed(self, obj: DriftReport) -> SafeString:
        number = gettext("Message %(n)s") % {"n": f"{obj.message.sequence:,}"}
        return cells.two_lines(obj.source.code, number)

    @display(description=_("what"))
    def what(self, obj: DriftReport) -> SafeString:
        return cells.pill(obj.message.get_kind_display())

    @display(description=_("places"), ordering="compared")
    def places(self, obj: DriftReport) -> SafeString:
        return cells.number(obj.compared)

    @display(description=_("result"), ordering="differing")
    def result(self, obj: DriftReport) -> SafeString:
        return _differing(obj)

    @display(description=_("to decide"), ordering="open")
    def undecided(self, obj: Any) -> SafeString:
        return cells.number(obj.open)

    @display(description=_("when"), ordering="id")
    def at(self, obj: DriftReport) -> SafeString:
        return cells.ago(obj.created_at)

    @action(
        description=_("Take their numbers over"),
        permissions=["act"],
        url_path="accept",
        icon="rule",
    )
    def accept(self, request: HttpRequest, object_id: str) -> HttpResponse:
        report = self._subject(request, object_id)
        found = selectors.list_open_drifts(report=report, node_codes=_codes(request))
        return self.perform(
            request,
            object_id,
            title=_("Take their numbers over"),
            text=_("Changes what is on hand by the difference. What moved since stays."),
            form_class=partial(AcceptForm, found),
            run=_accept,
            done=_("The numbers are taken over."),
        )


def _accept(_report: DriftReport, data: Data) -> None:
    with unit():
        drifts.accept_drift(drift_ids=[int(key) for key in data["drifts"]], reason=data["reason"])


def _codes(request: HttpRequest) -> set[str] | None:
    """Nodes a person may see; None is all."""
    return roles.allowed_node_codes(request.user)  # type: ignore[arg-type]


def _title(report: DriftReport) -> str:
    values = {"feed": report.source.code, "n": f"{report.message.sequence:,}"}
    if report.message.kind == SyncMessage.Kind.SNAPSHOT:
        return gettext("Count %(n)s of %(feed)s") % values
    return gettext("Changes %(n)s of %(feed)s") % values


def _differing(report: DriftReport) -> SafeString:
    if not report.differing:
        return cells.pill(_("Agrees"), "ok")
    return cells.pill(_("%(n)s differ") % {"n": f"{report.differing:,}"}, "warn")


def _words(drift: Drift) -> str:
    return gettext("%(sku)s at %(node)s: %(ours)s here, %(theirs)s there") % {
        "sku": drift.position.variant.sku,
        "node": drift.position.node.name,
        "ours": f"{drift.ours:,}",
        "theirs": f"{drift.theirs:,}",
    }


def _row(drift: Drift) -> list[Any]:
    position = drift.position
    movement = drift.last_movement
    if drift.accepted_at:
        state = cells.pill(_("Taken over"), "ok")
    elif drift.superseded_at:
        state = cells.pill(_("Answered since"))
    else:
        state = cells.pill(_("To decide"), "warn")
    return [
        cells.two_lines(position.variant.sku, position.variant.name),
        links.row_link("inventory.stockposition", position.pk, position.node.name),
        cells.number(drift.ours),
        cells.number(drift.theirs),
        f"{drift.theirs - drift.ours:+,}".replace("-", "−"),
        cells.two_lines(movement.get_kind_display(), cells.ago(movement.occurred_at))
        if movement
        else cells.NOTHING,
        state,
    ]
