"""Edits of orders in two steps: what one does is shown first, and exactly that is done, or nothing.

The preview carries the edit out and takes it back, so both are one path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from oms.core import clock
from oms.core.context import current
from oms.core.errors import Conflict, Invalid, NotFound
from oms.core.transactions import use_case
from oms.infra.outbox.services import emitting
from orders.events import OrderEdited
from orders.models import Amendment, Order
from orders.selectors import orders as selectors
from orders.services.amending import actions as kinds
from orders.services.amending import addressing, applying, standing
from orders.types import RecipientDraft

State = Amendment.State

MAX_REASON = 200


class UnknownAmendment(NotFound):
    code = "orders.unknown_amendment"


class AmendmentOpen(Conflict):
    """One change at a time: confirm or discard the open one first."""

    code = "orders.amendment_open"


class AmendmentClosed(Conflict):
    """It was confirmed or discarded before."""

    code = "orders.amendment_closed"


class OrderChanged(Conflict):
    """The order is not what it was when the change was looked at; look again."""

    code = "orders.changed"


class OutcomeChanged(Conflict):
    """Confirmed now it would do something else than was shown; look at the fresh preview."""

    code = "orders.outcome_changed"


class ReasonRequired(Invalid):
    code = "orders.reason_required"


class _Undo(Exception):
    """Takes a preview back."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Another recipient among the actions; it is sealed before anything is stored."""

    draft: RecipientDraft


Given = Mapping[str, Any] | Recipient


@use_case
def begin(
    *,
    order_id: int,
    actions: Sequence[Given],
    reason: str = "",
    within: Callable[[Amendment], None] | None = None,
) -> Amendment:
    """This function will open a change of an order and preview it; `within` is called with it
    before the commit.

    :raises AmendmentOpen: another one is open.
    :raises NotEditable, InvalidAmendment, CannotRemove: as `applying.apply`; nothing is stored.
    """
    order = _lock_order(order_id)
    _require_none_open(order)
    amendment = Amendment(
        order=order,
        base_version=order.version,
        actions=kinds.as_data(_parse(order, actions)),
        author=current().actor,
        reason=reason[:MAX_REASON],
    )
    begun = _preview(order, amendment)
    if within is not None:
        within(begun)
    return begun


@use_case
def change(*, public_id: str, actions: Sequence[Given], reason: str = "") -> Amendment:
    """This function will put other actions in the place of an open change's and preview them.

    :raises UnknownAmendment, AmendmentClosed: there is none that is open.
    :raises NotEditable, InvalidAmendment, CannotRemove: as `begin`; nothing changes.
    """
    order, amendment = _lock(public_id)
    amendment.actions = kinds.as_data(_parse(order, actions))
    amendment.reason = reason[:MAX_REASON] or amendment.reason
    return _preview(order, amendment)


@use_case
def preview(*, public_id: str) -> Amendment:
    """This function will compute again what a change does and remember it; the order, its stock
    and its work stay as they are.

    :raises UnknownAmendment, AmendmentClosed: there is none that is open.
    :raises NotEditable, InvalidAmendment, CannotRemove: it cannot be done any more.
    """
    return _preview(*_lock(public_id))


@use_case
def confirm(*, public_id: str, version: int, token: str = "", reason: str = "") -> Amendment:
    """This function will do exactly what the last preview showed.

    `version` is the order's, as the caller knows it; `token` names the outcome he saw.

    :raises UnknownAmendment, AmendmentClosed: there is none that is open.
    :raises ReasonRequired: nobody said why.
    :raises OrderChanged: the order has another version; names it and what may be done.
    :raises OutcomeChanged: it would do something else by now; holds the fresh preview.
    :raises NotEditable, InvalidAmendment, CannotRemove: it cannot be done any more.
    """
    order, amendment = _lock(public_id)
    amendment.reason = reason[:MAX_REASON] or amendment.reason
    _require_seen(amendment, token)
    return _confirm(order, amendment, version)


@use_case
def look(*, order_id: int, actions: Sequence[Given]) -> tuple[int, dict[str, Any]]:
    """This function will return the order's version and what the actions would do now; nothing is
    stored.

    :raises NotEditable, InvalidAmendment, CannotRemove: as `begin`.
    """
    order = _lock_order(order_id)
    return order.version, _simulate(order, actions)


@use_case
def edit(
    *, order_id: int, actions: Sequence[Given], version: int, token: str, reason: str
) -> Amendment:
    """This function will do at once what `look` showed: a change begun and confirmed in one step.

    :raises AmendmentOpen: somebody else's change is open.
    :raises ReasonRequired, OrderChanged, OutcomeChanged: as `confirm`; nothing changes.
    :raises NotEditable, InvalidAmendment, CannotRemove: as `begin`.
    """
    order = _lock_order(order_id)
    _require_none_open(order)
    amendment = Amendment(
        order=order,
        base_version=order.version,
        actions=kinds.as_data(_parse(order, actions)),
        outcome={"token": token},
        author=current().actor,
        reason=reason[:MAX_REASON],
    )
    return _confirm(order, amendment, version)


def _confirm(order: Order, amendment: Amendment, version: int) -> Amendment:
    if not amendment.reason.strip():
        raise ReasonRequired("Say why the order is changed.")
    _require_version(order, version)
    outcome = applying.apply(order_id=order.pk, actions=kinds.parse(amendment.actions))
    if outcome["token"] != amendment.outcome["token"]:
        raise OutcomeChanged(
            "What it would do has changed since it was looked at; see the fresh preview.",
            data={"preview": outcome, "version": order.version},
        )
    amendment.outcome = outcome
    _close(amendment, State.CONFIRMED)
    emitting.emit(_edited(Order.objects.get(pk=order.pk), amendment))
    return amendment


@use_case
def discard(*, public_id: str) -> Amendment:
    """This function will close a change without doing it.

    :raises UnknownAmendment, AmendmentClosed: there is none that is open.
    """
    _, amendment = _lock(public_id)
    return _close(amendment, State.DISCARDED)


def get_for(*, organization_id: int, order_ref: str, public_id: str) -> Amendment:
    """This function will return a change of an order of the organization.

    :raises UnknownAmendment: there is none.
    """
    found = (
        Amendment.objects.select_related("order")
        .filter(order__organization_id=organization_id, order__public_id=order_ref)
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise UnknownAmendment("The order has no such amendment.")
    return found


def _lock_order(order_id: int) -> Order:
    """The order, which is refused when nothing about it can be changed."""
    orders = Order.objects.select_for_update(of=("self",)).select_related("customer")
    order = orders.get(pk=order_id)
    standing.require_editable(order)
    return order


def _require_none_open(order: Order) -> None:
    opened = Amendment.objects.filter(order=order, state=State.OPEN).first()
    if opened is not None:
        raise AmendmentOpen(
            f"A change of order {order.number} is open; confirm or discard that first.",
            data={"amendment": opened.public_id},
        )


def _lock(public_id: str) -> tuple[Order, Amendment]:
    """The order first, then its amendment: two who confirm at once meet at the order."""
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("customer")
        .filter(amendments__public_id=public_id)
        .first()
    )
    if order is None:
        raise UnknownAmendment("There is no such amendment.")
    amendment = Amendment.objects.select_for_update().get(public_id=public_id)
    if amendment.state != State.OPEN:
        raise AmendmentClosed(f"The amendment is {amendment.get_state_display().lower()}.")
    return order, amendment


def _parse(order: Order, given: Sequence[Given]) -> list[kinds.Action]:
    plain = [
        {"action": "change_address", "contact": addressing.seal(order, item.draft)}
        if isinstance(item, Recipient)
        else item
        for item in given
    ]
    return kinds.parse(plain)


def _preview(order: Order, amendment: Amendment) -> Amendment:
    amendment.outcome = _simulate(order, amendment.actions)
    amendment.base_version = order.version
    amendment.version += 1
    amendment.save()
    return amendment


def _simulate(order: Order, actions: Sequence[Given]) -> dict[str, Any]:
    """Does it and takes it back."""
    outcome: dict[str, Any] = {}
    try:
        with transaction.atomic():
            outcome = applying.apply(order_id=order.pk, actions=_parse(order, actions))
            raise _Undo
    except _Undo:
        pass
    return outcome


def _require_version(order: Order, version: int) -> None:
    if order.version != version:
        raise OrderChanged(
            f"Order {order.number} has version {order.version} by now; look at it again.",
            data={
                "version": order.version,
                "allowed_actions": selectors.allowed_actions(order),
            },
        )


def _require_seen(amendment: Amendment, token: str) -> None:
    if token and token != amendment.outcome.get("token"):
        raise OutcomeChanged(
            "Somebody looked at it again since and saw something else; see the preview.",
            data={"preview": amendment.outcome, "version": amendment.base_version},
        )


def _close(amendment: Amendment, state: str) -> Amendment:
    amendment.state = state
    amendment.closed_by, amendment.closed_at = current().actor, clock.now()
    amendment.version += 1
    amendment.save()
    return amendment


def _edited(order: Order, amendment: Amendment) -> OrderEdited:
    outcome = amendment.outcome
    return OrderEdited(
        organization_id=order.organization_id,
        order_ref=order.public_id,
        number=str(order.number),
        occurred_at=clock.now(),
        amendment_ref=amendment.public_id,
        version=order.version,
        changes=sorted({item["action"] for item in amendment.actions}),
        lines=[
            (row["line"], row["sku"], row["old_units"], row["new_units"])
            for row in outcome["lines"]
        ],
        old_total=outcome["money"]["old_total"],
        new_total=outcome["money"]["new_total"],
        currency=order.currency,
        old_promised_on=outcome["promise"]["old_on"] or "",
        promised_on=outcome["promise"]["new_on"] or "",
        reason=amendment.reason,
    )
