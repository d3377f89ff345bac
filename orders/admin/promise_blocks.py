"""What the page of an order says of its promises."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from oms.core.admin import cells
from oms.core.admin.pages import Table
from orders.models import Order, Promise
from orders.selectors import promises


def history(order: Order) -> Table:
    """This function will tell every day that was promised, newest first, and what it came from."""
    causes = dict(Promise.Cause.choices)
    rows = [
        [
            cells.day(promise.promised_on),
            causes.get(promise.cause, promise.cause),
            _inputs(promise.inputs),
            cells.moment(promise.created_at),
        ]
        for promise in promises.list_of(order_id=order.pk).reverse()
    ]
    headers = [_("promised"), _("why"), _("from"), _("when")]
    empty = _("Nothing is promised yet: it has no route.")
    return Table(_("Promises"), headers, rows, empty)


def _inputs(inputs: dict[str, Any]) -> str:
    parts = [_part(part) for part in inputs.get("parts", ())]
    parts += [_wait(line) for line in inputs.get("waits", ())]
    return " ".join(parts) or "–"


def _part(part: dict[str, Any]) -> str:
    days = ngettext("%(n)d day", "%(n)d days", part["transit_days"]) % {"n": part["transit_days"]}
    return gettext(
        "%(node)s by %(cutoff)s %(zone)s, %(minutes)d min to process, %(service)s in %(days)s."
    ) % {
        "node": part["node"],
        "cutoff": part["cutoff"],
        "zone": part["timezone"],
        "minutes": part["processing_minutes"],
        "service": part["service"],
        "days": days,
    }


def _wait(line: dict[str, Any]) -> str:
    values = {"units": line["units"], "line": line["line"]}
    day = parse_date(line["expected_on"] or "")
    if day is None:
        return gettext("Line %(line)s waits for %(units)d; no arrival is known.") % values
    said = gettext("Line %(line)s waits for %(units)d, expected %(day)s.")
    return said % {**values, "day": day.isoformat()}
