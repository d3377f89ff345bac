"""Finds people by exact mail, phone or words of a name, without anything readable in the table."""

from __future__ import annotations

from oms.core.errors import Invalid
from oms.infra.contacts import hashing
from oms.infra.contacts.models import Contact

MAX_FOUND = 500


class NothingToSearch(Invalid):
    code = "contacts.nothing_to_search"
    title = "Give a mail address, a phone number or a name"


def find_contact_ids(
    *,
    organization_id: int,
    email: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    country: str = "",
) -> list[int]:
    """This function will return ids of contacts that match all that is given, newest first.

    A name matches when each of its words does. A phone number needs its country code, or `country`.

    :raises NothingToSearch: nothing was given.
    """
    found = Contact.objects.filter(subject__organization_id=organization_id)
    words = hashing.name_hashes(name or "")
    if not (email or phone or words):
        raise NothingToSearch
    if email:
        found = found.filter(email_hash=hashing.keyed_hash("email", email))
    if phone:
        found = found.filter(phone_hash=hashing.keyed_hash("phone", phone, country=country))
    if words:
        found = found.filter(name_hashes__contains=words)
    return list(found.order_by("-pk").values_list("pk", flat=True)[:MAX_FOUND])
