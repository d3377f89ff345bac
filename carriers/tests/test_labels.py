"""A label is bought exactly once, whatever breaks between the decision and the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.adapters.base import (
    CarrierError,
    CarrierInDoubt,
    CarrierUnavailable,
    LabelRequest,
    LabelResult,
)
from carriers.adapters.sandbox.client import SandboxAdapter
from carriers.models import CarrierAccount, LabelFile, LabelIntent, Shipment, TrackingEvent
from carriers.selectors.labels import LabelMissing, get_file
from carriers.services import label_calls, label_records, labels
from carriers.tests import factories
from oms.core import clock
from oms.core.transactions import unit
from oms.infra.contacts.models import Contact
from oms.infra.contacts.services import vault
from oms.infra.outbox.models import OutboxEvent


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs, nothing catches it."""


def names(shipment: Shipment) -> list[str]:
    events = OutboxEvent.objects.filter(aggregate_id=shipment.public_id).order_by("id")
    return [name.split(".", 1)[1] for name in events.values_list("name", flat=True)]


def intent_of(shipment: Shipment) -> LabelIntent:
    return LabelIntent.objects.get(shipment=shipment)


def test_a_due_label_is_bought(operator: int, simulator, charges):
    [shipment] = factories.create(operator)

    assert labels.buy_due(limit=10) == 1

    shipment = factories.fresh(shipment)
    assert shipment.status == "labeled"
    assert shipment.tracking_number.startswith("SBX")
    assert (shipment.cost_currency, shipment.cost_amount > 5) == ("USD", True)
    assert shipment.labeled_at is not None
    assert intent_of(shipment).state == "bought"
    assert names(shipment) == ["label.requested.v1", "label.bought.v1"]
    assert charges() == {f"{shipment.public_id}:1": 1}
    event = OutboxEvent.objects.get(name="carriers.label.bought.v1").payload
    assert event["tracking_number"] == shipment.tracking_number
    assert Decimal(event["cost_amount"]) == shipment.cost_amount


def test_files_are_sealed_and_open_for_their_owner_only(operator: int, simulator):
    [shipment] = factories.create(operator)
    labels.buy_due(limit=10)

    for row in LabelFile.objects.all():
        assert factories.PERSON.encode() not in bytes(row.sealed)
    own: dict[str, Any] = {"shipment_ref": shipment.public_id, "organization_id": operator}
    assert get_file(**own, file_format="pdf").startswith(b"%PDF-")
    assert factories.PERSON.upper().encode() in get_file(**own, file_format="zpl")
    with pytest.raises(LabelMissing):
        get_file(shipment_ref=shipment.public_id, organization_id=operator + 1, file_format="pdf")


def test_nothing_due_calls_nobody(operator: int, simulator, charges):
    factories.create(operator)
    LabelIntent.objects.update(available_at=clock.real_now() + timedelta(minutes=1))

    assert labels.buy_due(limit=10) == 0
    assert charges() == {}


def test_only_the_named_shipments_are_bought(operator: int, simulator, charges):
    wanted, other = factories.create(operator, 2)

    assert labels.buy_due(limit=10, shipment_refs=[wanted.public_id]) == 1
    assert charges() == {f"{wanted.public_id}:1": 1}
    assert intent_of(other).state == "due"


def test_a_label_of_the_past_is_labeled_in_the_past(operator: int, simulator):
    packed_at = datetime(2018, 3, 2, 9, tzinfo=UTC)
    [shipment] = factories.create(operator, at=packed_at)

    labels.buy_due(limit=10)

    assert factories.fresh(shipment).labeled_at == packed_at
    assert OutboxEvent.objects.get(name="carriers.label.bought.v1").occurred_at == packed_at


def test_a_definite_no_is_final(operator: int, simulator, charges):
    [shipment] = factories.create(operator, city="SANDBOX REJECT")

    labels.buy_due(limit=10)
    labels.buy_due(limit=10)

    assert factories.fresh(shipment).status == "label_failed"
    assert (intent_of(shipment).state, intent_of(shipment).error_code) == (
        "refused",
        "address_undeliverable",
    )
    assert names(shipment) == ["label.requested.v1", "label.refused.v1"]
    assert charges() == {}


@pytest.mark.parametrize("city", ["SANDBOX BUSY", "SANDBOX UNAVAILABLE"])
def test_a_busy_carrier_is_asked_again_later(operator: int, simulator, charges, make_due, city):
    [shipment] = factories.create(operator, city=city)

    labels.buy_due(limit=10)

    intent = intent_of(shipment)
    assert (intent.state, intent.error_code) == ("due", "carriers.unavailable")
    assert intent.available_at > clock.real_now()
    assert factories.fresh(shipment).status == "label_requested"
    make_due()
    labels.buy_due(limit=10)
    assert factories.fresh(shipment).status == "labeled"
    assert charges() == {f"{shipment.public_id}:1": 1}


def test_a_carrier_that_cannot_be_reached_is_asked_again_later(operator: int, setup, settings):
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": "http://127.0.0.1:1"}
    [shipment] = factories.create(operator)

    assert labels.buy_due(limit=10) == 1

    assert (intent_of(shipment).state, intent_of(shipment).tries) == ("due", 1)


def test_an_account_without_settings_waits(operator: int, setup, settings):
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": ""}
    [shipment] = factories.create(operator)

    labels.buy_due(limit=10)

    assert (intent_of(shipment).state, intent_of(shipment).error_code) == (
        "due",
        "carriers.misconfigured",
    )


def test_an_inactive_account_waits(operator: int, simulator, charges):
    [shipment] = factories.create(operator)
    CarrierAccount.objects.update(is_active=False)

    labels.buy_due(limit=10)

    assert intent_of(shipment).error_code == "carriers.account_inactive"
    assert charges() == {}


def test_a_broken_answer_is_doubt_and_the_look_up_finds_the_label(
    operator: int, simulator, charges
):
    [shipment] = factories.create(operator, city="SANDBOX BREAK")

    labels.buy_due(limit=10)

    assert factories.fresh(shipment).status == "label_in_doubt"
    assert intent_of(shipment).state == "in_doubt"
    assert labels.buy_due(limit=10) == 0
    assert labels.resolve_in_doubt(limit=10) == 1
    assert factories.fresh(shipment).status == "labeled"
    assert names(shipment) == ["label.requested.v1", "label.in_doubt.v1", "label.bought.v1"]
    assert charges() == {f"{shipment.public_id}:1": 1}


def test_killed_between_call_and_record_buys_once(
    operator: int, simulator, charges, make_due, monkeypatch
):
    [shipment] = factories.create(operator)

    def killed(**_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(label_records, "record", killed)
        labels.buy_due(limit=10)

    assert charges() == {f"{shipment.public_id}:1": 1}
    assert intent_of(shipment).state == "calling"
    assert labels.buy_due(limit=10) == labels.resolve_in_doubt(limit=10) == 0
    make_due()
    assert labels.resolve_in_doubt(limit=10) == 1
    assert factories.fresh(shipment).status == "labeled"
    assert names(shipment) == ["label.requested.v1", "label.in_doubt.v1", "label.bought.v1"]
    assert charges() == {f"{shipment.public_id}:1": 1}


def test_killed_before_the_call_buys_once_under_the_same_reference(
    operator: int, simulator, charges, make_due, monkeypatch
):
    [shipment] = factories.create(operator)

    def killed(_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(label_calls, "buy", killed)
        labels.buy_due(limit=10)
    make_due()
    labels.resolve_in_doubt(limit=10)

    assert factories.fresh(shipment).status == "label_in_doubt"
    assert (intent_of(shipment).state, charges()) == ("due", {})
    assert labels.buy_due(limit=10) == 1
    assert factories.fresh(shipment).status == "labeled"
    assert charges() == {f"{shipment.public_id}:1": 1}


def test_an_adapter_with_a_defect_leaves_doubt(operator: int, simulator, charges, monkeypatch):
    [shipment] = factories.create(operator)

    def defect(*_: Any) -> None:
        raise RuntimeError(factories.PERSON)

    with monkeypatch.context() as patch:
        patch.setattr(SandboxAdapter, "buy_many", defect)
        labels.buy_due(limit=10)

    assert factories.fresh(shipment).status == "label_in_doubt"
    labels.resolve_in_doubt(limit=10)
    labels.buy_due(limit=10)
    assert factories.fresh(shipment).status == "labeled"
    assert charges() == {f"{shipment.public_id}:1": 1}


def test_a_look_up_that_fails_leaves_the_doubt(operator: int, simulator, make_due, settings):
    [shipment] = factories.create(operator, city="SANDBOX BREAK")
    labels.buy_due(limit=10)
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": "http://127.0.0.1:1"}

    labels.resolve_in_doubt(limit=10)

    assert intent_of(shipment).state == "in_doubt"
    assert intent_of(shipment).available_at > clock.real_now()
    assert names(shipment) == ["label.requested.v1", "label.in_doubt.v1"]
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_URL": simulator.url}
    make_due()
    labels.resolve_in_doubt(limit=10)
    assert factories.fresh(shipment).status == "labeled"


def test_an_answer_that_comes_too_late_is_dropped(operator: int, simulator, charges, make_due):
    """The first caller was slow, its lease ended, a second one bought; then the first returns."""
    [shipment] = factories.create(operator)
    from carriers.services import label_claims

    claimed = label_claims.claim_due(limit=1, shipment_refs=None)
    slow = label_calls.buy(claimed)
    make_due()
    labels.resolve_in_doubt(limit=10)
    bought = factories.fresh(shipment)

    label_records.record(outcomes=slow, files={})

    after = factories.fresh(shipment)
    assert (after.status, after.version) == ("labeled", bought.version)
    assert names(shipment).count("label.bought.v1") == 1
    assert LabelFile.objects.filter(shipment=shipment).count() == 2
    assert charges() == {f"{shipment.public_id}:1": 1}


def _lying(monkeypatch: pytest.MonkeyPatch, **lie: Any) -> None:
    honest = SandboxAdapter.buy

    def buy(self: SandboxAdapter, request: LabelRequest) -> LabelResult:
        return replace(honest(self, request), **lie)

    monkeypatch.setattr(SandboxAdapter, "buy", buy)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"cost": Decimal("-1")}, "cost"),
        ({"cost": Decimal("1e308")}, "cost"),
        ({"cost": Decimal("NaN")}, "cost"),
        ({"currency": "XYZ"}, "currency"),
        ({"tracking_number": ""}, "tracking_number"),
        ({"tracking_number": "N" * 61}, "tracking_number"),
        ({"label_pdf": b"MZ\x90"}, "file"),
        ({"label_zpl": b"<html>"}, "file"),
    ],
)
def test_a_label_nobody_can_believe_waits_for_a_person(
    operator: int, simulator, monkeypatch, lie, code
):
    [shipment] = factories.create(operator)
    _lying(monkeypatch, **lie)

    labels.buy_due(limit=10)

    intent = intent_of(shipment)
    assert factories.fresh(shipment).status == "label_in_doubt"
    assert intent.error_code == f"carriers.odd_label.{code}"
    assert intent.available_at > clock.real_now() + timedelta(minutes=10)


def test_a_number_that_another_parcel_has_does_not_stop_the_others(
    operator: int, simulator, monkeypatch
):
    first, second = factories.create(operator, 2)
    labels.buy_due(limit=1)
    number = factories.fresh(first).tracking_number
    [third] = factories.create(operator)
    honest = SandboxAdapter.buy

    def buy(self: SandboxAdapter, request: LabelRequest) -> LabelResult:
        result = honest(self, request)
        is_second = request.reference == f"{second.public_id}:1"
        return replace(result, tracking_number=number) if is_second else result

    monkeypatch.setattr(SandboxAdapter, "buy", buy)
    labels.buy_due(limit=10)

    assert factories.fresh(second).status == "label_in_doubt"
    assert intent_of(second).error_code == "carriers.odd_label.number_in_use"
    assert factories.fresh(third).status == "labeled"


def test_a_recipient_who_was_erased_gets_no_label(operator: int, simulator, charges):
    kept, gone = factories.create(operator, 2)
    subject = Contact.objects.get(pk=gone.contact_id).subject_id
    with unit():
        vault.erase(subject_id=subject, reason="asked")

    labels.buy_due(limit=10)

    assert factories.fresh(kept).status == "labeled"
    assert factories.fresh(gone).status == "label_failed"
    assert intent_of(gone).error_code == "carriers.recipient_erased"
    assert charges() == {f"{kept.public_id}:1": 1}


def test_one_and_thirty_labels_cost_the_same_statements(operator: int, simulator):
    counts = []
    for count in (1, 30):
        factories.create(operator, count)
        with CaptureQueriesContext(connection) as queries:
            assert labels.buy_due(limit=count) == count
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_mixed_batch_settles_each_for_itself(operator: int, simulator, monkeypatch):
    made = {
        city: factories.create(operator, city=city)[0]
        for city in ("Denver", "SANDBOX REJECT", "SANDBOX BUSY", "SANDBOX BREAK")
    }

    assert labels.buy_due(limit=10) == 4

    assert [factories.fresh(s).status for s in made.values()] == [
        "labeled",
        "label_failed",
        "label_requested",
        "label_in_doubt",
    ]


def test_scans_that_came_before_the_label_are_taken_up(operator: int, simulator, setup):
    [shipment] = factories.create(operator)
    number = simulator.sales.buy(_wire(shipment))[0]["tracking_number"]
    from carriers.services import tracking

    tracking.ingest(
        carrier_code="sandbox", scans=[factories.scan(number, factories.TrackingStatus.ACCEPTED)]
    )
    assert TrackingEvent.objects.get().shipment_id is None

    labels.buy_due(limit=10)

    assert factories.fresh(shipment).status == "in_transit"
    assert TrackingEvent.objects.get().shipment_id == shipment.pk


def _wire(shipment: Shipment) -> dict[str, Any]:
    from carriers.adapters.sandbox import mapping

    claimed = LabelIntent.objects.select_related("shipment__service").get(shipment=shipment)
    [recipient] = vault.reveal_many(contact_ids=[shipment.contact_id], purpose="test").values()
    return mapping.label_to_wire(label_calls._request(claimed, recipient))


def test_no_person_shows_outside_the_vault(operator: int, simulator, caplog):
    factories.create(operator, city="SANDBOX BREAK")
    factories.create(operator)
    labels.buy_due(limit=10)
    labels.resolve_in_doubt(limit=10)

    kept = [str(e.payload) for e in OutboxEvent.objects.all()]
    kept += [str(s.__dict__) for s in Shipment.objects.all()]
    for planted in (factories.PERSON, factories.STREET):
        assert planted not in caplog.text
        assert not any(planted in text for text in kept)


def test_every_kind_of_answer_has_a_fate(operator: int, setup):
    """A kind of error that nobody thought of is never taken for a purchase or a refusal."""
    factories.create(operator)
    [intent] = LabelIntent.objects.select_related("shipment")

    assert label_calls._judge(intent, CarrierError("?")).fate is label_calls.Fate.DOUBT
    assert label_calls._judge(intent, CarrierInDoubt()).fate is label_calls.Fate.DOUBT
    assert label_calls._judge(intent, None).fate is label_calls.Fate.DOUBT
    assert label_calls._judge(intent, CarrierUnavailable()).fate is label_calls.Fate.LATER
