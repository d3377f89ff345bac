"""Writes the rows of new orders: customers, contacts, orders, lines, first history, first event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from oms.core import bulk, clock, ids, instances, transitions
from oms.core.transactions import needs_transaction
from oms.infra.contacts.services import vault
from oms.infra.outbox.services import emitting
from orders import numbers, tracking_links
from orders.channels.types import ChannelFacts
from orders.customers.services import ensuring as customers
from orders.customers.services.ensuring import CustomerFacts
from orders.drafting import CleanDraft
from orders.events import OrderReceived
from orders.models import Order, OrderLine
from orders.services import recipients
from orders.tiers import BUILT_IN, Level, priority


@dataclass(slots=True)
class Recorded:
    """One order in the making; `holds` are the types that were opened on it, `attempt` counts how
    often it is routed."""

    order: Order
    clean: CleanDraft | None
    lines: list[OrderLine]
    holds: set[str] = field(default_factory=set)
    attempt: int = 1
    #: The channel's code, the carriers it allows (empty: all), and the order's service level.
    channel: str = ""
    carriers: tuple[str, ...] = ()
    level: Level = BUILT_IN["standard"]
    #: The first order of a customer who was not known before.
    is_first: bool = False
    #: A rule or a person refused it.
    is_rejected: bool = False
    #: Units by line position that can be served now, where a part ships before the rest.
    part: Mapping[int, int] | None = None
    #: It may hold stock that no node works on: that counts as free for it.
    may_hold: bool = False
    #: Since when lines wait that are planned anew, by their name: they keep their place.
    waiting_since: Mapping[str, datetime] = field(default_factory=dict)
    #: Lines of a new order are stored once it is known where they go, see `save_lines`.
    are_lines_stored: bool = True
    #: Where it may come from: only these nodes, where any are named, and none of those.
    only_nodes: frozenset[int] = frozenset()
    not_nodes: frozenset[int] = frozenset()

    @property
    def has_work(self) -> bool:
        """Whether a part of it is with a node or has left."""
        return any(line.allocated or line.shipped for line in self.lines)

    def asked(self, line: OrderLine) -> int:
        """How many units of a line are to be routed now."""
        return line.unallocated if self.part is None else self.part.get(line.position, 0)

    @property
    def draft(self) -> CleanDraft:
        assert self.clean is not None
        return self.clean


@needs_transaction
def record(*, channel: ChannelFacts, drafts: Sequence[CleanDraft]) -> list[Recorded]:
    """This function will store the orders as received and emit OrderReceived for each. Their lines
    are stored by `save_lines`, which whoever decides on an order calls.

    An order that another caller placed in the same moment is left out: it is theirs.
    """
    recorded = store(channel=channel, drafts=drafts, status=Order.Status.RECEIVED)
    if recorded:
        fresh = [item.order for item in recorded]
        transitions.begin(fresh, "submit", at_for=lambda order: order.placed_at)
        tell_received(channel=channel, orders=recorded)
    return recorded


@needs_transaction
def store(*, channel: ChannelFacts, drafts: Sequence[CleanDraft], status: str) -> list[Recorded]:
    """This function will store orders with their customers and contacts, and tell nobody. Their
    lines are stored by `save_lines`.

    An order whose reference the channel has already is left out.
    """
    if not drafts:
        return []
    buyers = ensure_buyers(channel=channel, drafts=drafts)
    contacts = vault.store_many(drafts=_contacts(drafts, buyers))
    orders = _build_orders(channel, drafts, buyers, contacts, status)
    orders = _insert_orders(orders)
    by_reference = {draft.draft.external_ref: draft for draft in drafts}
    recorded = [recorded_of(channel, order, by_reference[order.external_ref]) for order in orders]
    _mark_first(recorded, buyers)
    for item in recorded:
        item.are_lines_stored = False
    return recorded


@needs_transaction
def rewrite(*, channel: ChannelFacts, order: Order, draft: CleanDraft) -> Recorded:
    """This function will make a stored order what another draft says: it keeps its key, number,
    status and identifier, and its lines become those of the draft."""
    buyers = ensure_buyers(channel=channel, drafts=[draft])
    [contact] = vault.store_many(drafts=_contacts([draft], buyers))
    buyer = buyers[draft.customer_reference].id
    fresh = _build_order(channel, draft, order.pk, order.number, buyer, contact, order.status)
    names = [name for name in _ORDER_FIELDS if name not in _KEPT]
    for name in names:
        setattr(order, name, getattr(fresh, name))
    order.version += 1
    bulk.update_rows(Order, [order.__dict__], names=["id", "version", *names])
    OrderLine.objects.filter(order=order).delete()
    item = recorded_of(channel, order, draft)
    insert_lines(item.lines)
    return item


def _mark_first(recorded: Sequence[Recorded], buyers: Mapping[str, CustomerFacts]) -> None:
    """A new customer with two orders in one batch has ordered before the second."""
    orders_of = Counter(item.order.customer_id for item in recorded)
    new = {buyer.id for buyer in buyers.values() if buyer.is_new and orders_of[buyer.id] == 1}
    for item in recorded:
        item.is_first = item.order.customer_id in new


def recorded_of(channel: ChannelFacts, order: Order, draft: CleanDraft) -> Recorded:
    """This function will return an order with fresh lines as its draft has them."""
    return Recorded(
        order,
        draft,
        _build_lines(order, draft),
        channel=channel.code,
        carriers=channel.carriers,
        level=draft.level,
    )


@needs_transaction
def tell_received(*, channel: ChannelFacts, orders: Sequence[Recorded]) -> None:
    """This function will emit OrderReceived for each order."""
    emitting.emit_many([_received(channel, item) for item in orders])


@needs_transaction
def ensure_buyers(
    *, channel: ChannelFacts, drafts: Sequence[CleanDraft]
) -> dict[str, CustomerFacts]:
    """This function will return the customers of the drafts by reference, new ones created."""
    return customers.ensure_many(
        organization_id=channel.organization_id,
        references=[draft.customer_reference for draft in drafts],
    )


def _contacts(
    drafts: Sequence[CleanDraft], buyers: dict[str, CustomerFacts]
) -> list[vault.ContactDraft]:
    return [
        recipients.contact_of(
            draft.draft.recipient,
            address=draft.address.address,
            subject_id=buyers[draft.customer_reference].subject_id,
        )
        for draft in drafts
    ]


def _build_orders(
    channel: ChannelFacts,
    drafts: Sequence[CleanDraft],
    buyers: dict[str, CustomerFacts],
    contacts: Sequence[int],
    status: str,
) -> list[Order]:
    keys = bulk.next_ids(Order, len(drafts))
    taken = numbers.take(organization_id=channel.organization_id, count=len(drafts))
    return [
        _build_order(
            channel, draft, key, number, buyers[draft.customer_reference].id, contact, status
        )
        for draft, key, number, contact in zip(drafts, keys, taken, contacts, strict=True)
    ]


def _build_order(
    channel: ChannelFacts,
    draft: CleanDraft,
    key: int,
    number: int,
    customer_id: int,
    contact_id: int,
    status: str,
) -> Order:
    placed_at = draft.draft.placed_at or clock.now()
    public_id = ids.public_id("ord", at=placed_at)
    address, recipient = draft.address.address, draft.draft.recipient
    return instances.make(
        Order,
        id=key,
        public_id=public_id,
        organization_id=channel.organization_id,
        number=number,
        channel_id=channel.id,
        customer_id=customer_id,
        ship_to_id=contact_id,
        external_ref=draft.draft.external_ref,
        status=status,
        version=0,
        origin=draft.draft.origin,
        replaces_id=draft.draft.replaces_id,
        tier=draft.level.code,
        priority=priority(draft.level, amount=draft.total_amount, currency=draft.draft.currency),
        currency=draft.draft.currency,
        total_amount=draft.total_amount,
        shipping_amount=draft.draft.shipping_amount,
        shipping_tax_amount=draft.draft.shipping_tax_amount,
        address_verdict=draft.address.level,
        tags=list(draft.draft.tags),
        is_partial_allowed=draft.draft.is_partial_allowed,
        country=address.country,
        region=address.region[:60],
        city=address.city[:120],
        latitude=_coarse(recipient.latitude),
        longitude=_coarse(recipient.longitude),
        line_count=len(draft.lines),
        unit_count=draft.unit_count,
        placed_at=placed_at,
        created_at=placed_at,
        tracking_hash=tracking_links.hash_of(tracking_links.token_for(public_id)),
        content_hash=draft.content_hash,
    )


def _coarse(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 2)


_ORDER_FIELDS = (
    "id", "public_id", "organization_id", "number", "channel_id", "customer_id", "ship_to_id",
    "external_ref", "status", "version", "origin", "replaces_id", "tier", "priority", "currency",
    "total_amount", "shipping_amount", "shipping_tax_amount", "cancelled_amount", "country",
    "region", "city", "latitude", "longitude", "address_verdict", "tags", "is_partial_allowed",
    "line_count", "unit_count", "placed_at", "at_risk_of", "created_at", "tracking_hash",
    "content_hash",
)  # fmt: skip
_LINE_FIELDS = (
    "id", "order_id", "position", "variant_id", "sku", "ordered", "cancelled", "unallocated",
    "backordered", "allocated", "shipped", "delivered", "returned", "unit_amount",
    "discount_amount", "tax_amount", "replaces_id",
)  # fmt: skip
#: What a stored order keeps, whatever becomes of it.
_KEPT = frozenset(
    ("id", "public_id", "organization_id", "number", "status", "version", "created_at",
     "tracking_hash", "origin", "replaces_id")
)  # fmt: skip


def _insert_orders(orders: Sequence[Order]) -> list[Order]:
    inserted = bulk.insert_rows(
        Order,
        [order.__dict__ for order in orders],
        names=_ORDER_FIELDS,
        on_conflict="ON CONFLICT (channel_id, external_ref) DO NOTHING",
        returning="id",
    )
    mine = {row[0] for row in inserted}
    return [order for order in orders if order.id in mine]


def _build_lines(order: Order, draft: CleanDraft) -> list[OrderLine]:
    return [
        instances.make(
            OrderLine,
            order_id=order.id,
            position=line.position,
            variant_id=line.variant.id,
            sku=line.variant.sku,
            ordered=line.quantity,
            unallocated=line.quantity,
            unit_amount=line.unit_amount,
            discount_amount=line.discount_amount,
            tax_amount=line.tax_amount,
            replaces_id=line.replaces_id,
        )
        for line in draft.lines
    ]


@needs_transaction
def save_lines(*, orders: Sequence[Recorded]) -> None:
    """This function will store the lines of those orders that have none stored yet, with their
    counters as they are in hand; two statements, or none."""
    fresh = [item for item in orders if not item.are_lines_stored]
    insert_lines([line for item in fresh for line in item.lines])
    for item in fresh:
        item.are_lines_stored = True


@needs_transaction
def insert_lines(lines: Sequence[OrderLine]) -> None:
    """This function will store new lines and give each its key."""
    for line, key in zip(lines, bulk.next_ids(OrderLine, len(lines)), strict=True):
        line.id = key
    bulk.insert_rows(OrderLine, [line.__dict__ for line in lines], names=_LINE_FIELDS)


def _received(channel: ChannelFacts, item: Recorded) -> OrderReceived:
    order = item.order
    return OrderReceived(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=order.placed_at,
        channel=channel.code,
        tier=order.tier,
        lines=order.line_count,
        units=order.unit_count,
        total_amount=str(order.total_amount),
        currency=order.currency,
        country=order.country,
        region=order.region,
        city=order.city,
    )
