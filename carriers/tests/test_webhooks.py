"""Only what a carrier signed is kept, once; what cannot be read blocks nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from standardwebhooks.webhooks import Webhook

from carriers.adapters.base import InvalidSignature
from carriers.adapters.sandbox import testing
from carriers.adapters.sandbox.settings import signing_key
from carriers.models import CarrierAccount, Shipment, TrackingEvent, WebhookCall
from carriers.services import scans, webhooks
from carriers.services.tracking import UnknownCarrier
from carriers.tests import factories
from oms.core import clock

URL = "/api/v1/carriers/sandbox/webhook"

pytestmark = pytest.mark.urls("carriers.tests.urls")


@pytest.fixture(autouse=True)
def woken(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The shared secret of the tests, and the names of the tasks that were woken."""
    settings.OMS = {**settings.OMS, "SANDBOX_CARRIER_SECRET": testing.SECRET}
    names: list[str] = []
    monkeypatch.setattr("carriers.api.views.wake", lambda task: names.append(task.name))
    return names


def body(number: str, code: str = "PU", key: str = "e1") -> bytes:
    return json.dumps(
        {
            "scans": [
                {
                    "id": key,
                    "tracking_number": number,
                    "code": code,
                    "occurred_at": "2026-03-02T16:10:00+00:00",
                    "place": {"city": "Memphis", "region": "TN", "country": "US"},
                }
            ]
        }
    ).encode()


def signed(data: bytes, message_id: str = "msg_1", at: datetime | None = None) -> dict[str, str]:
    moment = at or clock.real_now()
    signature = Webhook(signing_key(testing.SECRET)).sign(message_id, moment, data.decode())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
    }


def send(data: bytes, headers: dict[str, str], url: str = URL) -> Any:
    return Client().post(url, data, content_type="application/json", headers=headers)


def keep(data: bytes, message_id: str) -> None:
    webhooks.receive(carrier_code="sandbox", headers=signed(data, message_id), body=data)


def test_a_signed_message_is_kept_sealed_answered_and_read_afterwards(operator: int, woken):
    [shipment] = factories.labeled(operator)
    data = body(shipment.tracking_number)

    response = send(data, signed(data))

    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    call = WebhookCall.objects.get()
    assert call.processed_at is None
    assert shipment.tracking_number.encode() not in bytes(call.sealed)
    assert woken == ["carriers.process_webhooks"]
    assert factories.fresh(shipment).status == "labeled"
    assert webhooks.process_due(limit=10) == 1
    assert factories.fresh(shipment).status == "in_transit"
    assert WebhookCall.objects.get().error_code == ""
    assert webhooks.process_due(limit=10) == 0


def test_the_same_message_again_is_fine_and_kept_once(setup, woken):
    data = body("TRK1")

    first, second = send(data, signed(data)), send(data, signed(data))

    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json() == {"status": "duplicate"}
    assert WebhookCall.objects.count() == 1
    assert len(woken) == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda h: {},
        lambda h: {**h, "webhook-signature": "v1,AAAA"},
        lambda h: {**h, "webhook-signature": "not base64"},
        lambda h: {**h, "webhook-id": "msg_2"},
        lambda h: {**h, "webhook-timestamp": "nan"},
        lambda h: {k: v for k, v in h.items() if k != "webhook-id"},
    ],
)
def test_a_forged_message_leaves_nothing_behind(setup, woken, forge):
    data = body("TRK1")

    response = send(data, forge(signed(data)))

    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "carriers.invalid_signature"
    assert WebhookCall.objects.count() == 0
    assert woken == []


def test_an_old_message_is_refused(setup):
    data = body("TRK1")

    with pytest.raises(InvalidSignature):
        webhooks.receive(
            carrier_code="sandbox",
            headers=signed(data, at=clock.real_now() - timedelta(minutes=6)),
            body=data,
        )


def test_a_message_kept_in_time_is_read_however_late(operator: int, monkeypatch):
    [shipment] = factories.labeled(operator)
    keep(body(shipment.tracking_number), "msg_1")
    monkeypatch.setattr(clock, "real_now", lambda: datetime.now(tz=UTC) + timedelta(days=2))

    assert webhooks.process_due(limit=10) == 1
    assert factories.fresh(shipment).status == "in_transit"


@pytest.mark.parametrize("code", ["pigeon", "sandbox2"])
def test_another_carrier_is_not_found(setup, code):
    data = body("TRK1")

    response = send(data, signed(data), URL.replace("sandbox", code))

    assert (response.status_code, response.json()["code"]) == (404, "carriers.unknown_carrier")


def test_a_carrier_without_an_active_account_is_not_found(setup):
    CarrierAccount.objects.update(is_active=False)

    with pytest.raises(UnknownCarrier):
        keep(body("TRK1"), "msg_1")


def test_a_large_message_is_refused_unread(setup):
    data = b" " * (256 * 1024 + 1)

    response = send(data, signed(data))

    assert response.status_code == 413
    assert WebhookCall.objects.count() == 0


def test_get_is_not_offered(setup):
    assert Client().get(URL).status_code == 405


def test_a_genuine_message_of_the_wrong_shape_is_marked_and_blocks_nobody(operator: int):
    [shipment] = factories.labeled(operator)
    for number, data in enumerate([b"[]", b"{", b'{"scans":[{}]}']):
        keep(data, f"bad_{number}")
    keep(body(shipment.tracking_number), "good")

    assert webhooks.process_due(limit=10) == 4

    assert factories.fresh(shipment).status == "in_transit"
    codes = WebhookCall.objects.order_by("pk").values_list("error_code", flat=True)
    assert list(codes) == ["carriers.malformed_webhook"] * 3 + [""]


def test_a_message_that_breaks_us_stands_alone(operator: int, monkeypatch):
    parcels = factories.labeled(operator, 4)
    for number, parcel in enumerate(parcels):
        keep(body(parcel.tracking_number, key=f"e{number}"), f"msg_{number}")
    honest = scans.apply_scans
    poison = parcels[2].tracking_number

    def broken(**given: Any) -> Any:
        if any(found.tracking_number == poison for found in given["scans"]):
            raise ZeroDivisionError
        return honest(**given)

    monkeypatch.setattr(webhooks, "apply_scans", broken)

    assert webhooks.process_due(limit=10) == 4
    statuses = [factories.fresh(parcel).status for parcel in parcels]
    assert statuses == ["in_transit", "in_transit", "labeled", "in_transit"]
    marked = WebhookCall.objects.exclude(error_code="")
    assert [call.error_code for call in marked] == ["carriers.webhook_failed"]


def test_a_database_in_trouble_marks_nothing(setup, monkeypatch):
    keep(body("TRK1"), "msg_1")

    def down(**_: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(webhooks, "apply_scans", down)
        webhooks.process_due(limit=10)

    assert WebhookCall.objects.get().processed_at is None


def test_messages_wait_while_their_account_is_in_disorder(operator: int, settings):
    [shipment] = factories.labeled(operator)
    keep(body(shipment.tracking_number), "msg_1")
    before = settings.OMS

    settings.OMS = {**before, "SANDBOX_CARRIER_SECRET": ""}
    with pytest.raises(webhooks.ReaderMissing):
        webhooks.process_due(limit=10)
    settings.OMS = before
    CarrierAccount.objects.update(is_active=False)
    assert webhooks.process_due(limit=10) == 0
    CarrierAccount.objects.update(is_active=True)

    assert webhooks.process_due(limit=10) == 1
    assert factories.fresh(shipment).status == "in_transit"


def test_many_messages_about_one_parcel_are_read_together(operator: int):
    [shipment] = factories.labeled(operator)
    for number, code in enumerate(["DL", "OD", "PU"]):
        keep(body(shipment.tracking_number, code, key=f"e{number}"), f"msg_{number}")

    assert webhooks.process_due(limit=10) == 3
    assert Shipment.objects.get().status == "delivered"
    assert TrackingEvent.objects.count() == 3


def test_a_long_identifier_is_shortened_and_still_known(setup):
    data = body("TRK1")
    headers = signed(data, "m" * 500)

    assert webhooks.receive(carrier_code="sandbox", headers=headers, body=data)
    assert not webhooks.receive(carrier_code="sandbox", headers=headers, body=data)
