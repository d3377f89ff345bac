"""What a customer reads: the promise first, in words that stay true when things go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_ON_THE_WAY = frozenset({"handed_over", "in_transit", "available_for_pickup", "delivery_attempted"})


@dataclass(frozen=True, slots=True)
class Situation:
    """Where an order stands, as far as its promise cares; days are the destination's."""

    is_cancelled: bool
    is_confirmed: bool
    delivered_at: datetime | None
    promised_on: date | None
    statuses: tuple[str, ...]
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def delivered_on(self) -> date | None:
        return self.delivered_at.astimezone(self.zone).date() if self.delivered_at else None

    @property
    def is_late(self) -> bool:
        return self.promised_on is not None and self.promised_on < self.today

    def has(self, *statuses: str) -> bool:
        return any(status in statuses for status in self.statuses)


def day(value: date) -> str:
    """This function will return "Tuesday, November 24"."""
    return date_format(value, "l, F j")


def headline(at: Situation) -> str:
    """This function will return the one sentence that matters."""
    if at.is_cancelled:
        return _("This order was cancelled")
    if at.delivered_on:
        return _("Delivered %(day)s") % {"day": day(at.delivered_on)}
    if at.has("lost"):
        return _("Your parcel cannot be found")
    if at.has("returned_to_sender", "returning"):
        return _("Your parcel is on its way back to us")
    if at.has("available_for_pickup"):
        return _("Ready for you to pick up")
    if at.promised_on is None:
        return _("We are preparing your order")
    return _arrival(at)


def _arrival(at: Situation) -> str:
    assert at.promised_on is not None
    if at.has("out_for_delivery") and at.today >= at.promised_on:
        return _("Arrives today")
    if at.is_late:
        return _("Later than we promised")
    if at.promised_on == at.today:
        return _("Arrives today")
    if at.promised_on == at.today + timedelta(days=1):
        return _("Arrives tomorrow, %(day)s") % {"day": day(at.promised_on)}
    return _("Arrives %(day)s") % {"day": day(at.promised_on)}


def subline(at: Situation, updated_at: datetime) -> str:
    """This function will return what the headline leaves open, and how fresh it is."""
    return f"{_detail(at)} {_fresh(at.now, updated_at)}".strip()


def _detail(at: Situation) -> str:
    if at.is_cancelled or at.delivered_on:
        return ""
    if at.has("lost", "returned_to_sender", "returning"):
        return _("We are looking after it and will write to you.")
    if at.is_late and at.promised_on:
        return _("It was promised for %(day)s. We are following it.") % {"day": day(at.promised_on)}
    if at.has("exception"):
        return _("The carrier reports a delay. We are following it.")
    if at.promised_on:
        return _("By the end of the day.")
    return _("You see the day of arrival here as soon as we know it.")


def _fresh(now: datetime, updated_at: datetime) -> str:
    minutes = max(int((now - updated_at).total_seconds()) // 60, 0)
    if minutes < 1:
        return _("Updated just now.")
    if minutes < 60:
        said = ngettext("Updated %(n)d minute ago.", "Updated %(n)d minutes ago.", minutes)
        return said % {"n": minutes}
    if minutes < 24 * 60:
        hours = minutes // 60
        said = ngettext("Updated %(n)d hour ago.", "Updated %(n)d hours ago.", hours)
        return said % {"n": hours}
    return _("Updated %(day)s.") % {"day": day(updated_at.date())}


def pill(at: Situation) -> dict[str, str]:
    """This function will return the state in a word or two, with its tone."""
    label, tone = _pill(at)
    return {"label": label, "tone": tone}


def _pill(at: Situation) -> tuple[str, str]:
    if at.is_cancelled:
        return _("Cancelled"), "bad"
    if at.delivered_at:
        return _("Delivered"), "ok"
    for status, label, tone in _by_urgency():
        if at.has(status):
            return label, tone
    if at.has(*_ON_THE_WAY):
        return _("On its way"), "info"
    return (_("Being prepared"), "info") if at.is_confirmed else (_("Received"), "info")


def _by_urgency() -> Sequence[tuple[str, str, str]]:
    return (
        ("lost", _("Lost"), "bad"),
        ("returned_to_sender", _("Returned to sender"), "bad"),
        ("returning", _("On its way back"), "warn"),
        ("exception", _("Delayed"), "warn"),
        ("delivery_attempted", _("Delivery attempted"), "warn"),
        ("available_for_pickup", _("Ready for pickup"), "ok"),
        ("out_for_delivery", _("Out for delivery"), "info"),
    )


def second_pill(at: Situation) -> dict[str, str] | None:
    """This function will say by how much the promise was missed, if it was."""
    if at.is_cancelled or at.promised_on is None:
        return None
    reached = at.delivered_on or at.today
    days = (reached - at.promised_on).days
    if days <= 0:
        return None
    said = ngettext(
        "%(n)d day later than first promised", "%(n)d days later than first promised", days
    )
    return {"label": said % {"n": days}, "tone": "warn" if at.delivered_on else "bad"}


def scan(status: str, city: str, is_leaving: bool = False) -> str:
    """This function will return a carrier's scan in words; a second one in the same city means
    that the parcel goes on from there."""
    if status == "in_transit" and is_leaving and city:
        return _("On its way from %(city)s") % {"city": city}
    said = {
        "pre_transit": _("The carrier expects it"),
        "accepted": _("The carrier has it"),
        "in_transit": _("Arrived at the sorting center"),
        "out_for_delivery": _("Out for delivery"),
        "available_for_pickup": _("Ready for pickup"),
        "delivery_attempted": _("Nobody was there; the carrier tries again"),
        "exception": _("Delayed by the carrier"),
        "delivered": _("Delivered"),
        "returning": _("On its way back to us"),
        "returned": _("Back at the sender"),
        "lost": _("The carrier cannot find it; we are on it"),
    }.get(status, _("Seen by the carrier"))
    return f"{said}, {city}" if city else said


def clock_time(at: datetime) -> str:
    """This function will return a local time of day."""
    return date_format(at, "H:i")


def day_label(value: date, today: date) -> str:
    """This function will return a day as the list of events is headed by it."""
    if value == today:
        return _("Today, %(day)s") % {"day": date_format(value, "F j")}
    if value == today - timedelta(days=1):
        return _("Yesterday, %(day)s") % {"day": date_format(value, "F j")}
    return day(value)


def last_seen(city: str, local: datetime, today: date) -> str:
    """This function will return where and when a parcel was last seen."""
    if local.date() == today:
        when: dict[str, Any] = {
            "city": city,
            "when": _("today %(time)s") % {"time": clock_time(local)},
        }
    else:
        when = {"city": city, "when": f"{date_format(local, 'F j')}, {clock_time(local)}"}
    return _("Last seen in %(city)s, %(when)s") % when
