"""Drafts: orders that nobody has submitted yet. They have a number and no effect on stock; once
submitted they go the way of every order.

What a draft would cost and when it would arrive is found by submitting it and taking that back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import transaction

from inventory.catalog import selectors as catalog
from oms.core import clock, ids, transitions
from oms.core.errors import Conflict, NotFound
from oms.core.transactions import needs_transaction, use_case
from oms.infra.contacts.services import vault
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.drafting import CleanDraft, clean
from orders.models import Order, OrderLine
from orders.services import placement, recording
from orders.services.amending import outcomes
from orders.services.placement import ReferenceTaken
from orders.types import LineDraft, OrderDraft, Placed, RecipientDraft


class UnknownDraft(NotFound):
    code = "orders.unknown_draft"


class NotADraft(Conflict):
    """It was submitted before: change the order instead."""

    code = "orders.not_a_draft"


class DraftChanged(Conflict):
    """Somebody saved the draft meanwhile; look at it again."""

    code = "orders.draft_changed"


class _Undo(Exception):
    """Takes a preview back."""


@use_case
def create(
    *,
    channel: ChannelFacts,
    draft: OrderDraft,
    within: Callable[[Order], None] | None = None,
) -> Order:
    """This function will store a draft with a number of its own; `within` is called with it before
    the commit. Without a reference it gets one.

    :raises InvalidOrder: with every wrong field at once.
    :raises ReferenceTaken: the channel has an order or a draft with this reference.
    """
    named = replace(draft, external_ref=draft.external_ref or ids.public_id("drf"))
    checked = _clean(channel, replace(named, placed_at=clock.now()))
    stored = recording.store(channel=channel, drafts=[checked], status=Order.Status.DRAFT)
    if not stored:
        raise ReferenceTaken(f"The channel has an order {named.external_ref} already.")
    recording.save_lines(orders=stored)
    order = stored[0].order
    if within is not None:
        within(order)
    return order


@use_case
def save(*, order_id: int, version: int, channel: ChannelFacts, draft: OrderDraft) -> Order:
    """This function will make a draft what another one says; number and identifier stay, and so
    do reference and customer where none are given.

    :raises NotADraft, DraftChanged: it was submitted, or saved by somebody else.
    :raises InvalidOrder: with every wrong field at once; nothing changes.
    :raises ReferenceTaken: another order of the channel has the reference.
    """
    order = _lock(order_id, version)
    named = replace(
        draft,
        external_ref=draft.external_ref or order.external_ref,
        known_customer=draft.known_customer
        or ("" if draft.customer_ref else order.customer.reference),
        origin=order.origin,
        placed_at=clock.now(),
    )
    taken = Order.objects.filter(channel_id=channel.id, external_ref=named.external_ref)
    if taken.exclude(pk=order.pk).exists():
        raise ReferenceTaken(f"The channel has an order {named.external_ref} already.")
    before = order.ship_to_id
    recording.rewrite(channel=channel, order=order, draft=_clean(channel, named))
    vault.forget_unused(contact_ids=[before])
    return order


@use_case
def discard(*, order_id: int) -> None:
    """This function will delete a draft, and where to it was to go; its number is not given again.

    :raises NotADraft: it was submitted.
    """
    order = _lock(order_id)
    order.delete()
    vault.forget_unused(contact_ids=[order.ship_to_id])


@use_case
def preview(*, order_id: int) -> dict[str, Any]:
    """This function will return what submitting the draft would do now: total, stock, promise and
    holds. Nothing changes.

    :raises NotADraft: it was submitted.
    :raises InvalidOrder: it could not be submitted; names every wrong field.
    """
    order = _lock(order_id)
    before = outcomes.take(order.pk)
    outcome: dict[str, Any] = {}
    try:
        with transaction.atomic():
            _submit(order)
            outcome = outcomes.compare(before, outcomes.take(order.pk))
            raise _Undo
    except _Undo:
        pass
    return outcome


@use_case
def submit(
    *, order_id: int, version: int, within: Callable[[Placed], None] | None = None
) -> Placed:
    """This function will turn a draft into an order: received now, then verified, planned and
    confirmed, or on hold. `within` is called with the answer before the commit.

    :raises NotADraft, DraftChanged: it was submitted, or saved by somebody else.
    :raises InvalidOrder: a field is wrong by now, such as an SKU that is no longer sold.
    :raises Erased: the customer's data was erased.
    """
    answer = _submit(_lock(order_id, version))
    if within is not None:
        within(answer)
    return answer


def get_for(*, organization_id: int, public_id: str) -> Order:
    """This function will return a draft of the organization.

    :raises UnknownDraft: there is none, or it was submitted.
    """
    drafts = Order.objects.select_related("channel", "customer").prefetch_related("lines")
    mine = drafts.filter(organization_id=organization_id, status=Order.Status.DRAFT)
    found = mine.filter(public_id=public_id).first()
    if found is None:
        raise UnknownDraft("There is no such draft.")
    return found


def _lock(order_id: int, version: int | None = None) -> Order:
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("channel", "customer")
        .filter(pk=order_id)
        .first()
    )
    if order is None:
        raise UnknownDraft("There is no such draft.")
    if order.status != Order.Status.DRAFT:
        raise NotADraft(f"Order {order.number} was submitted; change the order instead.")
    if version is not None and version != order.version:
        raise DraftChanged(
            f"Draft {order.number} has version {order.version} by now; look at it again.",
            data={"version": order.version},
        )
    return order


def _clean(channel: ChannelFacts, draft: OrderDraft) -> CleanDraft:
    facts = catalog.facts_by_sku(
        organization_id=channel.organization_id, skus=sorted({line.sku for line in draft.lines})
    )
    return clean(draft, channel=channel, catalog=facts)


@needs_transaction
def _submit(order: Order) -> Placed:
    """The stored draft is checked like a new one, then it goes the way of every order."""
    channel = channels.get_facts(organization_id=order.organization_id, code=order.channel.code)
    checked = _clean(channel, stored(order))
    item = recording.rewrite(channel=channel, order=order, draft=checked)
    transitions.apply(order, "submit", now=order.placed_at)
    recording.tell_received(channel=channel, orders=[item])
    placement.carry_on(channel=channel, orders=[item])
    return placement.answer_of(item)


def stored(order: Order) -> OrderDraft:
    """This function will return a stored draft as doors hand one in, placed now.

    :raises Erased: the customer's data was erased.
    """
    lines = OrderLine.objects.filter(order=order).order_by("position")
    return OrderDraft(
        external_ref=order.external_ref,
        currency=order.currency,
        tier=order.tier,
        known_customer=order.customer.reference,
        shipping_amount=order.shipping_amount,
        shipping_tax_amount=order.shipping_tax_amount,
        tags=tuple(order.tags),
        is_partial_allowed=order.is_partial_allowed,
        placed_at=clock.now(),
        origin=order.origin,
        replaces_id=order.replaces_id,
        recipient=recipient_of(order, purpose="draft order"),
        lines=tuple(
            LineDraft(
                line.sku, line.ordered, line.unit_amount, line.discount_amount, line.tax_amount
            )
            for line in lines
        ),
    )


def recipient_of(order: Order, *, purpose: str) -> RecipientDraft:
    """This function will open who an order goes to, as it was written.

    :raises Erased: the customer's data was erased.
    """
    person = vault.reveal(contact_id=order.ship_to_id, purpose=purpose)
    address = person.given or person
    return RecipientDraft(
        country=address.country,
        city=address.city,
        region=address.region,
        postcode=address.postcode,
        lines=tuple(address.lines),
        name=person.name,
        company=person.company,
        phone=person.phone,
        email=person.email,
        latitude=person.latitude,
        longitude=person.longitude,
    )
