"""Personal data on its way in and out of the vault; neither prints what it carries."""

from __future__ import annotations

from dataclasses import dataclass, field

from oms.core.addresses import PostalAddress


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """One name and address to be sealed under the key of its subject."""

    subject_id: int
    country: str
    city: str = ""
    region: str = ""
    postcode: str = field(default="", repr=False)
    lines: tuple[str, ...] = field(default=(), repr=False)
    name: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    latitude: float | None = None
    longitude: float | None = None
    #: The address as it was written, where it differs; it is sealed beside the normalized one.
    given: PostalAddress | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ContactData:
    """One contact opened for a stated purpose; hold it briefly, store it nowhere."""

    contact_id: int
    public_id: str
    country: str
    city: str
    region: str
    postcode: str = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    name: str = field(repr=False)
    company: str = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(repr=False)
    latitude: float | None
    longitude: float | None
    #: The address as it was written, where it was put in order.
    given: PostalAddress | None = field(default=None, repr=False)
