"""What is ordered: who may have it, where it may go, how much of it, and whether twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from orders.rules.answers import Finding
from orders.rules.facts import Facts, LineFacts
from orders.rules.settings import Codes, Switch, Whole, setting

_COUNTRIES = Codes(are_countries=True)


@dataclass(frozen=True, slots=True)
class RestrictionSettings:
    age_tag: tuple[str, ...] = setting(
        ("age-checked",),
        Codes(),
        _("Tags of orders whose buyer's age was checked"),
        _("Goods with a minimum age are sold to others only after a person looked."),
    )
    hazmat_countries: tuple[str, ...] = setting(
        (), _COUNTRIES, _("Hazardous goods go to"), _("None: everywhere.")
    )
    hazmat_refused_tiers: tuple[str, ...] = setting(
        (), Codes(), _("Service levels without hazardous goods"), _("Those that fly, mostly.")
    )
    allows_hazmat_to_box: bool = setting(False, Switch(), _("Hazardous goods may go to a PO box"))
    home_countries: tuple[str, ...] = setting(
        (),
        _COUNTRIES,
        _("Where export control does not apply"),
        _("The countries you ship from, and those you have a license for."),
    )


def check_restrictions(facts: Facts, settings: RestrictionSettings) -> list[Finding] | None:
    limited = [line for line in facts.lines if _is_limited(line)]
    if not limited:
        return None
    return [found for line in limited for found in _restrictions_of(line, facts, settings)]


def _is_limited(line: LineFacts) -> bool:
    item = line.variant
    return bool(
        item.is_hazmat
        or item.min_age
        or item.is_export_controlled
        or item.allowed_countries
        or item.blocked_countries
    )


def _restrictions_of(
    line: LineFacts, facts: Facts, settings: RestrictionSettings
) -> Iterator[Finding]:
    item, country = line.variant, facts.country
    elsewhere = item.allowed_countries and country not in item.allowed_countries
    if elsewhere or country in item.blocked_countries:
        detail = f"{item.sku} is not sold to {country}."
        yield Finding("country_not_allowed", detail, "/ship_to/country")
    if item.min_age and not set(settings.age_tag) & set(facts.tags):
        detail = f"{item.sku} is sold from {item.min_age} years; the buyer's age is not known."
        yield Finding("age_not_checked", detail, "/lines")
    if item.is_export_controlled and country not in settings.home_countries:
        detail = f"{item.sku} is export controlled and goes to {country}."
        yield Finding("export_controlled", detail, "/ship_to/country")
    if item.is_hazmat:
        yield from _hazards_of(item.sku, facts, settings)


def _hazards_of(sku: str, facts: Facts, settings: RestrictionSettings) -> Iterator[Finding]:
    if settings.hazmat_countries and facts.country not in settings.hazmat_countries:
        detail = f"{sku} is hazardous and does not go to {facts.country}."
        yield Finding("hazmat_country", detail, "/ship_to/country")
    if facts.tier in settings.hazmat_refused_tiers:
        detail = f"{sku} is hazardous; this service level does not take it."
        yield Finding("hazmat_tier", detail, "/tier")
    is_box = facts.address is not None and facts.address.is_po_box
    if is_box and not settings.allows_hazmat_to_box:
        detail = f"{sku} is hazardous and does not go to a post office box."
        yield Finding("hazmat_po_box", detail, "/ship_to/lines")


@dataclass(frozen=True, slots=True)
class EmbargoSettings:
    countries: tuple[str, ...] = setting(
        ("CU", "IR", "KP", "SY"),
        _COUNTRIES,
        _("Countries nothing is sent to"),
        _("Embargoes, and where you do not want to ship."),
    )


def check_embargo(facts: Facts, settings: EmbargoSettings) -> list[Finding]:
    if facts.country not in settings.countries:
        return []
    return [Finding("embargo", f"Nothing is sent to {facts.country}.", "/ship_to/country")]


@dataclass(frozen=True, slots=True)
class QuantitySettings:
    line_units: int = setting(
        200,
        Whole(1, 1_000_000),
        _("Units of a line at most"),
        _("More is looked at by a person: a typing error more often than a wish."),
    )
    order_units: int = setting(1_000, Whole(1, 10_000_000), _("Units of an order at most"))


def check_quantity(facts: Facts, settings: QuantitySettings) -> list[Finding]:
    found = []
    largest, units = 0, 0
    for line in facts.lines:
        largest = max(largest, line.quantity)
        units += line.quantity
    if largest > settings.line_units:
        detail = f"A line of {largest} units; {settings.line_units} is usual."
        found.append(Finding("unusual_quantity", detail, "/lines"))
    if units > settings.order_units:
        detail = f"{units} units in all; {settings.order_units} is usual."
        found.append(Finding("unusual_units", detail, "/lines"))
    return found


@dataclass(frozen=True, slots=True)
class DuplicateSettings:
    minutes: int = setting(
        10,
        Whole(1, 1_440),
        _("Minutes"),
        _("The same content for the same customer within this time is one order sent twice."),
    )

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.minutes)


def check_duplicate(facts: Facts, settings: DuplicateSettings) -> list[Finding]:
    for number, at in facts.lookalikes:
        if abs(facts.placed_at - at) <= settings.window:
            detail = (
                f"Same customer and content as order {number} within {settings.minutes} minutes."
            )
            return [Finding("possible_duplicate", detail)]
    return []
