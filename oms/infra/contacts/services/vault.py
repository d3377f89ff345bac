"""The only door to personal data: sealed on the way in, opened for a stated purpose, erased by
destroying one key. Every call costs a constant number of statements."""

from oms.infra.contacts.services.revealing import log_opening, reveal, reveal_many
from oms.infra.contacts.services.sealing import (
    open_for,
    open_for_many,
    open_system,
    seal_for,
    seal_for_many,
    seal_system,
)
from oms.infra.contacts.services.storing import FieldTooLong, store_many
from oms.infra.contacts.services.subjects import (
    Erased,
    UnknownContact,
    create_subjects,
    erase,
    forget_unused,
)
from oms.infra.contacts.types import ContactData, ContactDraft

__all__ = [
    "ContactData",
    "ContactDraft",
    "Erased",
    "FieldTooLong",
    "UnknownContact",
    "create_subjects",
    "erase",
    "forget_unused",
    "log_opening",
    "open_for",
    "open_for_many",
    "open_system",
    "reveal",
    "reveal_many",
    "seal_for",
    "seal_for_many",
    "seal_system",
    "store_many",
]
