"""What the page of an order says: a constant number of statements, nothing saved.

The recipient is opened only for those whose role may see personal data, and that is written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from carriers.selectors import shipments as shipment_selectors
from inventory.nodes import selectors as nodes
from oms.core.admin import cells, links
from oms.core.admin.pages import Facts, Moment, Page, Sentences, Story, Table
from oms.infra.accounts import selectors as accounts
from oms.infra.contacts.services import vault
from orders import timeline_words, tracking_links
from orders.admin import (
    cancelling,
    checks,
    milestone_blocks,
    money,
    papers,
    parcels,
    promise_blocks,
    words,
)
from orders.models import FulfillmentOrder, Hold, Order
from orders.selectors import orders as selectors
from orders.timeline_words import Places
from routing.selectors import decisions, explanations

#: Newest entries of a story that a page shows.
STORY = 200
#: Sentences of a decision told here; its own page has all.
RIVALS = 4


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is read once and used by several blocks."""

    order: Order
    works: Sequence[FulfillmentOrder]
    holds: Sequence[Hold]
    places: Places


def build(request: HttpRequest, order: Order) -> Page:
    """This function will return the whole page of an order."""
    works = list(order.fulfillment_orders.all())
    holds = sorted(order.holds.all(), key=lambda h: (h.released_at is not None, -h.pk))
    seen = _Seen(order, works, holds, _places(works))
    return Page(
        name=gettext("Order %(number)s") % {"number": order.number},
        pills=_pills(seen),
        lead=_lead(order),
        top=[milestone_blocks.track(order)],
        main=[
            _lines(order),
            _shipments(seen),
            _works(seen),
            *money.payments(order),
            *cancelling.history(order),
            *_decision(order),
            promise_blocks.history(order),
            _story(seen),
        ],
        side=[
            _recipient(request, order),
            money.block(order),
            _holds(seen),
            checks.block(order),
            *papers.blocks(request, order),
            _facts(order),
        ],
    )


def _places(works: Sequence[FulfillmentOrder]) -> Places:
    known = [work.node for work in works]
    return Places({n.pk: n.city for n in known}, {n.code: n.city for n in known})


def _pills(seen: _Seen) -> list[Any]:
    order = seen.order
    waiting = [words.hold_pill(hold) for hold in seen.holds if hold.released_at is None]
    where = words.fulfillment_pill(selectors.derived_fulfillment(order))
    risk = milestone_blocks.at_risk_pill(order)
    return [cells.status(order), *words.pending_pill(order), where, *risk, *waiting]


def _lead(order: Order) -> list[tuple[Any, Any]]:
    waits = any(line.ordered > line.cancelled + line.shipped for line in order.lines.all())
    if order.closed_at is None and waits:
        press = (_("Ship by"), cells.due(order.latest_ship_at))
    else:
        press = (_("Delivered"), cells.ago(order.delivered_at))
    return [
        press,
        (_("Promised"), cells.day(order.promised_on)),
        (_("Placed"), cells.ago(order.placed_at)),
        (_("Total"), cells.amount(order.total_amount, order.currency)),
        *_owed(order),
        (_("To"), cells.place(order.city, order.region, order.country)),
        (_("Service level"), words.level(order)),
    ]


def _owed(order: Order) -> list[tuple[Any, Any]]:
    """What it is worth now, where something was cancelled."""
    if not order.cancelled_amount:
        return []
    return [(_("Still owed"), cells.amount(order.owed_amount, order.currency))]


def _lines(order: Order) -> Table:
    rows = [
        [
            cells.two_lines(line.variant.name, line.sku),
            line.ordered,
            line.allocated,
            line.shipped,
            line.delivered,
            _missing(line),
            cells.amount(line.unit_amount * line.ordered, order.currency),
        ]
        for line in order.lines.all()
    ]
    headers = [
        _("item"),
        _("ordered"),
        _("set aside"),
        _("shipped"),
        _("delivered"),
        _("note"),
        _("amount"),
    ]
    numeric = frozenset(range(1, 7))
    return Table(_("Items"), headers, rows, _("No lines."), numeric=numeric)


def _missing(line: Any) -> Any:
    if line.backordered:
        return cells.pill(gettext("Waits for %(n)d") % {"n": line.backordered}, "warn")
    if line.unallocated:
        return cells.pill(gettext("%(n)d not set aside") % {"n": line.unallocated})
    if line.returned:
        return cells.pill(gettext("%(n)d returned") % {"n": line.returned})
    if line.cancelled:
        return cells.pill(gettext("%(n)d cancelled") % {"n": line.cancelled})
    return cells.NOTHING


def _shipments(seen: _Seen) -> Table:
    found = shipment_selectors.list_for_demands(
        demand_kind="fulfillment_order", demand_refs=selectors.parcel_refs(seen.works)
    )
    rows = [
        [
            cells.link(
                reverse("admin:carriers_shipment_change", args=(parcel.pk,)),
                parcel.tracking_number or gettext("No label yet"),
            ),
            cells.status(parcel),
            cells.two_lines(parcel.service.carrier.name, parcel.service.name),
            seen.places.by_code.get(parcel.origin_code, parcel.origin_code),
            cells.ago(parcel.delivered_at or parcel.last_scan_at or parcel.handed_over_at),
            cells.amount(parcel.cost_amount, parcel.cost_currency),
        ]
        for parcel in found
    ]
    headers = [_("tracking"), _("status"), _("service"), _("from"), _("last seen"), _("cost")]
    empty = _("Nothing is packed yet.")
    return Table(_("Shipments"), headers, rows, empty, numeric=frozenset({5}))


def _works(seen: _Seen) -> Table:
    rows = [
        [
            cells.link(
                reverse("admin:orders_fulfillmentorder_change", args=(work.pk,)), work.node.name
            ),
            cells.pills(cells.status(work), *words.request_pill(work)),
            parcels.parcel_name(work) or cells.NOTHING,
            sum(line.quantity for line in work.lines.all()),
            cells.due(work.latest_ship_at, is_open=work.closed_at is None and not work.packed_at),
        ]
        for work in seen.works
    ]
    headers = [_("node"), _("status"), _("parcel"), _("units"), _("ship by")]
    empty = _("No node has work for it.")
    return Table(_("Work at nodes"), headers, rows, empty, numeric=frozenset({3}))


def _decision(order: Order) -> list[Any]:
    decision = decisions.find_latest(demand_kind="order", demand_ref=order.public_id)
    if decision is None:
        return []
    told = explanations.tell(decision)
    rows = [_candidate(row) for row in told.candidates]
    headers = [_("node"), _("result"), _("service"), _("cost"), _("arrives"), _("distance")]
    link = cells.link(
        reverse("admin:routing_decision_change", args=(decision.pk,)), _("Open the decision")
    )
    return [
        Sentences(_("Why this node"), told.sentences[:RIVALS]),
        Table(
            _("Candidates"),
            headers,
            rows,
            _("There was no candidate."),
            numeric=frozenset({3, 5}),
            note=link,
        ),
    ]


def _candidate(row: explanations.Candidate) -> list[Any]:
    return [
        row.node,
        cells.pill(_("Chosen"), "ok") if row.is_chosen else row.why.capitalize(),
        row.service or cells.NOTHING,
        row.cost or cells.NOTHING,
        row.day or cells.NOTHING,
        gettext("%(km)d km") % {"km": row.km},
    ]


def _recipient(request: HttpRequest, order: Order) -> Facts:
    if not request.user.has_perm("contacts.view_contact"):
        hidden = cells.pill(_("Hidden"))
        note = _("Your role does not include personal data.")
        return Facts(_("Recipient"), [(_("name and address"), hidden)], note=note)
    try:
        person = vault.reveal(contact_id=order.ship_to_id, purpose="admin order page")
    except vault.Erased:
        return Facts(_("Recipient"), [(_("name and address"), cells.pill(_("Erased")))])
    town = " ".join(part for part in (person.postcode, person.city) if part)
    address = [*person.lines, town, person.region, person.country]
    rows: list[tuple[Any, Any]] = [
        (_("name"), person.name or person.company or cells.NOTHING),
        (_("address"), ", ".join(part for part in address if part)),
        (_("phone"), person.phone or cells.NOTHING),
        (_("e-mail"), person.email or cells.NOTHING),
    ]
    return Facts(_("Recipient"), rows, note=_("Opening this page is written down."))


def _holds(seen: _Seen) -> Story:
    names = accounts.names_of(actors={hold.author for hold in seen.holds})
    moments = [
        Moment(
            at=cells.due(hold.due_at) if hold.released_at is None else cells.ago(hold.released_at),
            text=_hold_text(hold),
            who=names[hold.author],
            tone="hold" if hold.released_at is None else "",
        )
        for hold in seen.holds
    ]
    return Story(_("Holds"), moments, empty=_("Nothing ever held it."))


def _hold_text(hold: Hold) -> str:
    if hold.released_at is None:
        return f"{hold.get_type_display()}: {hold.reason}"
    return gettext("%(type)s, released. %(why)s") % {
        "type": hold.get_type_display(),
        "why": hold.release_reason,
    }


def _facts(order: Order) -> Facts:
    tracking = cells.link(tracking_links.path_for(order.public_id), _("Open"))
    family = [
        links.row_link("orders.order", other.pk, f"#{other.number}")
        for other in [order.split_from, *order.split_off.all()]
        if other is not None
    ]
    split: list[tuple[Any, Any]] = [(_("split with"), cells.pills(*family))] if family else []
    return Facts(
        _("About"),
        [
            (_("channel"), order.channel.name),
            (_("channel's reference"), cells.code(order.external_ref)),
            (_("identifier"), cells.code(order.public_id)),
            (_("shipping"), cells.amount(order.shipping_amount, order.currency)),
            (_("tags"), cells.pills(*(cells.pill(tag, "info") for tag in order.tags))),
            (_("customer's page"), tracking),
            *split,
            *_kin(order),
        ],
    )


def _kin(order: Order) -> list[tuple[Any, Any]]:
    """The order this one replaces units of, and those that replace its own."""
    found = [(_("replaces"), order.replaces)] if order.replaces else []
    found += [(_("replaced by"), made) for made in order.replacements.order_by("pk")]
    return [
        (name, cells.link(reverse("admin:orders_order_change", args=(kin.pk,)), str(kin)))
        for name, kin in found
    ]


def _story(seen: _Seen) -> Story:
    entries = list(selectors.list_timeline(order_id=seen.order.pk).reverse()[:STORY])
    names = accounts.names_of(actors={entry.actor for entry in entries})
    places = _all_places(seen, entries)
    moments = []
    for entry in entries:
        told = timeline_words.for_staff(kind=entry.kind, data=entry.data, places=places)
        moments.append(Moment(cells.moment(entry.at), told.text, names[entry.actor], told.tone))
    title = str(_("Story"))
    if len(entries) == STORY:
        title = ngettext("Story, newest %(n)d", "Story, newest %(n)d", STORY) % {"n": STORY}
    return Story(title, moments, empty=_("The story begins when the first message is delivered."))


def _all_places(seen: _Seen, entries: Sequence[Any]) -> Places:
    """Also the nodes of work that was taken back and of plans that were replaced."""
    codes = {code for entry in entries for code in entry.data.get("node_codes") or []}
    ids = {entry.data["node_id"] for entry in entries if entry.data.get("node_id")}
    facts = [
        *nodes.facts_by_code(codes=codes).values(),
        *nodes.facts_by_id(node_ids=ids).values(),
    ]
    return Places(
        {**seen.places.by_id, **{n.id: n.city for n in facts}},
        {**seen.places.by_code, **{n.code: n.city for n in facts}},
    )
