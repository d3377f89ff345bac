"""Sentences of the story about time: promises that moved, moments to ship, risks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

Data = Mapping[str, Any]

_LACKS: Mapping[str, str | Promise] = {
    "released": _("it is not with its node yet"),
    "picked": _("it is not picked yet"),
    "packed": _("it is not packed yet"),
    "shipped": _("it has not left yet"),
}


def day(text: Any) -> str:
    """This function will return a day of a fact in words, or "" where there is none."""
    return date_format(date.fromisoformat(text), "M j, Y") if text else ""


def promise_moved(data: Data) -> tuple[str, str]:
    """This function will return the sentence and the tone of a day that moved."""
    was, now = day(data.get("was_on")), day(data.get("promised_on"))
    if not now:
        return gettext("It is not known any more when it can be sent"), "warn"
    if not was:
        return gettext("Expected %(day)s") % {"day": now}, "info"
    is_later = str(data.get("promised_on")) > str(data.get("was_on"))
    said = gettext("Expected %(day)s instead of %(was)s") % {"day": now, "was": was}
    return said, "warn" if is_later else "info"


def rescheduled(data: Data) -> tuple[str, str]:
    """This function will return the sentence of another last moment to ship."""
    at = datetime.fromisoformat(str(data["latest_ship_at"])).astimezone(UTC)
    moment = date_format(at, "M j, H:i")
    return gettext("Has to leave by %(moment)s UTC now") % {"moment": moment}, ""


def at_risk(data: Data) -> tuple[str, str]:
    """This function will return the sentence of an order that will miss its moment to ship."""
    why = _LACKS.get(data.get("milestone", ""), "")
    text = gettext("At risk of missing its ship time")
    return (f"{text}: {why}" if why else text), "warn"
