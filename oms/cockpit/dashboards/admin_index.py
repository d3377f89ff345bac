"""The first page of the admin: a few figures that say whether anything needs a person, each a link
to what is behind it and only for those who may see that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from carriers.selectors import health as carriers
from oms.cockpit.control_tower import selectors as cases
from oms.infra.outbox import selectors as outbox
from orders.selectors import orders

#: In the order of an order's life.
_STATES: Mapping[str, str | Promise] = {
    "received": _("Received"),
    "verifying": _("Being verified"),
    "confirmed": _("Confirmed"),
    "released": _("Released"),
    "completed": _("Completed"),
    "cancelled": _("Cancelled"),
    "rejected": _("Rejected"),
}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """This function will add the figures and the bars to the page's context."""
    counts = orders.count_by_status() if request.user.has_perm("orders.view_order") else {}
    context["figures"] = [*_order_figures(request, counts), *_machine_figures(request)]
    context["bars"] = _bars(counts)
    context["title"] = _("Overview")
    return context


def cases_badge(request: HttpRequest) -> str:
    """This function will return how many cases are open, for the menu; "" where nobody may see."""
    if not request.user.has_perm("control_tower.view_case"):
        return ""
    return f"{cases.count_open():,}"


def _order_figures(request: HttpRequest, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    found = []
    if request.user.has_perm("control_tower.view_case"):
        tone = "bad" if (number := cases.count_open()) else ""
        found.append(_figure(_("Cases that need a decision"), number, "control_tower_case", tone))
    if counts:
        held = counts["on_hold"]
        found.append(_figure(_("Orders on hold"), held, "orders_hold", "hold" if held else ""))
        link = "orders_order"
        found.append(_figure(_("Orders delivered"), counts["delivered"], link, ""))
    return found


def _machine_figures(request: HttpRequest) -> list[dict[str, Any]]:
    found = []
    if request.user.has_perm("carriers.view_labelintent"):
        doubt = sum(account.labels_in_doubt for account in carriers.get_health())
        query = "?open=open&state__exact=in_doubt"
        tone = "warn" if doubt else ""
        found.append(_figure(_("Labels in doubt"), doubt, "carriers_labelintent", tone, query))
    if request.user.has_perm("outbox.view_redelivery"):
        state = outbox.get_health()
        dead, waits = state.dead_letters, state.pending
        tone = "bad" if dead else ""
        found.append(_figure(_("Dead letters"), dead, "outbox_redelivery", tone))
        query = "?delivery=waits"
        found.append(_figure(_("Events waiting"), waits, "outbox_outboxevent", "", query))
    return found


def _figure(
    label: str | Promise, number: int, view: str, tone: str, query: str = ""
) -> dict[str, Any]:
    href = reverse(f"admin:{view}_changelist") + query
    return {"label": label, "value": f"{number:,}", "href": href, "tone": tone or "none"}


def _bars(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    shown = {state: counts[state] for state in _STATES if counts.get(state)}
    most = max(shown.values(), default=1)
    base = reverse("admin:orders_order_changelist")
    return [
        {
            "label": _STATES[state],
            "value": f"{number:,}",
            "width": max(1, round(number * 100 / most)),
            "href": f"{base}?status__exact={state}",
        }
        for state, number in shown.items()
    ]
