"""Holds: rows that keep an order from moving. One open hold per type and order.

Everything takes many orders at once in a constant number of statements and answers each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from oms.core import bulk, clock
from oms.core.context import current
from oms.core.errors import Conflict, NotFound, OmsError
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting
from orders.events import HoldReleased
from orders.hold_terms import HoldTerms
from orders.models import Hold, Order
from orders.selectors.orders import UnknownOrder
from orders.services import authority, committing, crediting, holding, routing_requests, stopping

ROUTED = frozenset(holding.ROUTED_HOLDS)


class AlreadyOnHold(Conflict):
    code = "orders.already_on_hold"


class NotOnHold(NotFound):
    code = "orders.not_on_hold"


class OrderClosed(Conflict):
    code = "orders.closed"


class NeedsDecision(Conflict):
    """A hold for approval ends with the approval."""

    code = "orders.needs_decision"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one order of many; without an error it was done."""

    order_id: int
    order: Order | None
    error: OmsError | None = None


Within = Callable[[Sequence[Answer]], None]


@use_case
def place_hold(
    *,
    order_id: int,
    type: str,
    reason: str,
    scopes: Collection[str] = (),
    due_at: datetime | None = None,
    releases_at: datetime | None = None,
    author: str = "",
) -> None:
    """This function will put an order on hold, also in the middle of a pick.

    :param scopes: what it stops; else all that its type stops.
    :param due_at: when an answer is due; else four hours from now.
    :param releases_at: when it ends by itself.
    :param author: who wants it; else whoever acts.
    :raises InvalidHold: names each value that cannot be.
    :raises UnknownOrder: there is none.
    :raises AlreadyOnHold: a hold of this type is open.
    :raises OrderClosed: nothing can move any more.
    """
    terms = HoldTerms(type, reason, tuple(scopes), due_at, releases_at, author)
    _only(_place([order_id], terms))


@use_case
def place_many(
    *, order_ids: Sequence[int], terms: HoldTerms, within: Within | None = None
) -> list[Answer]:
    """This function will put many orders on hold and answer each, in the order of `order_ids`; one
    that cannot be does not keep the others from it. `within` is called with the answers before the
    commit.

    :raises InvalidHold: names each value that cannot be; no order is put on hold.
    """
    return _told(_place(order_ids, terms), within)


@use_case
def release_hold(*, order_id: int, type: str, reason: str) -> None:
    """This function will lift a hold; with the last one the order moves on where it stopped.

    :raises UnknownOrder: there is none.
    :raises NotOnHold: no hold of this type is open; nothing changes.
    :raises NeedsDecision: it waits for an approval.
    :raises NoAuthority: the order is worth more than who acts may answer for.
    """
    _only(_release([order_id], type, reason))


@use_case
def release_many(
    *, order_ids: Sequence[int], type: str, reason: str, within: Within | None = None
) -> list[Answer]:
    """This function will lift the holds of one type and answer each order, in the order of
    `order_ids`; one that cannot be lifted does not keep the others from it. `within` is called
    with the answers before the commit."""
    return _told(_release(order_ids, type, reason), within)


def _told(answers: list[Answer], within: Within | None) -> list[Answer]:
    if within is not None:
        within(answers)
    return answers


def _only(answers: Sequence[Answer]) -> None:
    if answers[0].error is not None:
        raise answers[0].error


def _lock(order_ids: Sequence[int]) -> dict[int, Order]:
    rows = Order.objects.select_for_update().filter(pk__in=set(order_ids)).order_by("pk")
    return {order.pk: order for order in rows}


def _place(order_ids: Sequence[int], terms: HoldTerms) -> list[Answer]:
    terms.require_sound(now=clock.now())
    orders = _lock(order_ids)
    ready = [order for order in orders.values() if order.closed_at is None]
    opened = holding.open_many(
        drafts=[
            holding.HoldDraft(
                order=order,
                type=terms.type,
                reason=terms.reason,
                scopes=terms.ordered_scopes,
                due_at=terms.due_at,
                releases_at=terms.releases_at,
                author=terms.author,
            )
            for order in ready
        ]
    )
    placed = {order_id for order_id, _ in opened}
    stopping.tell(orders=[order for order in ready if order.pk in placed])
    return [_placed(key, orders.get(key), key in placed) for key in order_ids]


def _placed(key: int, order: Order | None, is_placed: bool) -> Answer:
    if order is None:
        return Answer(key, None, UnknownOrder("There is no such order."))
    if is_placed:
        return Answer(key, order)
    if order.closed_at is not None:
        closed = f"Order {order.number} is {order.get_status_display().lower()}."
        return Answer(key, order, OrderClosed(closed))
    return Answer(key, order, AlreadyOnHold(f"Order {order.number} has an open hold of this type."))


def _release(order_ids: Sequence[int], type: str, reason: str) -> list[Answer]:
    orders = _lock(order_ids)
    refused = _refused(list(orders.values()), type)
    ready = [order for order in orders.values() if order.pk not in refused]
    lifted = lift_many(orders=ready, types={order.pk: {type} for order in ready}, reason=reason)
    done = {hold.order_id for hold in lifted}
    if type == Hold.Type.CREDIT:
        trusted = [order for order in ready if order.pk in done]
        crediting.take(orders=trusted, authorized_by=current().actor)
    return [_released_answer(key, orders.get(key), done, refused) for key in order_ids]


def _refused(orders: Sequence[Order], type: str) -> Mapping[int, OmsError]:
    """Orders on hold whose hold is not for the one who acts to lift."""
    if type not in authority.GUARDED_HOLDS:
        return {}
    waiting = Hold.objects.filter(order__in=orders, type=type, released_at=None)
    held = set(waiting.values_list("order_id", flat=True))
    mine = authority.of_actor()
    if type == Hold.Type.APPROVAL:
        decide = NeedsDecision("Approve or reject the order: its hold ends with that.")
        return {} if mine.is_automatic else dict.fromkeys(held, decide)
    found = {
        order.pk: authority.shortfall(mine, amount=order.owed_amount, currency=order.currency)
        for order in orders
        if order.pk in held
    }
    return {key: error for key, error in found.items() if error is not None}


def _released_answer(
    key: int, order: Order | None, done: Collection[int], refused: Mapping[int, OmsError]
) -> Answer:
    if order is None:
        return Answer(key, None, UnknownOrder("There is no such order."))
    if key in refused:
        return Answer(key, order, refused[key])
    if key in done:
        return Answer(key, order)
    return Answer(key, order, NotOnHold(f"Order {order.number} has no open hold of this type."))


@needs_transaction
def lift(*, orders: Sequence[Order], type: str, reason: str) -> int:
    """This function will lift holds of one type and let the orders without others move on.

    :returns: how many holds were lifted.
    """
    types = {order.pk: {type} for order in orders}
    return len(lift_many(orders=orders, types=types, reason=reason))


@needs_transaction
def lift_many(
    *, orders: Sequence[Order], types: Mapping[int, Collection[str]], reason: str
) -> list[Hold]:
    """This function will lift the holds of the named types, by order key, and let each order go on
    with what no other hold stops. The caller has locked the orders.

    An order that waits only for stock or a route by then is routed again.

    :returns: the holds that were lifted.
    """
    open_holds = list(
        Hold.objects.select_for_update().filter(order__in=orders, released_at=None).order_by("pk")
    )
    lifted = [hold for hold in open_holds if hold.type in types.get(hold.order_id, ())]
    if not lifted:
        return []
    _close(lifted, reason)
    left: dict[int, list[Hold]] = defaultdict(list)
    for hold in open_holds:
        if hold.released_at is None:
            left[hold.order_id].append(hold)
    by_key = {order.pk: order for order in orders}
    emitting.emit_many([_released(by_key[h.order_id], h, len(left[h.order_id])) for h in lifted])
    stopping.tell(orders=[by_key[key] for key in sorted({hold.order_id for hold in lifted})])
    _move_on(lifted, left, by_key)
    return lifted


def _close(lifted: Sequence[Hold], reason: str) -> None:
    now, actor = clock.now(), current().actor
    for hold in lifted:
        hold.released_at, hold.released_by, hold.release_reason = now, actor, reason[:200]
    names = ("released_at", "released_by", "release_reason")
    bulk.update_rows(
        Hold, [{"id": h.pk, **{name: getattr(h, name) for name in names}} for h in lifted]
    )


def _move_on(
    lifted: Sequence[Hold], left: Mapping[int, Sequence[Hold]], orders: Mapping[int, Order]
) -> None:
    """Only where the hold that went had stopped the routing, and no person's hold does so still."""
    went: dict[int, set[str]] = defaultdict(set)
    for hold in lifted:
        if stopping.ROUTING in hold.scopes:
            went[hold.order_id].add(hold.type)
    stays = {
        key: {hold.type for hold in left.get(key, ()) if stopping.ROUTING in hold.scopes}
        for key in went
    }
    committing.resume(orders=[orders[key] for key in went if not stays[key]])
    waiting = [orders[key] for key in went if stays[key] and stays[key] <= ROUTED]
    _route_again([order for order in waiting if not went[order.pk] & ROUTED])


def _route_again(orders: Sequence[Order]) -> None:
    """What they wait for may have come while a person's hold kept them."""
    if not orders:
        return
    now = clock.now()
    items = routing_requests.with_lines(orders)
    routed = committing.route(orders=items, at={order.pk: now for order in orders})
    served = [order for order in orders if order.pk in routed.settled]
    lift_many(orders=served, types={order.pk: ROUTED for order in served}, reason="Routed again.")


def _released(order: Order, hold: Hold, open_holds: int) -> HoldReleased:
    assert hold.released_at is not None
    return HoldReleased(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=hold.released_at,
        hold_type=hold.type,
        open_holds=open_holds,
        reason=hold.release_reason,
    )
