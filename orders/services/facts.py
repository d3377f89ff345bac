"""Puts together what the rules may look at, for orders in hand and for stored ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from oms.core.addresses import PostalAddress, Verdict, judge
from oms.infra.contacts.services import vault
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.models import Order, OrderLine
from orders.rules import Facts, History, LineFacts, Nearby
from orders.rules.recipient import contact_of
from orders.selectors import evidence
from orders.selectors.rulebook import Rulebook
from orders.services.recording import Recorded

#: Where neither rule is in use anywhere, nothing is looked up for it.
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier orders say of the orders of a batch, by key."""

    lookalikes: Mapping[int, list[evidence.Earlier]]
    known: Mapping[int, tuple[History, Nearby]]

    def of(self, order: Order) -> dict[str, Any]:
        history, nearby = self.known.get(order.id, (History(), Nearby()))
        earlier = self.lookalikes.get(order.id, ())
        return {
            "lookalikes": [(number, at) for at, _key, number in earlier],
            "history": history,
            "nearby": nearby,
        }


def past_of(
    orders: Sequence[Order], rulebooks: Sequence[Rulebook], *, first: Collection[int] = ()
) -> Past:
    """This function will look back as far as the rules in use need, in at most two statements.

    `first` are keys of orders whose customers have no other order.
    """
    duplicate, fraud = _window("duplicate", rulebooks), _window("fraud", rulebooks)
    return Past(
        evidence.lookalikes(orders=orders, window=duplicate) if duplicate else {},
        evidence.of_orders(order_ids=[order.id for order in orders], first=first, window=fraud)
        if fraud
        else {},
    )


def _window(rule: str, rulebooks: Sequence[Rulebook]) -> timedelta:
    used = [book[rule] for book in rulebooks if book[rule].is_enabled]
    return max((tuned.settings.window for tuned in used), default=NOTHING)


def of_new(item: Recorded, channel: ChannelFacts, past: Past) -> Facts:
    """This function will return the facts of an order whose draft is in hand."""
    draft, recipient = item.draft, item.draft.draft.recipient
    return Facts(
        lines=[
            LineFacts(
                line.variant,
                line.quantity,
                line.unit_amount,
                line.discount_amount,
                line.tax_amount,
            )
            for line in draft.lines
        ],
        address=draft.address,
        contact=contact_of(recipient.phone, recipient.email),
        **_of_order(item.order, channel),
        **past.of(item.order),
    )


def _of_order(order: Order, channel: ChannelFacts) -> dict[str, Any]:
    level = channel.levels.get(order.tier)
    return {
        "country": order.country,
        "currency": order.currency,
        "tier": order.tier,
        "tier_rank": level.rank if level else 0,
        "total_amount": order.owed_amount,
        "placed_at": order.placed_at,
        "tags": order.tags,
        "is_replacement": order.origin == Order.Origin.REPLACEMENT,
        "is_auto_approved": channel.auto_approve,
        "approval_above_amount": channel.approval_above_amount,
    }


@dataclass(frozen=True, slots=True)
class Stored:
    """Stored orders with all that their facts are made of."""

    lines: Mapping[int, list[OrderLine]]
    variants: Mapping[int, VariantFacts]
    channels: Mapping[int, ChannelFacts]
    #: Empty where the people are none of the rules' business.
    contacts: Mapping[int, vault.ContactData]

    def code_of(self, order: Order) -> str:
        """The code of the order's channel."""
        return self.channels[order.channel_id].code

    def facts(self, order: Order, past: Past) -> Facts:
        channel = self.channels[order.channel_id]
        person = self.contacts.get(order.ship_to_id)
        return Facts(
            lines=[self._line(line) for line in self.lines[order.id]],
            address=_judge(person, channel) if person else None,
            contact=contact_of(person.phone, person.email) if person else None,
            **_of_order(order, channel),
            **past.of(order),
        )

    def _line(self, line: OrderLine) -> LineFacts:
        """Of a line of which a part was cancelled, prices stay those of the whole."""
        return LineFacts(
            self.variants[line.variant_id],
            line.ordered,
            line.unit_amount,
            line.discount_amount,
            line.tax_amount,
        )


def load(orders: Sequence[Order], *, purpose: str = "") -> Stored:
    """This function will load what the facts of stored orders are made of, in five statements.

    `purpose` is why their recipients are opened; without one they stay closed.
    """
    keys = {order.id: list[OrderLine]() for order in orders}
    for line in OrderLine.objects.filter(order__in=orders).order_by("order_id", "position"):
        keys[line.order_id].append(line)
    variants = {line.variant_id for lines in keys.values() for line in lines}
    people = {order.ship_to_id for order in orders}
    return Stored(
        keys,
        catalog.facts_by_id(variant_ids=variants),
        channels.facts_by_id(channel_ids={order.channel_id for order in orders}),
        vault.reveal_many(contact_ids=sorted(people), purpose=purpose) if purpose else {},
    )


def _judge(person: vault.ContactData, channel: ChannelFacts) -> Verdict:
    return judge(
        PostalAddress(person.country, person.city, person.region, person.postcode, person.lines),
        needs_street=channel.needs_street,
    )


def address_level(stored: Stored, order: Order, facts: Facts) -> str:
    """This function will return the verdict on an order's address: one that was put in order when
    it came stays corrected."""
    if facts.address is None:
        return order.address_verdict
    person = stored.contacts[order.ship_to_id]
    level = facts.address.level
    was_corrected = order.address_verdict == Order.AddressVerdict.CORRECTED
    return "corrected" if level == "deliverable" and was_corrected and person.given else level
