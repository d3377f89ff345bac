"""The time zone a destination lives by, from its country and region; UTC, said so, where unknown.

One zone per state: the one most of its people live in.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

_US = {
    "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR VI",
}
_BR = {
    "America/Sao_Paulo": "AL AP BA CE DF ES GO MA MG PA PB PE PI PR RJ RN RS SC SE SP TO",
    "America/Manaus": "AM RO RR",
    "America/Cuiaba": "MS MT",
    "America/Rio_Branco": "AC",
}
_ZONES = {
    (country, region): zone
    for country, table in (("US", _US), ("BR", _BR))
    for zone, regions in table.items()
    for region in regions.split()
}
UTC = ZoneInfo("UTC")


def zone_of(*, country: str, region: str) -> ZoneInfo:
    """This function will return the zone of a region, or UTC."""
    zone = _ZONES.get((country, region.upper()))
    return ZoneInfo(zone) if zone else UTC


def label_of(zone: ZoneInfo) -> str:
    """This function will return what people there call their time."""
    return {
        "America/New_York": _("Eastern"),
        "America/Chicago": _("Central"),
        "America/Denver": _("Mountain"),
        "America/Phoenix": _("Arizona"),
        "America/Los_Angeles": _("Pacific"),
        "America/Anchorage": _("Alaska"),
        "Pacific/Honolulu": _("Hawaii"),
        "America/Puerto_Rico": _("Atlantic"),
        "America/Sao_Paulo": _("Brasília"),
        "America/Manaus": _("Manaus"),
        "America/Cuiaba": _("Cuiabá"),
        "America/Rio_Branco": _("Rio Branco"),
    }.get(zone.key, "UTC")
