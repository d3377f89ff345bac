"""What the pages of a place and of a variant's places have in common: figures and the chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.admin import movements, scope
from inventory.selectors import stock_page
from oms.core.admin import cells, links
from oms.core.admin.charts import Flow, FlowDay

#: Fewer free units than this, or as many, are few.
FEW = 10


def free_pill(place: Any) -> SafeString:
    """This function will return what a place can promise, as a pill."""
    if not place.is_open:
        return cells.pill(_("Not sold from here"))
    units = stock_page.available_at(place)
    if not units:
        return cells.pill(_("None free"), "bad")
    return cells.pill(_("%(n)s free") % {"n": cells.figure(units)}, tone_of(units))


def tone_of(units: int) -> str:
    """This function will return the tone of so many free units."""
    return "bad" if not units else "warn" if units <= FEW else "ok"


def inbound(units: int, **where: int) -> SafeString:
    """This function will return units on their way, as a way to what brings them."""
    return links.figure(units, links.find_list_address("inventory.inboundsupply", **where))


def coming(place: Any) -> SafeString:
    """This function will return what is on its way to a place, with the next day of it."""
    units = inbound(place.inbound, node=place.node_id, variant=place.variant_id)
    day = next_day(place.inbound_on)
    return cells.two_lines(units, day) if day else units


def next_day(on: date | None) -> str | SafeString:
    """This function will return the next day that something comes."""
    if on is None:
        return ""
    return gettext("next %(day)s") % {"day": date_format(on, "M j")}


def safety(place: Any, *, sign: int = 1) -> Any:
    """This function will return a place's safety stock, as a way to the rule that sets it."""
    units = links.figure(sign * place.safety_stock, None)
    if not place.safety_rule:
        return units
    return links.maybe_row_link("inventory.safetyrule", place.safety_rule["id"], units)


def rule_name(place: Any) -> str | Promise:
    """This function will return which rule keeps units back at a place."""
    rule = place.safety_rule
    if not rule:
        return _("no rule") if place.safety_stock else ""
    if rule["variant_id"]:
        return _("rule for this item here")
    if rule["category"]:
        return gettext("rule for %(category)s here") % {"category": rule["category"]}
    return _("rule for everything here")


def chart(subject: scope.Subject, position_ids: Sequence[int]) -> Flow:
    """This function will return the last 30 days of places in sum; each day opens its movements."""
    days = stock_page.list_days(position_ids=position_ids)
    return Flow(
        title=_("Movements of the last 30 days"),
        days=[_day(subject, day, is_last=day is days[-1]) for day in days],
        level_name=_("on hand"),
        in_name=_("in"),
        out_name=_("out"),
        empty=_("Nothing has moved in the last 30 days, and nothing is on hand."),
    )


def _day(subject: scope.Subject, day: stock_page.Day, *, is_last: bool) -> FlowDay:
    key = day.on.isoformat() + (movements.ONWARD if is_last else "")
    return FlowDay(
        label=date_format(day.on, "M j"),
        level=day.end.on_hand,
        units_in=day.units_in,
        units_out=day.units_out,
        href=subject.movements(balance="on_hand", day=key),
    )
