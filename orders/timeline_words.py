"""The story of an order in words: one sentence a fact for staff, a smaller set for customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from orders import parcel_words, timeline_clock
from orders.rules import RULES
from orders.timeline_clock import Data


@dataclass(frozen=True, slots=True)
class Places:
    """What nodes are called: a city for a primary key or a code."""

    by_id: Mapping[int, str] = field(default_factory=dict)
    by_code: Mapping[str, str] = field(default_factory=dict)

    def of(self, data: Data) -> str:
        return self.by_id.get(data.get("node_id") or 0, "") or gettext("the node")

    def of_codes(self, codes: list[str]) -> str:
        return ", ".join(dict.fromkeys(self.by_code.get(code, code) for code in codes))


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence and its tone."""

    text: str
    tone: str = ""


_HOLDS: Mapping[str, str | Promise] = {
    "address": _("the address needs a look"),
    "contact": _("the recipient cannot be reached"),
    "restriction": _("of restricted goods"),
    "credit": _("of the credit limit"),
    "price": _("of a price or tax"),
    "quantity": _("of an unusual quantity"),
    "approval": _("it needs an approval"),
    "duplicate": _("it may be a duplicate"),
    "fraud": _("of a fraud check"),
    "payment": _("of the payment"),
    "stock": _("nothing is in stock"),
    "routing": _("no route was found"),
    "operator": _("a person asked for it"),
    "customer": _("the customer asked for it"),
}
_MOVES: Mapping[str, tuple[str | Promise, str]] = {
    "in_transit": (_("On its way"), "info"),
    "out_for_delivery": (_("Out for delivery"), "info"),
    "available_for_pickup": (_("Ready for pickup"), "info"),
    "delivery_attempted": (_("Delivery was attempted"), "warn"),
    "exception": (_("Delayed by the carrier"), "warn"),
    "returning": (_("On its way back to the sender"), "warn"),
    "returned_to_sender": (_("Returned to the sender"), "bad"),
}


def for_staff(*, kind: str, data: Data, places: Places | None = None) -> Words:
    """This function will return the sentence of a timeline entry, with all that staff may know.

    A fact without words of its own is told by its name, so that none is ever hidden.
    """
    teller = _STAFF.get(kind)
    return teller(data, places or Places()) if teller else Words(_plain(kind))


def for_customer(*, kind: str, data: Data, places: Places | None = None) -> Words | None:
    """This function will return the sentence a customer reads, or None for what is not theirs."""
    teller = _PUBLIC.get(kind)
    return teller(data, places or Places()) if teller else None


def _plain(kind: str) -> str:
    """`orders.order.received.v1` → "Order received"."""
    parts = kind.split(".")
    return " ".join(parts[1:-1] if len(parts) > 2 else parts).replace("_", " ").capitalize()


def _received(data: Data, places: Places) -> Words:
    units = data.get("units") or 0
    said = ngettext("Received with %(n)d unit", "Received with %(n)d units", units) % {"n": units}
    return Words(said, "info")


def _confirmed(data: Data, places: Places) -> Words:
    return Words(gettext("Confirmed"), "ok")


def _held(data: Data, places: Places) -> Words:
    why = _HOLDS.get(data.get("hold_type", ""), "")
    text = gettext("Put on hold because %(why)s") % {"why": why} if why else gettext("Put on hold")
    said = data.get("reason")
    return Words(f"{text}. {said}" if said else text, "hold")


def _hold_lifted(data: Data, places: Places) -> Words:
    left = data.get("open_holds") or 0
    if not left:
        return Words(_because(gettext("Hold released"), data), "ok")
    said = ngettext("Hold released, %(n)d more is open", "Hold released, %(n)d more are open", left)
    return Words(said % {"n": left})


def _overdue(data: Data, places: Places) -> Words:
    why = _HOLDS.get(data.get("hold_type", ""), "")
    return Words(
        gettext("Nobody answered in time; it is on hold because %(why)s") % {"why": why}, "bad"
    )


def _approval_asked(data: Data, places: Places) -> Words:
    amount = f"{data.get('amount', '')} {data.get('currency', '')}"
    if (data.get("level") or 1) > 1:
        text = gettext("An administrator is asked to approve %(amount)s")
    else:
        text = gettext("An approval of %(amount)s is asked for")
    return Words(_because(text % {"amount": amount}, data), "hold")


def _approval_decided(data: Data, places: Places) -> Words:
    if data.get("is_approved"):
        return Words(_because(gettext("Approved"), data), "ok")
    return Words(_because(gettext("Not approved"), data), "bad")


def _tagged(data: Data, places: Places) -> Words:
    signs = [f"+{tag}" for tag in data.get("added") or []]
    signs += [f"−{tag}" for tag in data.get("removed") or []]
    return Words(gettext("Tags: %(tags)s") % {"tags": ", ".join(signs)})


def _attached(data: Data, places: Places) -> Words:
    size = filesizeformat(data.get("size_bytes") or 0)
    said = {"kind": data.get("media_type", ""), "size": size}
    return Words(gettext("A file was attached (%(kind)s, %(size)s)") % said)


def _overridden(data: Data, places: Places) -> Words:
    rule = RULES.get(data.get("rule", ""))
    text = gettext("%(rule)s overridden") % {"rule": rule.name if rule else data.get("rule", "")}
    return Words(_because(text, data), "warn")


_CHANGES: Mapping[str, str | Promise] = {
    "change_quantity": _("quantity"),
    "add_line": _("item added"),
    "remove_line": _("item removed"),
    "change_price": _("price"),
    "change_shipping": _("shipping"),
    "change_tier": _("service level"),
    "change_address": _("address"),
    "allow_parts": _("shipping in parts"),
}


def _edited(data: Data, places: Places) -> Words:
    what = ", ".join(str(_CHANGES.get(name, name)) for name in data.get("changes") or [])
    text = gettext("Changed: %(what)s") % {"what": what}
    old, new = data.get("old_total"), data.get("new_total")
    if old != new:
        totals = {"old": old, "new": new, "currency": data.get("currency", "")}
        text += gettext(" (%(old)s → %(new)s %(currency)s)") % totals
    return Words(_because(text, data), "info")


def _replaced(data: Data, places: Places) -> Words:
    units = data.get("units") or 0
    said = ngettext(
        "%(n)d unit is sent again with order %(number)s",
        "%(n)d units are sent again with order %(number)s",
        units,
    ) % {"n": units, "number": data.get("replacement_number", "")}
    return Words(_because(said, data), "info")


def _because(text: str, data: Data) -> str:
    reason = data.get("reason")
    return f"{text}. {reason}" if reason else text


def _released(data: Data, places: Places) -> Words:
    where = places.of_codes(data.get("node_codes") or [])
    return Words(gettext("Sent to %(place)s to be picked") % {"place": where}, "info")


def _routed(data: Data, places: Places) -> Words:
    codes = data.get("node_codes") or []
    if not codes:
        return Words(gettext("No place could serve it"), "bad")
    return Words(
        gettext("%(place)s was chosen to ship") % {"place": places.of_codes(codes)}, "info"
    )


def _queued(data: Data, places: Places) -> Words:
    units = data.get("units") or 0
    said = ngettext("%(n)d unit is not in stock", "%(n)d units are not in stock", units)
    return Words(_until(said % {"n": units}, data), "warn")


def _filled(data: Data, places: Places) -> Words:
    units = data.get("units") or 0
    said = ngettext(
        "%(n)d unit arrived for it in %(place)s", "%(n)d units arrived for it in %(place)s", units
    )
    return Words(said % {"n": units, "place": places.of(data)}, "ok")


def _of_parcels(tell: Callable[[Data, str], str]) -> Callable[[Data, Places], Words]:
    return lambda data, places: Words(tell(data, places.of(data)), "info")


def _until(text: str, data: Data) -> str:
    day = timeline_clock.day(data.get("promised_on"))
    return gettext("%(text)s, expected %(day)s") % {"text": text, "day": day} if day else text


def _at(text: Callable[[], str], tone: str = "info") -> Callable[[Data, Places], Words]:
    return lambda data, places: Words(text() % {"place": places.of(data)}, tone)


def _on_time(told: Callable[[Data], tuple[str, str]]) -> Callable[[Data, Places], Words]:
    return lambda data, places: Words(*told(data))


def _said(text: Callable[[], str], tone: str = "") -> Callable[[Data, Places], Words]:
    return lambda data, places: Words(text(), tone)


def _reasoned(text: Callable[[], str], tone: str = "") -> Callable[[Data, Places], Words]:
    return lambda data, places: Words(_because(text(), data), tone)


def _label_bought(data: Data, places: Places) -> Words:
    number = data.get("tracking_number", "")
    return Words(gettext("Label bought, tracking number %(number)s") % {"number": number}, "info")


def _label_refused(data: Data, places: Places) -> Words:
    code = str(data.get("error_code", "")).replace("_", " ")
    return Words(gettext("The carrier refused the label: %(why)s") % {"why": code}, "bad")


def _moved(data: Data, places: Places) -> Words:
    text, tone = _MOVES.get(data.get("status", ""), (_("Seen by the carrier"), "info"))
    return Words(_in_city(str(text), data), tone)


def _delivered_parcel(data: Data, places: Places) -> Words:
    return Words(_in_city(gettext("Delivered"), data), "ok")


def _in_city(text: str, data: Data) -> str:
    city = data.get("city")
    return f"{text}, {city}" if city else text


def _done(data: Data, places: Places) -> Words:
    if data.get("is_on_time"):
        return Words(gettext("Everything arrived, on time"), "ok")
    return Words(gettext("Everything arrived, later than promised"), "warn")


_MONEY: Mapping[str, tuple[str | Promise, str]] = {
    "authorized": (_("%(amount)s authorized"), "info"),
    "captured": (_("%(amount)s paid"), "ok"),
    "refunded": (_("%(amount)s refunded"), "info"),
    "goodwill": (_("%(amount)s given back for goodwill"), "info"),
    "voided": (_("Authorization of %(amount)s voided"), ""),
}


def _paid(data: Data, places: Places) -> Words:
    text, tone = _MONEY.get(data.get("kind", ""), (_("%(amount)s moved"), ""))
    return Words(str(text) % {"amount": _sum(data)}, tone)


def _refund_due(data: Data, places: Places) -> Words:
    if not Decimal(data.get("amount") or 0):
        return Words(gettext("Nothing is to be refunded any more"), "ok")
    return Words(gettext("%(amount)s are to be refunded") % {"amount": _sum(data)}, "warn")


def _sum(data: Data) -> str:
    return f"{data.get('amount')} {data.get('currency')}"


_STAFF: Mapping[str, Callable[[Data, Places], Words]] = {
    "orders.order.received.v1": _received,
    "orders.order.confirmed.v1": _confirmed,
    "orders.order.held.v1": _held,
    "orders.hold.released.v1": _hold_lifted,
    "orders.hold.overdue.v1": _overdue,
    "orders.approval.requested.v1": _approval_asked,
    "orders.approval.decided.v1": _approval_decided,
    "orders.approval.expired.v1": _said(
        lambda: gettext("Nobody approved it in time; it is asked for at a higher level"), "bad"
    ),
    "orders.order.tagged.v1": _tagged,
    "orders.note.added.v1": _said(lambda: gettext("A note was added")),
    "orders.attachment.added.v1": _attached,
    "orders.order.rejected.v1": _reasoned(lambda: gettext("Rejected"), "bad"),
    "orders.rule.overridden.v1": _overridden,
    "orders.order.released.v1": _released,
    "orders.order.cancelled.v1": _reasoned(lambda: gettext("Cancelled")),
    "orders.order.expired.v1": _reasoned(lambda: gettext("Expired"), "bad"),
    "orders.payment.recorded.v1": _paid,
    "orders.refund.due.v1": _refund_due,
    "orders.order.edited.v1": _edited,
    "orders.order.replaced.v1": _replaced,
    "orders.lines.cancelled.v1": _reasoned(lambda: gettext("A part was cancelled"), "warn"),
    "orders.cancellation.asked.v1": _said(lambda: gettext("Can it still be stopped?"), "warn"),
    "orders.cancellation.refused.v1": _reasoned(lambda: gettext("Too late to cancel"), "warn"),
    "orders.order.shipped.v1": _said(lambda: gettext("Everything has left"), "info"),
    "orders.order.delivered.v1": _done,
    "orders.order.at_risk.v1": _on_time(timeline_clock.at_risk),
    "orders.order.rescheduled.v1": _on_time(timeline_clock.rescheduled),
    "orders.order.split.v1": _of_parcels(parcel_words.order_split),
    "orders.work.split.v1": _of_parcels(parcel_words.work_split),
    "orders.work.merged.v1": _of_parcels(parcel_words.work_merged),
    "orders.work.unmerged.v1": _of_parcels(parcel_words.work_unmerged),
    "orders.order.completed.v1": _said(lambda: gettext("Completed"), "ok"),
    "routing.decision.made.v1": _routed,
    "inventory.stock.missing.v1": _at(
        lambda: gettext("Stock was missing in %(place)s; it is routed again"), "warn"
    ),
    "inventory.backorder.queued.v1": _queued,
    "inventory.backorder.filled.v1": _filled,
    "inventory.promise.moved.v1": _on_time(timeline_clock.promise_moved),
    "orders.promise.moved.v1": _on_time(timeline_clock.promise_moved),
    "warehouse.work.picked.v1": _at(lambda: gettext("Picked in %(place)s")),
    "warehouse.work.short.v1": _at(lambda: gettext("Not enough there in %(place)s"), "warn"),
    "warehouse.work.packed.v1": _at(lambda: gettext("Packed in %(place)s")),
    "warehouse.work.handed_over.v1": _at(lambda: gettext("Handed to the carrier in %(place)s")),
    "carriers.label.bought.v1": _label_bought,
    "carriers.label.refused.v1": _label_refused,
    "carriers.label.in_doubt.v1": _said(
        lambda: gettext("The carrier did not answer; the label is being looked up"), "warn"
    ),
    "carriers.shipment.moved.v1": _moved,
    "carriers.shipment.delivered.v1": _delivered_parcel,
    "carriers.shipment.lost.v1": _said(lambda: gettext("The carrier lost the parcel"), "bad"),
    "carriers.shipment.returned.v1": _said(
        lambda: gettext("The parcel is back at the sender"), "bad"
    ),
    "returns.return.requested.v1": _said(lambda: gettext("A return was requested"), "info"),
    "returns.return.received.v1": _said(lambda: gettext("A return arrived"), "info"),
    "returns.return.closed.v1": _said(lambda: gettext("The return is settled"), "ok"),
}

_PUBLIC: Mapping[str, Callable[[Data, Places], Words]] = {
    "orders.order.received.v1": _said(lambda: gettext("We have your order"), "info"),
    "orders.order.confirmed.v1": _confirmed,
    "orders.order.cancelled.v1": _said(lambda: gettext("Cancelled")),
    "orders.order.expired.v1": _said(lambda: gettext("Cancelled: it was not paid in time")),
    "orders.order.edited.v1": _said(lambda: gettext("Your order was changed"), "info"),
    "orders.order.replaced.v1": _said(lambda: gettext("We are sending it again"), "info"),
    "inventory.promise.moved.v1": _on_time(timeline_clock.promise_moved),
    "orders.promise.moved.v1": _on_time(timeline_clock.promise_moved),
    "warehouse.work.packed.v1": _at(lambda: gettext("Packed in %(place)s")),
    "warehouse.work.handed_over.v1": _at(lambda: gettext("Handed to the carrier in %(place)s")),
    "carriers.shipment.moved.v1": _moved,
    "carriers.shipment.delivered.v1": _delivered_parcel,
    "carriers.shipment.lost.v1": _said(
        lambda: gettext("The carrier cannot find the parcel; we are on it"), "bad"
    ),
    "carriers.shipment.returned.v1": _said(
        lambda: gettext("The parcel came back to us; we are on it"), "warn"
    ),
    "returns.return.requested.v1": _said(lambda: gettext("Return requested"), "info"),
    "returns.return.received.v1": _said(lambda: gettext("Return arrived"), "info"),
    "returns.return.closed.v1": _said(lambda: gettext("Return settled"), "ok"),
}
