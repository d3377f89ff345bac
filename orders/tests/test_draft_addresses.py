"""A draft's address goes with it, unless an order that is placed in the same moment needs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest
from django.db import IntegrityError, connection

from oms.infra.contacts.models import Contact
from oms.infra.contacts.services import storing, vault
from orders.models import Order
from orders.services import drafts, placement
from orders.tests.factories import a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

#: Long enough for the other to do its part, or to wait for a lock.
MOMENT = 0.5


def _place_while_a_draft_with_the_address_is_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft goes between the moment its address is found and the order that points at it."""
    world = a_world()
    draft = drafts.create(channel=world.channel, draft=a_draft("D-1", customer_ref="ada"))
    failures: list[BaseException] = []

    def discard() -> None:
        try:
            drafts.discard(order_id=draft.pk)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=discard)

    store_many = vault.store_many

    def store_and_wait(*, drafts: Sequence[vault.ContactDraft]) -> list[int]:
        found = store_many(drafts=drafts)
        other.start()
        time.sleep(MOMENT)
        return found

    monkeypatch.setattr(vault, "store_many", store_and_wait)
    try:
        placement.place(channel=world.channel, drafts=[a_draft("R-1", customer_ref="ada")])
    finally:
        other.join(30)
    assert failures == []


def test_an_address_that_an_order_is_about_to_have_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _place_while_a_draft_with_the_address_is_discarded(monkeypatch)

    order = Order.objects.get()
    assert (order.external_ref, order.status) == ("R-1", "confirmed")
    assert Contact.objects.get().pk == order.ship_to_id


def test_control_where_nobody_holds_the_address_the_order_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlocked = storing._FIND_SQL.replace("FOR KEY SHARE OF c", "")
    monkeypatch.setattr(storing, "_FIND_SQL", unlocked)

    with pytest.raises(IntegrityError):
        _place_while_a_draft_with_the_address_is_discarded(monkeypatch)
