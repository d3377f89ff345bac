"""Whatever is wrong with a request: one problem that names the field, and nothing half stored."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from inventory.catalog import selectors as catalog_selectors
from inventory.catalog import services as catalog
from inventory.catalog.types import VariantDraft
from oms.core import clock
from oms.core.transactions import unit
from oms.infra.accounts import scopes
from oms.infra.accounts.services import keys, organizations
from orders.tests.factories import NOW, World, a_draft, a_world
from returns.tests.factories import DELIVERED_AT, a_delivered_order
from tests.support import rows

pytestmark = pytest.mark.django_db

ORDERS = "/api/v1/orders"
BODY: dict[str, Any] = {
    "external_ref": "R-1",
    "channel": "shop",
    "currency": "USD",
    "ship_to": {
        "name": "Ada Example",
        "lines": ["1 Main Street"],
        "city": "Reno",
        "region": "NV",
        "postcode": "89501",
        "country": "US",
        "latitude": 39.53,
        "longitude": -119.81,
    },
    "lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}],
}
GONE = object()


class Partner:
    """Speaks HTTP with one key, or with what a test says instead."""

    def __init__(self, organization_id: int, *granted: str) -> None:
        created = keys.create(
            organization_id=organization_id,
            name="Test",
            scopes=granted or scopes.ALL,
            created_by="staff:1",
        )
        self.headers = {"Authorization": f"Bearer {created.text}"}

    def send(self, method: str, path: str, body: Any = b"", **changes: Any) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = changes.pop("content_type", "application/json")
        return Client(raise_request_exception=False).generic(
            method, path, content, content_type=kind, headers={**self.headers, **changes}
        )


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.virtual(NOW):
        yield a_world()


@pytest.fixture
def partner(world: World) -> Partner:
    return Partner(world.organization_id)


@contextmanager
def nothing_stored() -> Iterator[None]:
    before = rows.count_all()
    yield
    after = rows.count_all()
    assert {table: n for table, n in after.items() if n != before[table]} == {}


def refused(answer: Any, status: int, code: str = "", pointer: str | None = None) -> None:
    assert answer.status_code == status, answer.content[:500]
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer["X-Request-Id"]
    assert code in ("", problem["code"]), problem
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]], problem
        assert all(error["detail"] for error in problem["errors"])


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good body with one value replaced, added or taken away."""
    body = deepcopy(BODY)
    target: Any = body
    *parents, last = [
        int(step) if step.isdigit() else step.replace("~1", "/") for step in path.split("/")[1:]
    ]
    for step in parents:
        target = target[step]
    if value is GONE:
        del target[last]
    else:
        target[last] = value
    return body


WRONG_VALUES: list[tuple[str, Any]] = [
    ("/lines/1/sku", "NOPE"),
    ("/lines/1/sku", "a"),
    ("/lines/1/sku", ""),
    ("/lines/1/sku", "S" * 65),
    ("/lines/1/sku", 7),
    ("/lines/1/sku", None),
    ("/lines/1/sku", ["A"]),
    ("/lines/1/sku", GONE),
    ("/lines/1/quantity", 0),
    ("/lines/1/quantity", -1),
    ("/lines/1/quantity", 1.0),
    ("/lines/1/quantity", 1.5),
    ("/lines/1/quantity", "1"),
    ("/lines/1/quantity", True),
    ("/lines/1/quantity", None),
    ("/lines/1/quantity", [1]),
    ("/lines/1/quantity", {"value": 1}),
    ("/lines/1/quantity", 10**30),
    ("/lines/1/quantity", GONE),
    ("/lines/1/unit_amount", "-1"),
    ("/lines/1/unit_amount", "1e2"),
    ("/lines/1/unit_amount", "NaN"),
    ("/lines/1/unit_amount", "1.005"),
    ("/lines/1/unit_amount", 12.5),
    ("/lines/1/unit_amount", True),
    ("/lines/1/unit_amount", "9" * 40),
    ("/lines/1/colour", "red"),
    ("/lines/1", "A"),
    ("/lines/1", None),
    ("/lines", []),
    ("/lines", {}),
    ("/lines", "A"),
    ("/lines", None),
    ("/lines", GONE),
    ("/lines", [{"sku": "A", "quantity": 1}] * 501),
    ("/lines", [{"sku": "A", "quantity": 1}] * 10_001),
    ("/external_ref", ""),
    ("/external_ref", "   "),
    ("/external_ref", "R" * 81),
    ("/external_ref", 1),
    ("/external_ref", GONE),
    ("/external_ref", "R\u0000"),
    ("/external_ref", "R\u202e"),
    ("/currency", "usd "),
    ("/currency", "ZZZ"),
    ("/currency", 840),
    ("/currency", GONE),
    ("/tier", "yesterday"),
    ("/tier", True),
    ("/tier", {"name": "standard"}),
    ("/customer_ref", "C" * 81),
    ("/shipping_amount", "-0.01"),
    ("/shipping_amount", []),
    ("/channel", 1),
    ("/colour", "red"),
    ("/a~1b", "a pointer must escape this key"),
    ("/ship_to", GONE),
    ("/ship_to", None),
    ("/ship_to", "Reno"),
    ("/ship_to", []),
    ("/ship_to/country", "ZZ"),
    ("/ship_to/country", "USA"),
    ("/ship_to/country", ""),
    ("/ship_to/country", 1),
    ("/ship_to/country", GONE),
    ("/ship_to/name", GONE),
    ("/ship_to/name", "N" * 121),
    ("/ship_to/email", "not a mail"),
    ("/ship_to/email", 1),
    ("/ship_to/email", ["ada@example.com"]),
    ("/ship_to/lines", "1 Main Street"),
    ("/ship_to/lines", ["1", "2", "3", "4", "5"]),
    ("/ship_to/lines/0", 1),
    ("/ship_to/postcode", 89501),
    ("/ship_to/postcode", "9" * 13),
    ("/ship_to/latitude", 90.5),
    ("/ship_to/latitude", "39.53"),
    ("/ship_to/latitude", True),
    ("/ship_to/longitude", -181),
    ("/ship_to/longitude", {}),
    ("/ship_to/planet", "Mars"),
]


@pytest.mark.parametrize(("pointer", "value"), WRONG_VALUES)
def test_a_wrong_value_is_named_and_nothing_is_stored(
    partner: Partner, pointer: str, value: Any
) -> None:
    body = changed(pointer, value)
    with nothing_stored():
        answer = partner.send("POST", ORDERS, body)

    refused(answer, 422, pointer=pointer)


def test_every_wrong_value_of_a_body_is_named_at_once(partner: Partner) -> None:
    body = changed("/lines", [{"sku": "NOPE", "quantity": 1}, {"sku": "GONE", "quantity": 1}])

    problem = partner.send("POST", ORDERS, {**body, "currency": "ZZZ"}).json()

    assert [error["pointer"] for error in problem["errors"]] == [
        "/currency",
        "/lines/0/sku",
        "/lines/1/sku",
    ]


def test_an_unknown_channel_is_named(partner: Partner) -> None:
    with nothing_stored():
        answer = partner.send("POST", ORDERS, changed("/channel", "no-such-shop"))

    refused(answer, 422, pointer="/channel")


def _json(text: str) -> bytes:
    """The good body with one number replaced by text that json.dumps would not write."""
    return json.dumps(changed("/lines/0/quantity", "@")).replace('"@"', text).encode()


GOOD = json.dumps(BODY).encode()
BROKEN: list[tuple[str, bytes, int, str]] = [
    ("nothing", b" ", 400, "invalid_json"),
    ("half a body", GOOD[: len(GOOD) // 2], 400, "invalid_json"),
    ("two bodies", GOOD + GOOD, 400, "invalid_json"),
    ("single quotes", b"{'external_ref': 1}", 400, "invalid_json"),
    ("a trailing comma", b'{"external_ref": "R-1",}', 400, "invalid_json"),
    ("a byte order mark", b"\xef\xbb\xbf" + GOOD, 400, "invalid_json"),
    ("UTF-16", GOOD.decode().encode("utf-16"), 400, "invalid_json"),
    ("invalid UTF-8", GOOD.replace(b"Ada", b"Ad\xff"), 400, "invalid_json"),
    ("an overlong form", GOOD.replace(b"Ada", b"Ad\xc0\xaf"), 400, "invalid_json"),
    ("a lone surrogate", GOOD.replace(b"Ada", rb"Ad\ud800"), 422, "invalid_character"),
    ("an escaped NUL", GOOD.replace(b"Ada", rb"Ad\u0000"), 422, "invalid_character"),
    ("NaN", _json("NaN"), 400, "invalid_number"),
    ("Infinity", _json("-Infinity"), 400, "invalid_number"),
    ("a number beyond floats", _json("1e999"), 400, "invalid_number"),
    ("5,000 digits", _json("9" * 5000), 400, "invalid_number"),
    ("a list", b"[" + GOOD + b"]", 400, "object_expected"),
    ("a text", b'"order"', 400, "object_expected"),
    ("null", b"null", 400, "object_expected"),
    ("a key twice", GOOD[:-1] + b', "currency": "EUR"}', 400, "duplicate_key"),
    ("a deep key twice", _json('1, "sku": "B"'), 400, "duplicate_key"),
    ("33 levels", b'{"a":' * 33 + b"1" + b"}" * 33, 400, "too_deep"),
    ("100,000 levels", b"[" * 100_000, 400, "too_deep"),
    ("6 MB", json.dumps({**BODY, "note": "x" * 6_000_000}).encode(), 413, ""),
]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [case[1:] for case in BROKEN],
    ids=[case[0] for case in BROKEN],
)
def test_a_body_that_is_no_json_object_is_refused(
    partner: Partner, content: bytes, status: int, code: str
) -> None:
    with nothing_stored():
        answer = partner.send("POST", ORDERS, content)

    refused(answer, status, code or "payload_too_large")
    assert "Ada" not in answer.content.decode()


def test_an_empty_body_lacks_every_required_field(partner: Partner) -> None:
    with nothing_stored():
        answer = partner.send("POST", ORDERS, b"")

    refused(answer, 422, pointer="/external_ref")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/msgpack"],
)
def test_another_content_type_is_refused(partner: Partner, kind: str) -> None:
    with nothing_stored():
        answer = partner.send("POST", ORDERS, GOOD, content_type=kind)

    refused(answer, 415)


def test_a_form_is_refused(partner: Partner) -> None:
    kind = "application/x-www-form-urlencoded"
    with nothing_stored():
        answer = partner.send("POST", ORDERS, b"external_ref=R-1", content_type=kind)

    refused(answer, 415)


@pytest.mark.parametrize("key", ["short", "k" * 256, "spaces are not fine", "k" * 20 + "\u00e9"])
def test_an_idempotency_key_out_of_form_is_refused(partner: Partner, key: str) -> None:
    with nothing_stored():
        answer = partner.send("POST", ORDERS, GOOD, **{"Idempotency-Key": key})

    refused(answer, 400, "idempotency.invalid_key")


def test_an_idempotency_key_with_another_body_is_refused(partner: Partner) -> None:
    key = {"Idempotency-Key": "0123456789abcdef"}
    assert partner.send("POST", ORDERS, BODY, **key).status_code == 201

    with nothing_stored():
        answer = partner.send("POST", ORDERS, changed("/lines/0/quantity", 2), **key)
        again = partner.send("POST", ORDERS, BODY, **key)

    refused(answer, 422, "idempotency.key_reused")
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")


def test_a_refused_body_leaves_its_idempotency_key_free(partner: Partner) -> None:
    key = {"Idempotency-Key": "0123456789abcdef"}
    with nothing_stored():
        refused(partner.send("POST", ORDERS, changed("/currency", "ZZZ"), **key), 422)

    assert partner.send("POST", ORDERS, BODY, **key).status_code == 201


def test_a_reference_with_another_content_is_the_first_order_or_a_conflict(
    partner: Partner,
) -> None:
    first = partner.send("POST", ORDERS, BODY)

    with nothing_stored():
        answer = partner.send("POST", ORDERS, changed("/lines/0/quantity", 3))

    assert answer.status_code in (200, 409)
    assert answer.status_code == 409 or answer.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    "header",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer oms_live_nothing"},
        {"Authorization": "Bearer " + "x" * 10_000},
        {"Authorization": "Bearer \u00e9\u00e9"},
        {"Authorization": "Basic b21zOm9tcw=="},
        {"Authorization": "oms_live_nothing"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", ORDERS), ("GET", "/api/v1/shipments")])
def test_without_a_valid_key_nothing_is_told(
    partner: Partner, header: dict[str, str], method: str, path: str
) -> None:
    with nothing_stored():
        answer = partner.send(method, path, GOOD if method == "POST" else b"", **header)

    refused(answer, 401, "auth.invalid_key")
    assert answer["WWW-Authenticate"] == "Bearer"


ROUTES = [
    ("POST", ORDERS, "orders:write"),
    ("GET", ORDERS, "orders:read"),
    ("GET", f"{ORDERS}/ord_x", "orders:read"),
    ("GET", f"{ORDERS}/ord_x/timeline", "orders:read"),
    ("POST", f"{ORDERS}/ord_x/cancel", "orders:write"),
    ("GET", "/api/v1/availability?sku=A", "availability:read"),
    ("GET", "/api/v1/nodes", "nodes:read"),
    ("GET", "/api/v1/shipments", "shipments:read"),
    ("GET", "/api/v1/shipments/shp_x", "shipments:read"),
    ("GET", "/api/v1/shipments/shp_x/label.pdf", "shipments:read"),
    ("GET", "/api/v1/shipments/shp_x/label.zpl", "shipments:read"),
    ("GET", "/api/v1/shipments/shp_x/tracking", "tracking:read"),
    ("GET", "/api/v1/tracking/TRK1", "tracking:read"),
    ("POST", "/api/v1/returns", "returns:write"),
    ("GET", "/api/v1/returns/ret_x", "returns:read"),
    ("POST", "/api/v1/returns/ret_x/receipt", "returns:write"),
    ("POST", "/api/v1/stock/sources/erp/messages", "stock:write"),
    ("POST", "/api/v1/reservations", "reservations:write"),
    ("GET", "/api/v1/reservations/cart-1", "availability:read"),
    ("POST", "/api/v1/reservations/cart-1/extend", "reservations:write"),
    ("POST", "/api/v1/reservations/cart-1/release", "reservations:write"),
    ("GET", "/api/v1/stock/feed?channel=web", "availability:read"),
]


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_each_route_needs_exactly_its_scope(
    world: World, method: str, path: str, scope: str
) -> None:
    others = [name for name in scopes.ALL if name != scope]
    without, with_it = (
        Partner(world.organization_id, *others),
        Partner(world.organization_id, scope),
    )
    with nothing_stored():
        denied = without.send(method, path, GOOD if method == "POST" else b"")
    allowed = with_it.send(method, path, GOOD if method == "POST" else b"")

    refused(denied, 403, "auth.missing_scope")
    assert denied.json()["scope"] == scope
    assert allowed.status_code not in (401, 403)
    assert without.send(method, path).json().keys() == denied.json().keys()


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
@pytest.mark.parametrize("wrong", ["PUT", "PATCH", "DELETE"])
def test_a_method_that_a_route_does_not_have_is_refused(
    partner: Partner, method: str, path: str, scope: str, wrong: str
) -> None:
    with nothing_stored():
        answer = partner.send(wrong, path, GOOD)

    refused(answer, 405, "method_not_allowed")
    assert method in answer["Allow"]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/", "/api/v1/order", "/api/v1/orders/", "/api/v1/orders/a/b/c", "/api/v1/%ff"],
)
def test_a_route_that_is_none_is_a_problem_too(partner: Partner, path: str) -> None:
    refused(partner.send("GET", path), 404, "not_found")


@pytest.mark.parametrize("path", [path for method, path, _ in ROUTES if "_x" in path])
@pytest.mark.parametrize(
    "name", ["%00", "%ff%fe", "x" * 5000, "%F0%9F%9A%80", "..%2f..", "' OR 1=1"]
)
def test_a_name_that_nothing_has_is_not_found(partner: Partner, path: str, name: str) -> None:
    method = next(method for method, known, _ in ROUTES if known == path)
    body = {"reason": "changed mind"} if path.endswith("cancel") else {}
    if path.endswith("receipt"):
        body = {"lines": [{"position": 1, "restock": 1}]}
    with nothing_stored():
        answer = partner.send(
            method,
            path.replace("ord_x", name).replace("shp_x", name).replace("ret_x", name),
            body or b"",
        )

    refused(answer, 404)


def _cursor(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("cursor=x", "?cursor"),
        ("cursor=%00", "?cursor"),
        (f"cursor={_cursor('p=abc')}", "?cursor"),
        (f"cursor={_cursor('o=-5&p=1')}", "?cursor"),
        ("limit=0", "?limit"),
        ("limit=ten", "?limit"),
        ("limit=-1", "?limit"),
        ("colour=red", "?colour"),
        ("status=lost", "?status"),
        ("number=one", "?number"),
        ("number=NaN", "?number"),
        ("number=1.5", "?number"),
        ("number=-1", "?number"),
        (f"number={'9' * 400}", "?number"),
        ("placed_after=yesterday", "?placed_after"),
        ("placed_before=2026-13-45", "?placed_before"),
        (f"external_ref={'R' * 81}", "?external_ref"),
        ("external_ref=%00", "?external_ref"),
    ],
)
def test_a_list_asked_for_what_it_does_not_know_is_refused(
    partner: Partner, world: World, query: str, pointer: str
) -> None:
    world.place(a_draft())

    answer = partner.send("GET", f"{ORDERS}?{query}")

    refused(answer, 400, pointer=pointer)


@pytest.fixture
def foreign(db: None) -> Iterator[Any]:
    """A delivered order of the operator, and a partner of another organization."""
    order = a_delivered_order()
    other = organizations.ensure_partner(code="other", name="Other")
    with unit():
        catalog.upsert_variants(organization_id=other.pk, drafts=[_variant("THEIRS")])
    with clock.virtual(DELIVERED_AT):
        yield order, Partner(other.pk)


def _variant(sku: str) -> VariantDraft:
    return VariantDraft(
        sku=sku,
        name=sku,
        weight_g=1,
        length_mm=1,
        width_mm=1,
        height_mm=1,
        price_amount=1,
        price_currency="USD",
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", ORDERS + "/{}", None),
        ("GET", ORDERS + "/{}/timeline", None),
        ("POST", ORDERS + "/{}/cancel", {"reason": "mine"}),
        (
            "POST",
            "/api/v1/returns",
            {
                "order": "{}",
                "reason": "wrong_item",
                "lines": [{"position": 1, "quantity": 1}],
            },
        ),
    ],
)
def test_a_foreign_order_and_none_at_all_get_the_same_answer(
    foreign: Any, method: str, path: str, body: dict[str, Any] | None
) -> None:
    order, stranger = foreign

    def ask(public_id: str) -> dict[str, Any]:
        content = {**body, **({"order": public_id} if "order" in body else {})} if body else b""
        answer = stranger.send(method, path.replace("{}", public_id), content)
        assert answer.status_code in (404, 422)
        return {k: v for k, v in answer.json().items() if k != "request_id"}

    with nothing_stored():
        assert ask(order.public_id) == ask("ord_01AAAAAAAAAAAAAAAAAAAAAAAA")


def test_an_order_of_another_organization_s_sku_names_it_as_unknown(foreign: Any) -> None:
    _order, stranger = foreign
    mine = catalog_selectors.list_variants().exclude(sku="THEIRS").first()
    assert mine is not None

    with nothing_stored():
        answer = stranger.send("GET", f"/api/v1/availability?sku={mine.sku}")

    refused(answer, 422, "inventory.unknown_sku", "?sku")
