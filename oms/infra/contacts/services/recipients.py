"""Which contacts are the same recipient at the same address, without telling who."""

from __future__ import annotations

from collections.abc import Collection

from oms.infra.contacts import hashing
from oms.infra.contacts.models import Contact
from oms.infra.contacts.services import revealing

#: Equal for contacts of the same words of a name at the same address.
Recipient = tuple[str, ...]


def recipients_of(*, contact_ids: Collection[int]) -> dict[int, Recipient]:
    """This function will return who and where each contact is, as hashes; of erased people and
    unknown addresses there is none.

    Contacts from before addresses were hashed are opened for it, and that is written down.
    """
    rows = Contact.objects.filter(pk__in=set(contact_ids))
    found = {
        key: (street, *names)
        for key, street, names in rows.values_list("pk", "address_hash", "name_hashes")
    }
    older = [key for key, (street, *_) in found.items() if not street]
    if older:
        opened = revealing.reveal_many(contact_ids=older, purpose="compare recipients")
        for key, person in opened.items():
            names = hashing.name_hashes(person.name, person.company)
            found[key] = (hashing.address_hash(person), *names)
    return {key: recipient for key, recipient in found.items() if recipient[0]}
