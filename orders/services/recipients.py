"""The recipient of an order as the vault keeps it, in one form for new and for changed orders."""

from __future__ import annotations

from oms.core.addresses import PostalAddress
from oms.infra.contacts.services import vault
from orders.types import RecipientDraft


def contact_of(
    recipient: RecipientDraft, *, address: PostalAddress, subject_id: int
) -> vault.ContactDraft:
    """This function will return what is sealed: who it is, the address put in order, and beside
    it the address as it was given, where that differs."""
    return vault.ContactDraft(
        subject_id=subject_id,
        country=address.country,
        city=address.city,
        region=address.region,
        postcode=address.postcode,
        lines=address.lines,
        name=recipient.name,
        company=recipient.company,
        phone=recipient.phone,
        email=recipient.email,
        latitude=recipient.latitude,
        longitude=recipient.longitude,
        given=recipient.address if recipient.address != address else None,
    )
