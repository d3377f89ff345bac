"""Notes and files: sealed under the customer's key, told of without content, gone with the key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.contacts.services import vault
from oms.infra.outbox.models import OutboxEvent
from oms.infra.outbox.services import relaying
from orders import file_kinds
from orders.models import Attachment, Order, OrderNote, TimelineEntry
from orders.services import attachments, notes
from orders.tests.factories import a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Ada wants it behind the blue door, +1 202 555 0101"
PDF = b"%PDF-1.7\n" + SECRET.encode()


@pytest.fixture
def order() -> Order:
    [answer] = a_world().place(a_draft())
    return Order.objects.get(pk=answer.order_id)


def _dump(*models: Any) -> str:
    found = []
    for model in models:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {model._meta.db_table} t")
            found += [row[0] for row in cursor.fetchall()]
    return json.dumps(found)


def _erase(order: Order) -> None:
    with unit():
        vault.erase(subject_id=order.customer.subject_id, reason="asked")


def test_a_note_opens_as_it_was_written_and_is_nowhere_in_the_clear(order: Order) -> None:
    with acting(actor="staff:7"):
        notes.add(order_id=order.pk, text=f"  {SECRET}\n")
    relaying.drain()

    [note] = notes.list_opened(order_id=order.pk)
    assert (note.text, note.author) == (SECRET, "staff:7")
    assert OrderNote.objects.count() == 1
    dumped = _dump(OrderNote, OutboxEvent, TimelineEntry)
    assert "note.added" in dumped
    assert "blue door" not in dumped and SECRET.encode().hex() not in dumped


@pytest.mark.parametrize("text", ["", " \n", "x" * 4001])
def test_a_note_that_is_none_is_refused(order: Order, text: str) -> None:
    with pytest.raises(notes.InvalidNote):
        notes.add(order_id=order.pk, text=text)
    assert not OrderNote.objects.exists()


def test_a_note_still_opens_when_the_order_got_another_recipient(order: Order) -> None:
    notes.add(order_id=order.pk, text=SECRET)
    with unit():
        [other] = vault.store_many(
            drafts=[vault.ContactDraft(order.customer.subject_id, "US", city="Reno", name="Bo")]
        )
    Order.objects.filter(pk=order.pk).update(ship_to=other)

    assert notes.list_opened(order_id=order.pk)[0].text == SECRET


def test_what_was_sealed_goes_with_the_customers_key(order: Order) -> None:
    notes.add(order_id=order.pk, text=SECRET)
    reference = attachments.add(order_id=order.pk, name="id.pdf", data=PDF)
    _erase(order)

    assert notes.list_opened(order_id=order.pk)[0].text is None
    assert attachments.names_of(attachments=list(Attachment.objects.all())) == [None]
    with pytest.raises(vault.Erased):
        attachments.open_file(order_id=order.pk, public_id=reference)
    with pytest.raises(vault.Erased):
        notes.add(order_id=order.pk, text="More.")


def test_a_file_comes_back_as_it_was_and_is_nowhere_in_the_clear(order: Order) -> None:
    reference = attachments.add(order_id=order.pk, name='C:\\scans\\Ada\'s "id".pdf', data=PDF)
    relaying.drain()

    opened = attachments.open_file(order_id=order.pk, public_id=reference)
    assert (opened.name, opened.media_type, opened.data) == (
        "Ada's id.pdf",
        "application/pdf",
        PDF,
    )
    dumped = _dump(Attachment, OutboxEvent, TimelineEntry)
    assert reference in dumped
    assert "Ada's" not in dumped and PDF.hex() not in dumped


def test_the_same_content_again_is_the_same_file(order: Order) -> None:
    first, again = (
        attachments.add(order_id=order.pk, name=name, data=PDF) for name in ("a.pdf", "b.pdf")
    )

    assert first == again
    assert OutboxEvent.objects.filter(name="orders.attachment.added.v1").count() == 1


def test_a_file_of_another_order_is_not_opened(order: Order) -> None:
    reference = attachments.add(order_id=order.pk, name="a.pdf", data=PDF)

    with pytest.raises(attachments.UnknownAttachment):
        attachments.open_file(order_id=order.pk + 1, public_id=reference)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("Guten Tag, größer".encode(), "text/plain"),
        (b"<html><script>", None),
        (b"  <svg onload=alert(1)>", None),
        (b"#!/bin/sh", None),
        (b"MZ\x90\x00", None),
        (b"PK\x03\x04", None),
        (b"\x00\x01", None),
        (b"", None),
    ],
)
def test_the_kind_is_told_by_the_bytes(data: bytes, kind: str | None) -> None:
    assert file_kinds.sniff(data) == kind


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"%PDF-" + b"x" * attachments.MAX_BYTES], ids=["empty", "html", "big"]
)
def test_a_file_that_may_not_be_is_refused(order: Order, data: bytes) -> None:
    with pytest.raises(attachments.InvalidFile):
        attachments.add(order_id=order.pk, name="x.pdf", data=data)
    assert not Attachment.objects.exists()
