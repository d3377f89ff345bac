"""Subjects and their keys: made wrapped, destroyed for good. One key less, one person forgotten."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import F, Q, Value
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.functions import Concat

from oms.core import bulk, clock, ids
from oms.core.errors import NotFound
from oms.core.transactions import needs_transaction
from oms.infra.contacts import crypto
from oms.infra.contacts.models import Contact, Subject

_LOCKS_SQL = """
SELECT id, public_id, wrapped_key, key_version FROM contacts_subject WHERE id = ANY(%s)
"""

access_log = logging.getLogger("oms.contacts.access")


class UnknownContact(NotFound):
    code = "contacts.unknown"
    title = "Unknown contact"


class Erased(NotFound):
    """The person's data was erased; nothing can bring it back."""

    code = "contacts.erased"
    title = "Erased"


@dataclass(frozen=True, slots=True)
class Lock:
    """What it takes to open something of a subject; `wrapped_key` is None once erased."""

    subject_ref: str
    wrapped_key: bytes | None
    key_version: int

    def key(self) -> bytes:
        if self.wrapped_key is None:
            raise Erased("This person's data was erased.", data={"subject": self.subject_ref})
        return crypto.unwrap(
            self.wrapped_key, subject_ref=self.subject_ref, version=self.key_version
        )


@needs_transaction
def create_subjects(*, organization_id: int, count: int) -> list[int]:
    """This function will make `count` subjects, each with its own key, and return their ids."""
    now = clock.now()
    rows = [
        {
            "public_id": ref,
            "organization_id": organization_id,
            "wrapped_key": crypto.wrap(crypto.new_key(), subject_ref=ref, version=1),
            "key_version": 1,
            "created_at": now,
        }
        for ref in ids.public_ids("sub", count)
    ]
    return [row[0] for row in bulk.insert_rows(Subject, rows, returning="id")]


@needs_transaction
def erase(*, subject_id: int, reason: str) -> bool:
    """This function will destroy a subject's key and every hash made from its data, for good.

    :returns: False when it had been erased before.
    :raises UnknownContact: no such subject.
    """
    subject = Subject.objects.select_for_update().filter(pk=subject_id).first()
    if subject is None:
        raise UnknownContact("There is no such subject.")
    if subject.erased_at is not None:
        return False
    subject.wrapped_key = None
    subject.erased_at = clock.now()
    subject.save(update_fields=["wrapped_key", "erased_at"])
    Contact.objects.filter(subject=subject).update(
        fingerprint=Concat(Value("erased:"), F("public_id")),
        email_hash="",
        phone_hash="",
        address_hash="",
        name_hashes=[],
        postcode_district="",
        latitude=None,
        longitude=None,
    )
    access_log.info("erased subject=%s reason=%s", subject.public_id, reason)
    return True


@needs_transaction
def forget_unused(*, contact_ids: Collection[int]) -> int:
    """This function will delete those of the contacts that nothing points at any more.

    :returns: how many.
    """
    # Whoever is about to point at one is waited for, and seen by the statement after.
    rows = Contact.objects.select_for_update().filter(pk__in=contact_ids).order_by("pk")
    unused = Contact.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))
    for relation in _pointers():
        pointing = Q(**{f"{relation.field.name}__in": contact_ids})
        users = relation.related_model._base_manager.filter(pointing)
        unused = unused.exclude(pk__in=users.values(relation.field.attname))
    return unused.delete()[0]


def _pointers() -> list[ForeignObjectRel]:
    """Every foreign key to contacts, of whatever room."""
    fields = Contact._meta.get_fields(include_hidden=True)
    return [field for field in fields if isinstance(field, ForeignObjectRel)]


def locks_of(subject_ids: Iterable[int]) -> dict[int, Lock]:
    """This function will return the locks of subjects by id; unknown ones are left out."""
    with connection.cursor() as cursor:
        # One array instead of one parameter each, which the driver would quote one by one.
        cursor.execute(_LOCKS_SQL, [list(set(subject_ids))])
        return {pk: make_lock(ref, key, version) for pk, ref, key, version in cursor.fetchall()}


def make_lock(subject_ref: str, wrapped: bytes | memoryview | None, version: int) -> Lock:
    return Lock(subject_ref, None if wrapped is None else bytes(wrapped), version)
