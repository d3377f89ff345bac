"""Keeps the cards: one read, one read of the promises and one upsert for any number of facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from oms.cockpit.dashboards import folding
from oms.cockpit.dashboards.models import OrderCard
from oms.core import bulk, clock
from oms.core.transactions import needs_transaction
from oms.infra.outbox.subscriptions import Delivered
from orders.selectors import board as order_board

_FIELDS = tuple(field.attname for field in OrderCard._meta.concrete_fields)
_UPSERT = "ON CONFLICT (order_ref) DO UPDATE SET " + ", ".join(
    f'"{name}" = EXCLUDED."{name}"' for name in _FIELDS if name != "order_ref"
)


@needs_transaction
def take(*, facts: Sequence[Delivered[Any]]) -> set[str]:
    """This function will fold the facts into the cards of their orders.

    :returns: the references of the orders.
    """
    facts = [fact for fact in facts if fact.correlation_id]
    references = {fact.correlation_id for fact in facts}
    known = OrderCard.objects.select_for_update().filter(order_ref__in=references)
    cards = {card.order_ref: card for card in known.order_by("order_ref")}
    now = clock.now()
    for fact in facts:
        _fold(cards, fact, now)
    _promise(cards, {f.correlation_id for f in facts if isinstance(f.event, folding.PROMISING)})
    _store(cards.values())
    return references


def _fold(cards: dict[str, OrderCard], fact: Delivered[Any], now: datetime) -> None:
    reference = fact.correlation_id
    if reference not in cards:
        cards[reference] = folding.blank(fact=fact, now=now)
    folding.fold(card=cards[reference], fact=fact, now=now)


def _promise(cards: dict[str, OrderCard], references: set[str]) -> None:
    """Reads what events do not carry: a promise made late (stock came), and the position."""
    for reference, order in order_board.facts_by_ref(order_refs=references).items():
        card = cards[reference]
        card.promised_on = order.promised_on
        card.latest_ship_at = order.latest_ship_at
        card.latitude = _coarse(order.latitude)
        card.longitude = _coarse(order.longitude)


def _coarse(degrees: float | None) -> int | None:
    return None if degrees is None else round(degrees)


def _store(cards: Iterable[OrderCard]) -> None:
    rows = [{name: getattr(card, name) for name in _FIELDS} for card in cards]
    bulk.insert_rows(OrderCard, rows, on_conflict=_UPSERT)
