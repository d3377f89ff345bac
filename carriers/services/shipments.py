"""Shipments come to be, leave their node, get a second chance at a label, or give theirs back.

The same parcel is the same shipment, however often it is asked for; every call costs a constant
number of statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from carriers.events import LabelRequested, ShipmentHandedOver
from carriers.models import LabelIntent, Service, Shipment
from carriers.selectors.services import accounts_by_carrier
from carriers.services.facts import about
from carriers.types import ShipmentDraft
from oms.core import bulk, clock, ids, transitions
from oms.core.errors import Conflict, Forbidden, Invalid, NotFound
from oms.core.transactions import needs_transaction, use_case
from oms.infra.outbox.services import emitting

#: A parcel packed longer ago comes from an import or a simulation; nobody waits for its scans.
RECORDED_AFTER = timedelta(days=1)


class UnknownService(Invalid):
    """No active service has this code."""

    code = "carriers.unknown_service"


class ServiceNotAllowed(Forbidden):
    """The organization has no account with the service's carrier."""

    code = "carriers.service_not_allowed"


class UnknownParcel(NotFound):
    """No shipment carries this parcel."""

    code = "carriers.unknown_parcel"


class UnknownShipment(NotFound):
    code = "carriers.unknown_shipment"


class NoRefusedLabel(Conflict):
    """Only a definite refusal allows another purchase; anything else might buy twice."""

    code = "carriers.no_refused_label"


@needs_transaction
def create_many(*, drafts: Sequence[ShipmentDraft]) -> list[str]:
    """This function will record shipments and the intents to buy their labels.

    A parcel that has a shipment keeps it. The labels are bought later, by `labels.buy_due`.

    :returns: the shipments' public ids, in the order of the drafts.
    :raises UnknownService: a code is not an active service.
    :raises ServiceNotAllowed: an organization may not use the service's carrier.
    """
    if not drafts:
        return []
    wanted = {draft.parcel_ref: draft for draft in drafts}
    known = _refs_by_parcel(wanted)
    missing = [draft for ref, draft in wanted.items() if ref not in known]
    made = _insert(missing)
    _request_labels(
        made,
        attempt=1,
        is_instant={s.pk: wanted[s.parcel_ref].is_instant for s in made},
        at={s.pk: s.created_at for s in made},
    )
    known |= {shipment.parcel_ref: shipment.public_id for shipment in made}
    if len(known) < len(wanted):  # somebody else recorded the rest in this moment
        known |= _refs_by_parcel(wanted)
    return [known[draft.parcel_ref] for draft in drafts]


def _refs_by_parcel(parcels: Mapping[str, Any]) -> dict[str, str]:
    rows = Shipment.objects.filter(parcel_ref__in=list(parcels))
    return dict(rows.values_list("parcel_ref", "public_id"))


def _insert(drafts: Sequence[ShipmentDraft]) -> list[Shipment]:
    services = _services({draft.service_code for draft in drafts})
    accounts = accounts_by_carrier(
        organization_ids=list({draft.organization_id for draft in drafts})
    )
    keys = bulk.next_ids(Shipment, len(drafts))
    shipments = [
        _build(pk, draft, services[draft.service_code], accounts[draft.organization_id])
        for pk, draft in zip(keys, drafts, strict=True)
    ]
    inserted = bulk.insert_rows(
        Shipment,
        [_row(shipment) for shipment in shipments],
        on_conflict="ON CONFLICT (parcel_ref) DO NOTHING",
        returning="id",
    )
    mine = {row[0] for row in inserted}
    return [shipment for shipment in shipments if shipment.pk in mine]


def _services(codes: set[str]) -> dict[str, Service]:
    found = {s.code: s for s in Service.objects.filter(code__in=codes, is_active=True)}
    if unknown := sorted(codes - set(found)):
        raise UnknownService(data={"services": unknown})
    return found


def _build(
    pk: int, draft: ShipmentDraft, service: Service, accounts: Mapping[int, int]
) -> Shipment:
    if service.carrier_id not in accounts:
        raise ServiceNotAllowed(
            data={"service": service.code, "organization_id": draft.organization_id}
        )
    return Shipment(
        pk=pk,
        public_id=ids.public_id("shp", at=draft.at),
        created_at=draft.at,
        organization_id=draft.organization_id,
        demand_kind=draft.demand_kind,
        demand_ref=draft.demand_ref,
        parcel_ref=draft.parcel_ref,
        correlation_id=draft.correlation_id,
        order_number=draft.order_number,
        account_id=accounts[service.carrier_id],
        service_id=service.pk,
        contact_id=draft.contact_id,
        origin=dict(draft.origin),
        origin_code=draft.origin_code,
        weight_g=draft.weight_g,
        length_mm=draft.length_mm,
        width_mm=draft.width_mm,
        height_mm=draft.height_mm,
        promised_on=draft.promised_on,
    )


def _row(shipment: Shipment) -> dict[str, Any]:
    return {f.attname: getattr(shipment, f.attname) for f in Shipment._meta.concrete_fields}


def _request_labels(
    shipments: Sequence[Shipment],
    *,
    attempt: int,
    is_instant: Mapping[int, bool],
    at: Mapping[int, datetime],
    reason: str = "",
) -> None:
    """Steps, intents and events: the intent stands before anybody may call the carrier."""
    now = clock.real_now()
    transitions.apply_many(
        shipments,
        "request_label",
        reason=reason,
        at_for=lambda s: at[s.pk],
        event_for=lambda s: LabelRequested(**about(s), occurred_at=at[s.pk]),
    )
    bulk.insert_rows(
        LabelIntent,
        [
            {
                "shipment_id": shipment.pk,
                "attempt": attempt,
                "reference": f"{shipment.public_id}:{attempt}",
                "state": LabelIntent.State.DUE,
                "tries": 0,
                "available_at": now,
                "is_instant": is_instant[shipment.pk] or now - at[shipment.pk] > RECORDED_AFTER,
                "error_code": "",
                "created_at": at[shipment.pk],
            }
            for shipment in shipments
        ],
    )


@needs_transaction
def hand_over(*, parcel_refs: Sequence[str], at: datetime | Mapping[str, datetime]) -> None:
    """This function will mark parcels as handed over; the carrier is told afterwards.

    A parcel whose first scan came before us keeps its status and gets its time; a repeat changes
    nothing. `at` is one time, or one per parcel.

    :raises UnknownParcel: a parcel has no shipment.
    :raises IllegalTransition: a parcel has no label.
    """
    shipments = _lock(parcel_refs)
    times = {s.pk: at[s.parcel_ref] if isinstance(at, Mapping) else at for s in shipments}
    leaving = [s for s in shipments if s.handed_over_at is None]
    gone = [s for s in leaving if s.status in _SEEN_BY_CARRIER]
    transitions.apply_many(
        [s for s in leaving if s.status not in _SEEN_BY_CARRIER],
        "hand_over",
        at_for=lambda s: times[s.pk],
    )
    for shipment in gone:
        shipment.handed_over_at = times[shipment.pk]
    _stamp(leaving)
    emitting.emit_many([ShipmentHandedOver(**about(s), occurred_at=times[s.pk]) for s in leaving])


#: The carrier scanned it, so it has left, whatever our floor says.
_SEEN_BY_CARRIER = frozenset(
    {*Shipment.MOVING, "delivered", "returned_to_sender", "lost"} - {"handed_over"}
)


def _lock(parcel_refs: Sequence[str]) -> list[Shipment]:
    wanted = sorted(set(parcel_refs))
    found = list(Shipment.objects.select_for_update().filter(parcel_ref__in=wanted).order_by("pk"))
    if len(found) < len(wanted):
        missing = sorted(set(wanted) - {shipment.parcel_ref for shipment in found})
        raise UnknownParcel(data={"parcels": missing[:20]})
    return found


def _stamp(shipments: Sequence[Shipment]) -> None:
    """Times beside the step: when it left, and that the carrier is to be told now."""
    now = clock.real_now()
    bulk.update_rows(
        Shipment,
        [
            {
                "id": shipment.pk,
                "handed_over_at": shipment.handed_over_at,
                "notice_due_at": now,
                # Nothing to ask before the carrier has had time to scan.
                "polled_at": now,
            }
            for shipment in shipments
        ],
    )


@use_case
def retry_label(*, shipment_ref: str, reason: str = "") -> str:
    """This function will ask for a label again after the carrier refused it, as a new attempt.

    :returns: the new attempt's reference.
    :raises UnknownShipment: no such shipment.
    :raises NoRefusedLabel: the last attempt was not refused.
    """
    shipment = lock_one(shipment_ref)
    if shipment.status != Shipment.Status.LABEL_FAILED:
        raise NoRefusedLabel(data={"status": shipment.status})
    last = LabelIntent.objects.filter(shipment=shipment).order_by("-attempt").first()
    assert last is not None, "a refused shipment has an intent"
    _request_labels(
        [shipment],
        attempt=last.attempt + 1,
        is_instant={shipment.pk: last.is_instant},
        at={shipment.pk: shipment.created_at if last.is_instant else clock.now()},
        reason=reason,
    )
    return f"{shipment.public_id}:{last.attempt + 1}"


@use_case
def void(*, shipment_ref: str, reason: str = "") -> None:
    """This function will give a label back before hand-over; the carrier is told afterwards.

    Ours first: a parcel that cannot leave any more is safer than one that left without a label.

    :raises UnknownShipment: no such shipment.
    :raises IllegalTransition: it has no label, or it has left.
    """
    shipment = lock_one(shipment_ref)
    transitions.apply(shipment, "void", reason=reason)
    Shipment.objects.filter(pk=shipment.pk).update(notice_due_at=clock.real_now())


@needs_transaction
def lock_one(shipment_ref: str) -> Shipment:
    """This function will return one shipment, locked.

    :raises UnknownShipment: no such shipment.
    """
    shipment = Shipment.objects.select_for_update().filter(public_id=shipment_ref).first()
    if shipment is None:
        raise UnknownShipment(data={"shipment": shipment_ref})
    return shipment
