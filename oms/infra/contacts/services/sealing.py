"""Seals what belongs to the same people (labels, documents) and the product's own secrets."""

from __future__ import annotations

from collections.abc import Sequence

from oms.infra.contacts import crypto
from oms.infra.contacts.models import Contact
from oms.infra.contacts.services.revealing import is_erased, key_of, load
from oms.infra.contacts.services.subjects import Erased


def seal_for(*, contact_id: int, data: bytes, context: str) -> bytes:
    """This function will seal data (a label, a document) under the key of a contact's subject.

    It opens only for the same contact with the same `context`, and dies with the subject's key.

    :raises Erased: the person's data was erased.
    """
    return _require(seal_for_many(items=[(contact_id, data, context)])[0])


def open_for(*, contact_id: int, sealed: bytes, context: str) -> bytes:
    """This function will return what `seal_for` was given.

    :raises Erased: the person's data was erased.
    """
    return _require(open_for_many(items=[(contact_id, sealed, context)])[0])


def seal_for_many(*, items: Sequence[tuple[int, bytes, str]]) -> list[bytes | None]:
    """This function will seal each (contact id, data, context); None for erased people."""
    contacts = load(item[0] for item in items)
    return [
        None
        if is_erased(contacts[pk])
        else crypto.seal(key_of(contacts[pk]), data, _extra_place(contacts[pk], context))
        for pk, data, context in items
    ]


def open_for_many(*, items: Sequence[tuple[int, bytes, str]]) -> list[bytes | None]:
    """This function will open each (contact id, sealed, context); None for erased people."""
    contacts = load(item[0] for item in items)
    return [
        None
        if is_erased(contacts[pk])
        else crypto.unseal(key_of(contacts[pk]), bytes(sealed), _extra_place(contacts[pk], context))
        for pk, sealed, context in items
    ]


def seal_system(*, data: bytes, context: str) -> bytes:
    """This function will seal the product's own secret (carrier credentials) for `context`."""
    return crypto.seal(crypto.system_key(), data, f"system|{context}")


def open_system(*, sealed: bytes, context: str) -> bytes:
    """This function will return what `seal_system` was given.

    :raises Unreadable: another key of the settings, or another context.
    """
    return crypto.unseal(crypto.system_key(), bytes(sealed), f"system|{context}")


def _extra_place(contact: Contact, context: str) -> str:
    return f"contacts_extra|{contact.public_id}|{context}"


def _require(value: bytes | None) -> bytes:
    if value is None:
        raise Erased("This person's data was erased.")
    return value
