"""Opens contacts for a stated purpose and writes down who looked; the log holds no data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from oms.core.addresses import PostalAddress
from oms.infra.contacts import crypto
from oms.infra.contacts.content import GivenAddress, SealedContent, place_of
from oms.infra.contacts.models import Contact
from oms.infra.contacts.services.subjects import Erased, UnknownContact, access_log, make_lock
from oms.infra.contacts.types import ContactData


def reveal(*, contact_id: int, purpose: str) -> ContactData:
    """This function will open one contact and write down who looked and why.

    :raises UnknownContact: no such contact.
    :raises Erased: the person's data was erased.
    """
    opened = reveal_many(contact_ids=[contact_id], purpose=purpose)
    if contact_id not in opened:
        raise Erased("This person's data was erased.")
    return opened[contact_id]


def reveal_many(*, contact_ids: Sequence[int], purpose: str) -> dict[int, ContactData]:
    """This function will open contacts by id; those of erased people are left out.

    :raises UnknownContact: an id does not exist.
    """
    contacts = load(contact_ids)
    opened = {contact.pk: _open(contact) for contact in contacts.values() if not is_erased(contact)}
    if opened:
        refs = ",".join(sorted(data.public_id for data in opened.values()))
        access_log.info("revealed purpose=%s count=%d contacts=%s", purpose, len(opened), refs)
    return opened


def log_opening(*, kind: str, count: int, subject_ref: str) -> None:
    """This function will write down who opened something sealed; the line holds nothing of it."""
    access_log.info("opened kind=%s count=%d of=%s", kind, count, subject_ref)


def load(contact_ids: Iterable[int]) -> dict[int, Contact]:
    wanted = set(contact_ids)
    contacts = Contact.objects.select_related("subject").in_bulk(wanted)
    if len(contacts) != len(wanted):
        raise UnknownContact("There is no such contact.")
    return contacts


def is_erased(contact: Contact) -> bool:
    return contact.subject.wrapped_key is None


def key_of(contact: Contact) -> bytes:
    subject = contact.subject
    return make_lock(subject.public_id, subject.wrapped_key, subject.key_version).key()


def _open(contact: Contact) -> ContactData:
    data = crypto.unseal(key_of(contact), bytes(contact.ciphertext), place_of(contact.public_id))
    held = msgspec.json.decode(data, type=SealedContent)
    return ContactData(
        contact_id=contact.pk,
        public_id=contact.public_id,
        country=contact.country,
        city=contact.city,
        region=contact.region,
        postcode=held.postcode,
        lines=tuple(held.lines),
        name=held.name,
        company=held.company,
        phone=held.phones[0] if held.phones else "",
        email=held.emails[0] if held.emails else "",
        latitude=contact.latitude,
        longitude=contact.longitude,
        given=_given(held.given),
    )


def _given(held: GivenAddress | None) -> PostalAddress | None:
    if held is None:
        return None
    return PostalAddress(held.country, held.city, held.region, held.postcode, tuple(held.lines))
