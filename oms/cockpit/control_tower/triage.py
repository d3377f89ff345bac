"""Says what each fact means for cases: which it opens and which are over. Pure; writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from carriers import events as carrier_events
from oms.cockpit.control_tower.models import Case
from oms.cockpit.control_tower.services.cases import CaseDraft, Healed
from oms.core.events import Event
from oms.infra.outbox.subscriptions import Delivered
from orders import events as order_events

Kind = Case.Kind
Step = CaseDraft | Healed
Fact = Delivered[Any]

_KIND_OF_HOLD = {"stock": Kind.NO_STOCK, "routing": Kind.NO_ROUTE}
_OF_ORDER = (Kind.HOLD, Kind.NO_STOCK, Kind.NO_ROUTE)


def steps(fact: Fact) -> list[Step]:
    """This function will return what to do about one fact, in order."""
    return _RULES[fact.name](fact)


def _draft(fact: Fact, kind: str, subject: str, reference: str, why: str, **more: Any) -> CaseDraft:
    return CaseDraft(
        kind=kind,
        subject_kind=subject,
        subject_ref=reference,
        organization_id=fact.organization_id,
        correlation_id=fact.correlation_id,
        label=getattr(fact.event, "number", ""),
        why=why,
        opened_at=fact.occurred_at,
        **more,
    )


def _order_is_over(fact: Fact, resolution: str, *kinds: str) -> Healed:
    return Healed(kinds or _OF_ORDER, "order", fact.event.order_ref, resolution, fact.occurred_at)


def _shipment_is_over(fact: Fact, resolution: str, *kinds: str) -> Healed:
    return Healed(kinds, "shipment", fact.event.shipment_ref, resolution, fact.occurred_at)


def _held(fact: Fact) -> list[Step]:
    event = fact.event
    kind = _KIND_OF_HOLD.get(event.hold_type, Kind.HOLD)
    return [_draft(fact, kind, "order", event.order_ref, event.reason, due_at=event.due_at)]


def _hold_released(fact: Fact) -> list[Step]:
    """A hold of another type may share the case of kind "hold": it stays until the last one."""
    own = _KIND_OF_HOLD.get(fact.event.hold_type)
    if fact.event.open_holds == 0:
        return [_order_is_over(fact, _("Hold released"))]
    return [_order_is_over(fact, _("Hold released"), own)] if own else []


def _order_ended(fact: Fact) -> list[Step]:
    return [_order_is_over(fact, _("Order closed"))]


def _label_refused(fact: Fact) -> list[Step]:
    code = fact.event.error_code.rpartition(".")[2].replace("_", " ")
    why = _("The carrier refused the label: %(code)s") % {"code": code}
    return [_draft(fact, Kind.LABEL_FAILED, "shipment", fact.event.shipment_ref, why)]


def _label_bought(fact: Fact) -> list[Step]:
    return [_shipment_is_over(fact, _("Label bought"), Kind.LABEL_FAILED)]


def _moved(fact: Fact) -> list[Step]:
    event = fact.event
    if event.status != "exception":
        return [_shipment_is_over(fact, _("Moving again"), Kind.DELIVERY_EXCEPTION)]
    place = ", ".join(filter(None, [event.city, event.region]))
    why = _("The carrier reports a problem in %(place)s") % {"place": place or event.country}
    return [_draft(fact, Kind.DELIVERY_EXCEPTION, "shipment", event.shipment_ref, why)]


def _arrived(fact: Fact) -> list[Step]:
    kinds = (Kind.DELIVERY_EXCEPTION, Kind.LOST, Kind.LABEL_FAILED)
    return [_shipment_is_over(fact, _("Delivered"), *kinds)]


def _lost(fact: Fact) -> list[Step]:
    why = _("The carrier gave the parcel up")
    return [
        _shipment_is_over(fact, _("Lost"), Kind.DELIVERY_EXCEPTION),
        _draft(fact, Kind.LOST, "shipment", fact.event.shipment_ref, why),
    ]


def _came_back(fact: Fact) -> list[Step]:
    why = _("The parcel came back to the sender")
    return [
        _shipment_is_over(fact, _("Returned to sender"), Kind.DELIVERY_EXCEPTION, Kind.LOST),
        _draft(fact, Kind.RETURNED_TO_SENDER, "shipment", fact.event.shipment_ref, why),
    ]


_RULES_OF: dict[type[Event], Callable[[Fact], list[Step]]] = {
    order_events.OrderHeld: _held,
    order_events.HoldReleased: _hold_released,
    order_events.OrderRejected: _order_ended,
    order_events.OrderCancelled: _order_ended,
    order_events.OrderDelivered: _order_ended,
    carrier_events.LabelRefused: _label_refused,
    carrier_events.LabelBought: _label_bought,
    carrier_events.ShipmentMoved: _moved,
    carrier_events.ShipmentDelivered: _arrived,
    carrier_events.ShipmentLost: _lost,
    carrier_events.ShipmentReturned: _came_back,
}
_RULES = {event.NAME: rule for event, rule in _RULES_OF.items()}

#: Everything that opens or closes a case.
EVENTS = tuple(_RULES_OF)
