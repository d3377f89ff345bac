"""What the ciphertext of a contact holds, and the place it is bound to."""

from __future__ import annotations

import msgspec


class GivenAddress(msgspec.Struct, frozen=True):
    """An address as somebody wrote it, where it was put in order since."""

    country: str
    city: str
    region: str
    postcode: str
    lines: list[str]


class SealedContent(msgspec.Struct):
    """The sealed part of a contact; lists, so that several of each need no new format."""

    name: str
    company: str
    phones: list[str]
    emails: list[str]
    lines: list[str]
    postcode: str
    given: GivenAddress | None = None


def place_of(contact_ref: str) -> str:
    """This function will return what a contact's ciphertext is bound to."""
    return f"contacts_contact|{contact_ref}"
