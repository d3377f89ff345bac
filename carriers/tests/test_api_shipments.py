"""What a partner reads of its shipments; another's shipment is as absent as one that is not."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from carriers.models import LabelFile, Shipment
from carriers.selectors.labels import label_context
from carriers.services import tracking
from carriers.tests.factories import START, create, hand_over, labeled, scan
from oms.core.transactions import unit
from oms.infra.accounts.services import keys, organizations
from oms.infra.contacts.services import vault

ALL = ("shipments:read", "tracking:read")


def client(organization_id: int, *scopes: str) -> APIClient:
    created = keys.create(
        organization_id=organization_id,
        name="Test",
        scopes=scopes or ALL,
        created_by="staff:1",
    )
    found = APIClient()
    found.credentials(HTTP_AUTHORIZATION=f"Bearer {created.text}")
    return found


@pytest.fixture
def stranger(db: None) -> APIClient:
    return client(organizations.ensure_partner(code="other", name="Other").pk)


def with_files(shipment: Shipment, **contents: bytes) -> Shipment:
    with unit():
        for name, content in contents.items():
            sealed = vault.seal_for(
                contact_id=shipment.contact_id,
                data=content,
                context=label_context(shipment, name),
            )
            LabelFile.objects.create(shipment=shipment, format=name, sealed=sealed)
    return shipment


def test_shipments_are_listed_newest_first_in_pages(operator: int) -> None:
    made = create(operator, 3)
    partner = client(operator)

    first = partner.get("/api/v1/shipments", {"limit": 2}).json()
    second = partner.get(first["next"]).json()

    assert [s["id"] for s in first["results"]] == [made[2].public_id, made[1].public_id]
    assert [s["id"] for s in second["results"]] == [made[0].public_id]
    assert first["results"][0] == {
        "id": made[2].public_id,
        "order": made[2].correlation_id,
        "order_number": "1001",
        "status": "label_requested",
        "carrier": "sandbox",
        "service": "sandbox_ground",
        "node": "memphis",
        "tracking_number": "",
        "promised_on": "2026-03-06",
        "handed_over_at": None,
        "delivered_at": None,
        "version": made[2].version,
    }


def test_a_list_costs_as_many_statements_for_five_as_for_one(operator: int) -> None:
    partner = client(operator)
    create(operator)

    def statements() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert partner.get("/api/v1/shipments").status_code == 200
        return len(caught)

    statements()
    one = statements()
    create(operator, 4)
    assert statements() == one


def test_shipments_are_narrowed_by_known_filters_only(operator: int) -> None:
    kept, left = labeled(operator, 2)
    hand_over(left)
    partner = client(operator)

    def found(**query: Any) -> list[str]:
        return [s["id"] for s in partner.get("/api/v1/shipments", query).json()["results"]]

    assert found(status="labeled") == [kept.public_id]
    assert found(order=kept.correlation_id) == [kept.public_id]
    assert found(tracking_number=left.tracking_number) == [left.public_id]
    assert found(handed_over_after=START.isoformat()) == [left.public_id]
    assert found(handed_over_before=START.isoformat()) == []
    for query, pointer in [
        ({"state": "labeled"}, "?state"),
        ({"status": "gone"}, "?status"),
        ({"handed_over_after": "yesterday"}, "?handed_over_after"),
    ]:
        answer = partner.get("/api/v1/shipments", query)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


def _cursor(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    ["x", "é", _cursor("p=abc"), _cursor("p=1%00"), _cursor("o=-1"), _cursor("p=9e9"), "%00"],
)
def test_a_cursor_that_is_not_ours_is_refused(operator: int, cursor: str) -> None:
    create(operator)

    answer = client(operator).get("/api/v1/shipments", {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    assert answer.json()["errors"][0]["pointer"] == "?cursor"


def test_a_shipment_tells_its_parcel_and_where_its_label_is(operator: int) -> None:
    (shipment,) = labeled(operator)
    with_files(shipment, pdf=b"%PDF-", zpl=b"^XA^XZ")

    answer = client(operator).get(f"/api/v1/shipments/{shipment.public_id}")

    assert answer.status_code == 200
    body = answer.json()
    assert body["labels"] == [
        f"/api/v1/shipments/{shipment.public_id}/label.pdf",
        f"/api/v1/shipments/{shipment.public_id}/label.zpl",
    ]
    assert (body["weight_g"], body["parcel"]) == (1200, shipment.parcel_ref)
    assert "Quillfeather" not in answer.content.decode()
    assert "Planted Lane" not in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("pdf", b"%PDF-1.4 label", "application/pdf"), ("zpl", b"^XA^XZ", "application/zpl")],
)
def test_a_label_comes_as_its_bytes_whatever_the_caller_accepts(
    operator: int, name: str, content: bytes, kind: str
) -> None:
    (shipment,) = labeled(operator)
    with_files(shipment, **{name: content})

    answer = client(operator).get(
        f"/api/v1/shipments/{shipment.public_id}/label.{name}", HTTP_ACCEPT="text/html"
    )

    assert (answer.status_code, answer.content) == (200, content)
    assert answer["Content-Type"] == kind
    assert answer["Cache-Control"] == "private, no-store"


def test_a_label_that_is_not_bought_or_whose_recipient_is_erased_is_absent(operator: int) -> None:
    planned, erased = labeled(operator, 2)
    with_files(erased, pdf=b"%PDF-")
    with unit():
        vault.erase(subject_id=erased.contact.subject_id, reason="asked")
    partner = client(operator)

    codes = [
        partner.get(f"/api/v1/shipments/{shipment.public_id}/label.pdf").json()["code"]
        for shipment in (planned, erased)
    ]

    assert codes == ["carriers.label_missing", "contacts.erased"]


def test_tracking_is_told_by_shipment_and_by_number_oldest_first(operator: int) -> None:
    (shipment,) = labeled(operator)
    hand_over(shipment)
    number = shipment.tracking_number
    tracking.ingest(
        carrier_code="sandbox",
        scans=[scan(number, "out_for_delivery", 9), scan(number, "in_transit", 3)],
    )
    partner = client(operator)

    by_id = partner.get(f"/api/v1/shipments/{shipment.public_id}/tracking").json()
    by_number = partner.get(f"/api/v1/tracking/{number}").json()

    assert by_id == by_number
    assert by_id["status"] == "out_for_delivery"
    assert [(e["at"], e["status"], e["city"]) for e in by_id["events"]] == [
        ((START + timedelta(hours=3)).isoformat().replace("+00:00", "Z"), "in_transit", "Denver"),
        (
            (START + timedelta(hours=9)).isoformat().replace("+00:00", "Z"),
            "out_for_delivery",
            "Denver",
        ),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/shipments/{id}",
        "/api/v1/shipments/{id}/label.pdf",
        "/api/v1/shipments/{id}/label.zpl",
        "/api/v1/shipments/{id}/tracking",
        "/api/v1/tracking/{number}",
    ],
)
def test_a_foreign_shipment_and_none_at_all_get_the_same_answer(
    operator: int, stranger: APIClient, path: str
) -> None:
    (shipment,) = labeled(operator)
    with_files(shipment, pdf=b"%PDF-", zpl=b"^XA")

    foreign = stranger.get(path.format(id=shipment.public_id, number=shipment.tracking_number))
    unknown = stranger.get(path.format(id="shp_nothing", number="TRKNOTHING"))

    assert foreign.status_code == unknown.status_code == 404
    assert _without_request_id(foreign) == _without_request_id(unknown)
    assert foreign["Content-Type"] == unknown["Content-Type"] == "application/problem+json"


def _without_request_id(answer: Any) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key != "request_id"}


def test_each_route_needs_its_own_scope(operator: int) -> None:
    (shipment,) = labeled(operator)
    with_files(shipment, pdf=b"%PDF-")
    here = f"/api/v1/shipments/{shipment.public_id}"
    of_shipments, of_tracking = client(operator, ALL[0]), client(operator, ALL[1])

    for path in ("/api/v1/shipments", here, f"{here}/label.pdf"):
        assert of_shipments.get(path).status_code == 200
        refused = of_tracking.get(path)
        assert (refused.status_code, refused.json()["scope"]) == (403, "shipments:read")
    for path in (f"{here}/tracking", f"/api/v1/tracking/{shipment.tracking_number}"):
        assert of_tracking.get(path).status_code == 200
        refused = of_shipments.get(path)
        assert (refused.status_code, refused.json()["scope"]) == (403, "tracking:read")
