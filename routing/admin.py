"""The decision ledger for staff: why a node was chosen, in sentences and as rows."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from oms.core.admin import cells, links
from oms.core.admin.pages import Facts, Page, Raw, Sentences, Table
from oms.core.admin.reading import ReadAdmin
from routing.models import Decision
from routing.selectors import explanations


@admin.register(Decision)
class DecisionAdmin(ReadAdmin):
    list_display = ("identifier", "result", "chosen", "cost", "promised", "policy", "spent", "made")
    list_filter = ("outcome", "policy")
    search_fields = ("=demand_ref", "=public_id")
    search_help_text = _("Order identifier or decision identifier")
    ordering = ("-id",)
    empty_title = _("No decisions yet")
    empty_text = _("One is written down for every plan.")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        told = explanations.tell(obj)
        headers = [_("node"), _("result"), _("service"), _("cost"), _("arrives"), _("distance")]
        rows = [_row(candidate) for candidate in told.candidates]
        about: list[tuple[Any, Any]] = [
            (_("for"), links.order_link(obj.demand_ref, _("Order"))),
            (_("policy"), cells.code(obj.policy)),
            (_("made"), cells.moment(obj.created_at)),
            (_("took"), f"{obj.duration_us:,} µs"),
            (_("identifier"), cells.code(obj.public_id)),
        ]
        return Page(
            name=_("Decision"),
            pills=[_result(obj)],
            lead=[
                (_("Cost"), cells.amount(obj.cost_amount, obj.cost_currency)),
                (_("Promise"), cells.day(obj.promised_on)),
            ],
            main=[
                Sentences(_("Why"), told.sentences),
                Table(
                    _("Candidates"), headers, rows, _("There was no candidate."), frozenset({3, 5})
                ),
            ],
            side=[Facts(_("About"), about)],
            across=[
                Raw(_("What was asked"), _pretty(obj.request)),
                Raw(_("The plan"), _pretty(obj.plan)),
                Raw(_("Every candidate"), _pretty(obj.candidates)),
            ],
        )

    @display(description=_("decision"), ordering="id")
    def identifier(self, obj: Decision) -> SafeString:
        return cells.code(obj.public_id)

    @display(description=_("result"), ordering="outcome")
    def result(self, obj: Decision) -> SafeString:
        return _result(obj)

    @display(description=_("chosen"))
    def chosen(self, obj: Decision) -> Any:
        found = [shipment["node"] for shipment in obj.plan.get("shipments", [])]
        return ", ".join(found) or cells.NOTHING

    @display(description=_("cost"), ordering="cost_amount")
    def cost(self, obj: Decision) -> SafeString:
        return cells.amount(obj.cost_amount, obj.cost_currency)

    @display(description=_("promise"), ordering="promised_on")
    def promised(self, obj: Decision) -> SafeString:
        return cells.day(obj.promised_on)

    @display(description=_("took"), ordering="duration_us")
    def spent(self, obj: Decision) -> str:
        return f"{obj.duration_us / 1000:.1f} ms"

    @display(description=_("made"), ordering="id")
    def made(self, obj: Decision) -> SafeString:
        return cells.ago(obj.created_at)


_RESULTS = {
    "full": (_("Everything served"), "ok"),
    "partial": (_("Partly served"), "warn"),
    "none": (_("Not served"), "bad"),
}


def _result(decision: Decision) -> SafeString:
    text, tone = _RESULTS[decision.outcome]
    return cells.pill(text, tone)


def _row(candidate: explanations.Candidate) -> list[Any]:
    return [
        candidate.node,
        cells.pill(_("Chosen"), "ok") if candidate.is_chosen else candidate.why.capitalize(),
        candidate.service or cells.NOTHING,
        candidate.cost or cells.NOTHING,
        candidate.day or cells.NOTHING,
        gettext("%(km)d km") % {"km": candidate.km},
    ]


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)
