"""The lane and the ordinary door answer alike, whatever they are asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from oms import asgi
from oms.fastlane import intake
from oms.infra.accounts.services import keys
from orders.models import Order
from orders.tests.factories import a_world

pytestmark = pytest.mark.django_db(transaction=True)

SHIP_TO = {
    "name": "Ada Example",
    "lines": ["1 Main Street"],
    "city": "Reno",
    "region": "NV",
    "postcode": "89501",
    "country": "US",
}
#: Differ between any two answers.
_OWN = {"x-request-id", "date", "content-length"}

Said = tuple[int, dict[str, str], Any]


class Doors:
    """Asks the application as the server would, by the lane or around it."""

    def __init__(self) -> None:
        world = a_world()
        self.organization_id = world.organization_id
        self.key = self.make_key("orders:write", "orders:read")
        self.passed_on = 0

    def make_key(self, *scopes: str) -> str:
        return keys.create(
            organization_id=self.organization_id,
            name="Test",
            scopes=scopes,
            created_by="staff:1",
        ).text

    def fast(self, body: Any, **headers: str) -> Said:
        return self._ask(asgi.application, body, headers)

    def ordinary(self, body: Any, **headers: str) -> Said:
        return self._ask(asgi._ordinary, body, headers)

    def _ask(self, application: Any, body: Any, given: dict[str, str]) -> Said:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-").lower(): value for name, value in given.items()}
        fields = {
            "host": "127.0.0.1",
            "content-type": "application/json",
            "content-length": str(len(content)),
            "authorization": f"Bearer {self.key}",
            **named,
        }
        return asyncio.run(_exchange(application, content, fields))


async def _exchange(application: Any, content: bytes, fields: dict[str, str]) -> Said:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/orders",
        "raw_path": b"/api/v1/orders",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items() if value],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    parts = [{"type": "http.request", "body": content, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else await asyncio.sleep(60, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    head = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    said = b"".join(message.get("body", b"") for message in sent[1:])
    is_json = "json" in head["content-type"]
    return sent[0]["status"], head, json.loads(said) if is_json else said.decode()


@pytest.fixture
def doors() -> Iterator[Doors]:
    yield Doors()
    intake.writer.stop()


def order(reference: str = "R-1", **changes: Any) -> dict[str, Any]:
    return {
        "external_ref": reference,
        "channel": "shop",
        "currency": "USD",
        "ship_to": SHIP_TO,
        "lines": [{"sku": "A", "quantity": 1}],
        **changes,
    }


def _without_own(headers: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name not in _OWN}
    policy = "content-security-policy"
    if policy in kept:
        kept[policy] = "; ".join(sorted(kept[policy].split("; ")))
    return kept


def test_a_placed_order_is_answered_alike(doors: Doors) -> None:
    status, headers, body = doors.fast(order("R-1"))
    other_status, other_headers, other_body = doors.ordinary(order("R-2"))

    assert status == other_status == 201
    assert _without_own(headers) == _without_own(other_headers)
    assert body.keys() == other_body.keys()
    assert {**body, **_PER_ORDER} == {**other_body, **_PER_ORDER}
    assert Order.objects.count() == 2


_PER_ORDER = {"id": 0, "number": 0, "external_ref": 0, "tracking_url": 0}


def test_the_same_order_again_is_the_same_answer_at_either_door(doors: Doors) -> None:
    first = doors.fast(order())

    again, around = doors.fast(order()), doors.ordinary(order())

    assert first[2] == again[2] == around[2]
    assert (first[0], again[0], around[0]) == (201, 200, 200)
    assert Order.objects.count() == 1


def test_a_key_repeats_the_answer_at_either_door(doors: Doors) -> None:
    key = {"Idempotency_Key": "0123456789abcdef"}
    first = doors.fast(order(), **key)

    again, around = doors.fast(order(), **key), doors.ordinary(order(), **key)

    assert first[0] == again[0] == around[0] == 201
    assert first[2] == again[2] == around[2]
    assert _without_own(again[1]) == _without_own(around[1])
    assert again[1]["idempotency-replayed"] == "true"


def test_a_key_used_at_the_ordinary_door_is_known_in_the_lane(doors: Doors) -> None:
    key = {"Idempotency_Key": "0123456789abcdef"}
    first = doors.ordinary(order(), **key)

    again = doors.fast(order(), **key)
    other = doors.fast(order("R-2"), **key)

    assert again[:1] + again[2:] == first[:1] + first[2:]
    assert (other[0], other[2]["code"]) == (422, "idempotency.key_reused")
    assert Order.objects.count() == 1


def _deep(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(body))
    *parents, last = path.split(".")
    at: Any = copy
    for name in parents:
        at = at[int(name)] if isinstance(at, list) else at[name]
    at[int(last) if isinstance(at, list) else last] = value
    return copy


_STRANGE: list[tuple[str, Any]] = [
    ("external_ref", ""), ("external_ref", 7),
    ("external_ref", "x" * 81), ("channel", "nowhere"), ("channel", None), ("currency", "XXX"),
    ("currency", "usd"),
    ("currency", "US"), ("tier", "yesterday"), ("tier", ""), ("unknown", 1), ("lines", []),
    ("lines", {}), ("lines.0.sku", "NOPE"), ("lines.0.sku", 7), ("lines.0.quantity", 0),
    ("lines.0.quantity", 1.5), ("lines.0.quantity", "1"), ("lines.0.quantity", True),
    ("lines.0.quantity", 10**30), ("lines.0.unit_amount", "-1"), ("lines.0.unit_amount", "1.001"),
    ("lines.0.unit_amount", 1.5), ("lines.0.unit_amount", "1e3"), ("lines.0.unit_amount", "\u0663"),
    ("lines.0.unit_amount", 3), ("shipping_amount", "99999999999999999"), ("ship_to.name", ""),
    ("ship_to.name", "a\u0000b"), ("ship_to.email", "no mail"), ("ship_to.email", "a..b@x.org"),
    ("ship_to.email", "a@b"), ("ship_to.country", "XX"), ("ship_to.country", "USA"),
    ("ship_to.postcode", "00000"), ("ship_to.latitude", 91), ("ship_to.latitude", "1"),
    ("ship_to.longitude", True), ("ship_to.lines", ["a"] * 5), ("ship_to.lines", "a"),
    ("reservation", "crt_unknown"), ("customer_ref", "x" * 81), ("customer_ref", ""),
]  # fmt: skip


def test_whatever_is_strange_is_answered_alike(doors: Doors) -> None:
    for number, (path, value) in enumerate(_STRANGE):
        # Each door gets an order of its own, unless the reference is what is strange.
        bodies = [_deep(order(f"{door}-{number}"), path, value) for door in ("fast", "ordinary")]

        _assert_alike(doors.fast(bodies[0]), doors.ordinary(bodies[1]), f"{path} = {value!r}")


def test_a_reference_with_spaces_around_it_is_trimmed_at_either_door(doors: Doors) -> None:
    answers = [doors.fast(order(" R-1 ")), doors.ordinary(order(" R-2 "))]

    assert [body["external_ref"] for _, _, body in answers] == ["R-1", "R-2"]


def _assert_alike(fast: Said, ordinary: Said, what: str) -> None:
    assert fast[0] == ordinary[0], what
    assert _without_own(fast[1]) == _without_own(ordinary[1]), what
    if "json" in fast[1]["content-type"] and fast[0] >= 400:
        assert {**fast[2], "request_id": ""} == {**ordinary[2], "request_id": ""}, what


_BYTES = [
    b"", b"[]", b"{", b'{"a": NaN}', b'{"currency": "USD", "currency": "USD"}', b"\xff",
    b"[" * 100_000,
]  # fmt: skip


def test_bytes_that_are_no_order_are_refused_alike(doors: Doors) -> None:
    for content in _BYTES:
        fast = doors.fast(content)

        assert fast[0] >= 400
        _assert_alike(fast, doors.ordinary(content), repr(content[:40]))


_HEADERS: list[dict[str, str]] = [
    {"authorization": ""}, {"authorization": "Bearer wrong"}, {"authorization": "Basic abc"},
    {"content-type": "text/plain"}, {"accept": "text/html"}, {"host": "elsewhere.example"},
    {"idempotency-key": "short"}, {"x-request-id": "mine-12345678"},
]  # fmt: skip


def test_headers_are_judged_alike(doors: Doors) -> None:
    for number, headers in enumerate(_HEADERS):
        fast = doors.fast(order(f"fast-{number}"), **headers)
        ordinary = doors.ordinary(order(f"ordinary-{number}"), **headers)

        _assert_alike(fast, ordinary, repr(headers))


def test_a_key_without_the_scope_is_refused_alike(doors: Doors) -> None:
    doors.key = doors.make_key("orders:read")

    fast, ordinary = doors.fast(order()), doors.ordinary(order())

    assert fast[0] == ordinary[0] == 403
    assert fast[2]["code"] == ordinary[2]["code"]
    assert not Order.objects.exists()
