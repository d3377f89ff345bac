"""Where it goes and how the recipient can be reached."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from orders.rules.answers import WARN, Finding
from orders.rules.facts import ContactFacts, Facts
from orders.rules.settings import Codes, Switch, setting


@dataclass(frozen=True, slots=True)
class AddressSettings:
    holds_doubtful: bool = setting(
        True,
        Switch(),
        _("Doubtful addresses count"),
        _("Off: a missing house number or an unknown town is a warning."),
    )
    door_tiers: tuple[str, ...] = setting(
        ("same_day",),
        Codes(),
        _("Service levels to a door only"),
        _("Their carriers do not deliver to post office boxes."),
    )


def check_address(facts: Facts, settings: AddressSettings) -> list[Finding] | None:
    address = facts.address
    if address is None:
        return None
    doubt = None if settings.holds_doubtful else WARN
    found = [Finding(e.code, e.detail, e.pointer) for e in address.errors]
    found += [Finding(d.code, d.detail, d.pointer, doubt) for d in address.doubts]
    if address.is_po_box and facts.tier in settings.door_tiers:
        detail = "This service level needs a street, not a post office box."
        found.append(Finding("po_box", detail, "/ship_to/lines"))
    return found


@dataclass(frozen=True, slots=True)
class ContactSettings:
    reachable_tiers: tuple[str, ...] = setting(
        ("next_day", "same_day"),
        Codes(),
        _("Service levels that need a phone or mail"),
        _("A driver or a notice must reach somebody."),
    )
    phone_tiers: tuple[str, ...] = setting(
        (), Codes(), _("Service levels that need a phone"), _("The driver calls.")
    )


def check_contact(facts: Facts, settings: ContactSettings) -> list[Finding] | None:
    contact = facts.contact
    if contact is None:
        return None
    needs_phone = facts.tier in settings.phone_tiers and not contact.is_phone_plausible
    is_reachable = contact.is_phone_plausible or contact.is_email_plausible
    needs_any = facts.tier in settings.reachable_tiers and not is_reachable
    verdict = None if needs_phone or needs_any else WARN
    found = []
    if contact.has_phone and not contact.is_phone_plausible:
        detail = "This cannot be a phone number."
        found.append(Finding("implausible_phone", detail, "/ship_to/phone", verdict))
    if contact.has_email and not contact.is_email_plausible:
        detail = "This cannot be a mail address."
        found.append(Finding("implausible_mail", detail, "/ship_to/email", verdict))
    if needs_phone:
        detail = "This service level needs a phone number."
        found.append(Finding("phone_needed", detail, "/ship_to/phone"))
    elif needs_any:
        detail = "This service level needs a phone number or a mail address."
        found.append(Finding("contact_needed", detail, "/ship_to/phone"))
    return found


def contact_of(phone: str, email: str) -> ContactFacts:
    """This function will return what may be told of a phone number and a mail address."""
    return ContactFacts(
        has_phone=bool(phone.strip()),
        has_email=bool(email.strip()),
        is_phone_plausible=_is_phone(phone),
        is_email_plausible=_is_email(email),
    )


_EXTENSION = re.compile(r"(?:\bext\.?|\bx|#)\s*\d{1,6}\s*$", re.IGNORECASE)
_PHONE = re.compile(r"\+?[\d\s().\-/]+")
_EMAIL = re.compile(r"[^@\s,;<>]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}")
#: Where nobody reads mail.
_DEAD = frozenset(("test.com", "none.com", "noemail.com", "nomail.com", "na.com", "mail.invalid"))


def _is_phone(text: str) -> bool:
    """Digits of a length that exists (E.164: at most 15), not one digit throughout."""
    number = _EXTENSION.sub("", text.strip())
    if not _PHONE.fullmatch(number):
        return False
    digits = "".join(c for c in number if c.isdigit())
    return 6 <= len(digits) <= 15 and len(set(digits[-6:])) > 1 and digits not in "01234567890123"


def _is_email(text: str) -> bool:
    mail = text.strip()
    if not _EMAIL.fullmatch(mail) or ".." in mail:
        return False
    return mail.rpartition("@")[2].casefold() not in _DEAD
