"""Files on orders: their kind proved by their bytes, sealed with their names, each content once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from oms.core import bulk, clock, ids
from oms.core.context import current
from oms.core.errors import FieldError, Invalid, NotFound
from oms.core.transactions import use_case
from oms.infra.contacts.services import vault
from oms.infra.outbox.services import emitting
from orders import file_kinds
from orders.events import AttachmentAdded
from orders.models import Attachment, Order
from orders.selectors.orders import UnknownOrder

MAX_BYTES = 5 * 1024 * 1024


class InvalidFile(Invalid):
    code = "orders.invalid_file"


class UnknownAttachment(NotFound):
    code = "orders.unknown_attachment"


@dataclass(frozen=True, slots=True)
class OpenedFile:
    name: str
    media_type: str
    data: bytes


@use_case
def add(*, order_id: int, name: str, data: bytes) -> str:
    """This function will keep a file on an order; the same content again is the same file.

    :returns: its public identifier.
    :raises InvalidFile: empty, larger than MAX_BYTES, or of a kind that is not allowed.
    :raises UnknownOrder: there is no such order.
    :raises Erased: the customer's data was erased; nothing is kept of them any more.
    """
    media_type = _require_allowed(data)
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise UnknownOrder("There is no such order.")
    digest = hashlib.sha256(data).hexdigest()
    reference, now = ids.public_id("att"), clock.now()
    contact = order.ship_to_id
    row = {
        "public_id": reference,
        "order_id": order.pk,
        "author": current().actor,
        "contact_id": contact,
        "sealed_name": _seal(contact, reference, "name", _plain_name(name).encode()),
        "media_type": media_type,
        "size_bytes": len(data),
        "sha256": digest,
        "sealed": _seal(contact, reference, "data", data),
        "created_at": now,
    }
    made = bulk.insert_rows(
        Attachment,
        [row],
        on_conflict="ON CONFLICT (order_id, sha256) DO NOTHING",
        returning="public_id",
    )
    if not made:
        return Attachment.objects.get(order=order, sha256=digest).public_id
    emitting.emit(
        AttachmentAdded(
            organization_id=order.organization_id,
            order_ref=order.public_id,
            number=str(order.number),
            occurred_at=now,
            attachment_ref=reference,
            media_type=media_type,
            size_bytes=len(data),
        )
    )
    return reference


def names_of(*, attachments: Sequence[Attachment]) -> list[str | None]:
    """This function will open the names of files, in one statement; None for erased people."""
    opened = vault.open_for_many(
        items=[
            (a.contact_id, bytes(a.sealed_name), _context(a.public_id, "name")) for a in attachments
        ]
    )
    return [None if name is None else name.decode() for name in opened]


def open_file(*, order_id: int, public_id: str) -> OpenedFile:
    """This function will open a file of an order and write down that somebody did.

    :raises UnknownAttachment: the order has none with this identifier.
    :raises Erased: the customer's data was erased.
    """
    found = Attachment.objects.filter(order_id=order_id, public_id=public_id).first()
    if found is None:
        raise UnknownAttachment("There is no such file.")
    name, data = (
        vault.open_for(
            contact_id=found.contact_id,
            sealed=bytes(sealed),
            context=_context(found.public_id, part),
        )
        for part, sealed in (("name", found.sealed_name), ("data", found.sealed))
    )
    vault.log_opening(kind="attachment", count=1, subject_ref=found.public_id)
    return OpenedFile(name.decode(), found.media_type, data)


def _require_allowed(data: bytes) -> str:
    media_type = file_kinds.sniff(data) if 0 < len(data) <= MAX_BYTES else None
    if media_type is None:
        known = ", ".join(file_kinds.ALLOWED)
        hint = f"Give a file of 1 byte to {MAX_BYTES // 1024 // 1024} MB; one of: {known}."
        raise InvalidFile(hint, errors=[FieldError("/file", "not_allowed", hint)])
    return media_type


def _plain_name(name: str) -> str:
    """The last part of a path, without what a header or a file system would take amiss."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if c.isprintable() and c not in '"<>|:*?').strip(". ")
    return kept[-120:] or "file"


def _seal(contact_id: int, reference: str, part: str, data: bytes) -> bytes:
    return vault.seal_for(contact_id=contact_id, data=data, context=_context(reference, part))


def _context(reference: str, part: str) -> str:
    return f"orders_attachment|{reference}|{part}"
