"""Notes of staff on orders: sealed under the customer's key, told of without a word of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oms.core import bulk, clock
from oms.core.context import current
from oms.core.errors import FieldError, Invalid
from oms.core.transactions import use_case
from oms.infra.contacts.services import vault
from oms.infra.outbox.services import emitting
from orders.events import NoteAdded
from orders.models import Order, OrderNote
from orders.selectors.orders import UnknownOrder

MAX_LENGTH = 4_000


class InvalidNote(Invalid):
    code = "orders.invalid_note"


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """`text` is None once the customer's data was erased."""

    author: str
    at: datetime
    text: str | None


@use_case
def add(*, order_id: int, text: str) -> int:
    """This function will keep a note on an order and return its key.

    :raises InvalidNote: empty, or longer than MAX_LENGTH.
    :raises UnknownOrder: there is none.
    :raises Erased: the customer's data was erased; nothing is kept of them any more.
    """
    said = text.strip()
    if not said or len(said) > MAX_LENGTH:
        error = FieldError("/text", "length", f"Write 1 to {MAX_LENGTH} characters.")
        raise InvalidNote("See errors.", errors=[error])
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise UnknownOrder("There is no such order.")
    [key] = bulk.next_ids(OrderNote, 1)
    sealed = vault.seal_for(
        contact_id=order.ship_to_id, data=said.encode(), context=_context(order.pk, key)
    )
    now = clock.now()
    OrderNote.objects.create(
        pk=key,
        order=order,
        author=current().actor,
        contact_id=order.ship_to_id,
        sealed=sealed,
        created_at=now,
    )
    emitting.emit(
        NoteAdded(
            organization_id=order.organization_id,
            order_ref=order.public_id,
            number=str(order.number),
            occurred_at=now,
        )
    )
    return key


def list_opened(*, order_id: int, limit: int = 100) -> list[OpenedNote]:
    """This function will open the notes of an order, newest first, and write down that somebody
    looked; constant statements."""
    notes = list(OrderNote.objects.filter(order_id=order_id).order_by("-pk")[:limit])
    opened = vault.open_for_many(
        items=[(n.contact_id, bytes(n.sealed), _context(order_id, n.pk)) for n in notes]
    )
    if notes:
        vault.log_opening(kind="note", count=len(notes), subject_ref=f"order {order_id}")
    return [
        OpenedNote(note.author, note.created_at, None if text is None else text.decode())
        for note, text in zip(notes, opened, strict=True)
    ]


def _context(order_id: int, key: int) -> str:
    return f"orders_note|{order_id}|{key}"
