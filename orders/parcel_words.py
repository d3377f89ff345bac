"""What is told to staff of parts and shared parcels; `place` is the node in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

Data = Mapping[str, Any]


def work_split(data: Data, place: str) -> str:
    """This function will tell of units that leave a node's work."""
    units = data.get("units") or 0
    said = ngettext(
        "%(n)d unit goes in a parcel of its own from %(place)s",
        "%(n)d units go in a parcel of their own from %(place)s",
        units,
    )
    return said % {"n": units, "place": place}


def order_split(data: Data, place: str) -> str:
    """This function will tell of units that became an order."""
    units = data.get("units") or 0
    said = ngettext(
        "%(n)d unit became order %(number)s", "%(n)d units became order %(number)s", units
    )
    return said % {"n": units, "number": f"#{data.get('new_number', '')}"}


def work_merged(data: Data, place: str) -> str:
    """This function will tell of a work that shares a parcel."""
    said = gettext("Goes in one parcel from %(place)s with %(orders)s")
    return said % {"place": place, "orders": _numbers(data)}


def work_unmerged(data: Data, place: str) -> str:
    """This function will tell of a parcel that was taken apart."""
    if not data.get("with_numbers"):
        return gettext("Goes in a parcel of its own again")
    said = gettext("Another order left the parcel; it still goes with %(orders)s")
    return said % {"orders": _numbers(data)}


def _numbers(data: Data) -> str:
    return ", ".join(f"#{number}" for number in data.get("with_numbers") or [])
