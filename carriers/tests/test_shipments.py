"""One parcel, one shipment, one open intent; leaving is written down once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.models import LabelIntent, Service, Shipment, ShipmentStatusChange
from carriers.services import labels, notices, shipments
from carriers.services.connections import CalledInsideTransaction
from carriers.tests import factories
from oms.core import clock
from oms.core.transactions import TransactionRequired, unit
from oms.core.transitions import IllegalTransition
from oms.infra.accounts.services import organizations
from oms.infra.outbox.models import OutboxEvent


def names() -> list[str]:
    return list(OutboxEvent.objects.order_by("id").values_list("name", flat=True))


def test_a_shipment_stands_with_its_intent_history_and_event(operator: int):
    [shipment] = factories.create(operator)

    intent = LabelIntent.objects.get(shipment=shipment)
    change = ShipmentStatusChange.objects.get(subject=shipment)
    event = OutboxEvent.objects.get()
    assert shipment.status == "label_requested"
    assert (intent.reference, intent.attempt) == (f"{shipment.public_id}:1", 1)
    assert (intent.state, intent.is_instant) == ("due", False)
    assert (change.from_status, change.to_status) == ("planned", "label_requested")
    assert event.name == "carriers.label.requested.v1"
    assert event.payload["parcel_ref"] == shipment.parcel_ref
    assert event.correlation_id == shipment.correlation_id


def test_the_same_parcel_twice_is_the_existing_shipment(operator: int):
    [person] = factories.contacts(operator, 1)
    draft = factories.draft(operator, person)

    with unit():
        first = shipments.create_many(drafts=[draft, draft])
    with unit():
        second = shipments.create_many(drafts=[draft])

    assert first == [second[0], second[0]]
    assert Shipment.objects.count() == LabelIntent.objects.count() == 1
    assert names() == ["carriers.label.requested.v1"]


def test_ids_come_in_the_order_of_the_drafts(operator: int):
    people = factories.contacts(operator, 3)
    drafts = [factories.draft(operator, person) for person in people]
    with unit():
        [known] = shipments.create_many(drafts=[drafts[1]])

    with unit():
        refs = shipments.create_many(drafts=drafts)

    assert refs[1] == known
    by_ref = {s.public_id: s.parcel_ref for s in Shipment.objects.all()}
    assert [by_ref[ref] for ref in refs] == [draft.parcel_ref for draft in drafts]


def test_one_and_thirty_cost_the_same_statements(operator: int):
    counts = []
    for count in (1, 30):
        people = factories.contacts(operator, count)
        with (
            unit(),
            CaptureQueriesContext(
                connection,
            ) as queries,
        ):
            shipments.create_many(drafts=[factories.draft(operator, p) for p in people])
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_an_unknown_service_records_nothing(operator: int):
    Service.objects.filter(code="sandbox_ground").update(is_active=False)

    with pytest.raises(shipments.UnknownService) as caught:
        factories.create(operator)

    assert caught.value.data == {"services": ["sandbox_ground"]}
    assert Shipment.objects.count() == 0


def test_without_an_allowance_nothing_is_shipped(setup):
    partner = organizations.ensure_partner(code="partner", name="Partner")

    with pytest.raises(shipments.ServiceNotAllowed):
        factories.create(partner.pk)

    assert Shipment.objects.count() == 0


def test_a_parcel_from_the_past_wants_its_scans_at_once(operator: int):
    [shipment] = factories.create(operator, at=datetime(2018, 3, 2, tzinfo=UTC))

    assert LabelIntent.objects.get(shipment=shipment).is_instant
    assert shipment.created_at == datetime(2018, 3, 2, tzinfo=UTC)
    assert ShipmentStatusChange.objects.get().at == datetime(2018, 3, 2, tzinfo=UTC)


def test_creating_demands_the_callers_transaction(operator: int):
    with pytest.raises(TransactionRequired):
        shipments.create_many(drafts=[])


def test_hand_over_takes_each_parcels_own_time(operator: int):
    first, second = factories.labeled(operator, 2)
    at = {first.parcel_ref: factories.START, second.parcel_ref: factories.START + timedelta(1)}

    with unit():
        shipments.hand_over(parcel_refs=list(at), at=at)

    for shipment in (first, second):
        shipment = factories.fresh(shipment)
        assert (shipment.status, shipment.handed_over_at) == (
            "handed_over",
            at[shipment.parcel_ref],
        )
        assert shipment.notice_due_at is not None
    assert names()[-2:] == ["carriers.shipment.handed_over.v1"] * 2


def test_handing_over_twice_changes_nothing(operator: int):
    [shipment] = factories.labeled(operator)
    factories.hand_over(shipment)
    Shipment.objects.update(notice_due_at=None)

    factories.hand_over(shipment, at=factories.START + timedelta(hours=1))

    shipment = factories.fresh(shipment)
    assert (shipment.handed_over_at, shipment.notice_due_at) == (factories.START, None)
    assert names().count("carriers.shipment.handed_over.v1") == 1


def test_a_parcel_scanned_before_us_keeps_its_status_and_gets_its_time(operator: int):
    [shipment] = factories.labeled(operator)
    Shipment.objects.update(status="in_transit")

    factories.hand_over(shipment)

    shipment = factories.fresh(shipment)
    assert (shipment.status, shipment.handed_over_at) == ("in_transit", factories.START)
    assert names()[-1] == "carriers.shipment.handed_over.v1"


def test_without_a_label_nothing_leaves(operator: int):
    ready, bare = *factories.labeled(operator), *factories.create(operator)

    with pytest.raises(IllegalTransition):
        factories.hand_over(ready, bare)

    assert not Shipment.objects.filter(handed_over_at__isnull=False).exists()
    assert "carriers.shipment.handed_over.v1" not in names()


def test_an_unknown_parcel_is_named(operator: int):
    with pytest.raises(shipments.UnknownParcel) as caught, unit():
        shipments.hand_over(parcel_refs=["pcl_none"], at=factories.START)

    assert caught.value.data == {"parcels": ["pcl_none"]}


def test_only_a_refused_label_may_be_tried_again(operator: int):
    [shipment] = factories.create(operator)

    with pytest.raises(shipments.NoRefusedLabel):
        shipments.retry_label(shipment_ref=shipment.public_id)

    assert LabelIntent.objects.count() == 1


def test_a_retry_is_a_new_attempt(operator: int, simulator):
    [shipment] = factories.create(operator, city="SANDBOX REJECT")
    labels.buy_due(limit=10)

    reference = shipments.retry_label(shipment_ref=shipment.public_id, reason="address checked")

    shipment = factories.fresh(shipment)
    assert (shipment.status, reference) == ("label_requested", f"{shipment.public_id}:2")
    states = LabelIntent.objects.order_by("attempt").values_list("attempt", "state")
    assert list(states) == [(1, "refused"), (2, "due")]
    assert ShipmentStatusChange.objects.order_by("-id")[0].reason == "address checked"


def test_the_carrier_hears_of_each_hand_over_once(operator: int, simulator):
    made = factories.create(operator, 3)
    labels.buy_due(limit=10)
    factories.hand_over(*made[:2])
    factories.hand_over(made[2], at=factories.START + timedelta(hours=2))

    assert notices.tell_due(limit=10) == 3
    assert notices.tell_due(limit=10) == 0
    rows = simulator.store.rows("SELECT count(*) AS n FROM label WHERE manifest_id IS NOT NULL")
    assert rows[0]["n"] == 3


def test_a_carrier_out_of_reach_is_told_later(operator: int, simulator, settings):
    [shipment] = factories.create(operator)
    labels.buy_due(limit=10)
    factories.hand_over(shipment)
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": "http://127.0.0.1:1"}

    assert notices.tell_due(limit=10) == 0

    shipment = factories.fresh(shipment)
    assert shipment.notice_due_at is not None
    assert shipment.notice_due_at > clock.real_now()
    Shipment.objects.update(notice_due_at=clock.real_now())
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": simulator.url}
    assert notices.tell_due(limit=10) == 1


def test_a_label_given_back_is_void_at_the_carrier_too(operator: int, simulator):
    [shipment] = factories.create(operator)
    labels.buy_due(limit=10)

    shipments.void(shipment_ref=shipment.public_id, reason="wrong carton")
    assert notices.tell_due(limit=10) == 1

    shipment = factories.fresh(shipment)
    assert (shipment.status, shipment.notice_due_at) == ("voided", None)
    assert simulator.store.rows("SELECT voided_at FROM label")[0]["voided_at"] is not None
    with pytest.raises(IllegalTransition):
        factories.hand_over(shipment)


def test_carriers_are_never_called_inside_a_transaction(operator: int):
    for call in (labels.buy_due, labels.resolve_in_doubt, notices.tell_due):
        with pytest.raises(CalledInsideTransaction), unit():
            call(limit=1)
