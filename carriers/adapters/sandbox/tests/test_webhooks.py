"""Only the carrier's own words are read; what it says twice or late arrives all the same."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from carriers.adapters.base import InvalidSignature, MalformedWebhook, TrackingStatus
from carriers.adapters.sandbox import testing
from carriers.adapters.sandbox.settings import signing_key
from carriers.adapters.sandbox.simulator import webhooks
from carriers.adapters.sandbox.simulator.server import Simulator
from carriers.adapters.sandbox.simulator.webhooks import signed_headers, waiting
from carriers.adapters.sandbox.testing import label_request
from oms.core import clock

SCAN = {
    "id": "SBX1-00",
    "tracking_number": "SBX1",
    "code": "PU",
    "occurred_at": "2026-03-02T16:10:00+01:00",
    "place": {"city": "Memphis", "region": "TN", "country": "US"},
}
BODY = json.dumps({"scans": [SCAN]})
ADAPTER = testing.adapter("")


def signed(body: str = BODY, secret: str = testing.SECRET) -> dict[str, str]:
    return signed_headers(Webhook(signing_key(secret)), message_id="msg_1", body=body)


def test_a_signed_body_becomes_scans_in_utc():
    (scan,) = ADAPTER.parse_webhook(signed(), BODY.encode())

    assert scan.tracking_number == "SBX1"
    assert scan.event_key == "SBX1-00"
    assert (scan.carrier_code, scan.status) == ("PU", TrackingStatus.ACCEPTED)
    assert scan.occurred_at.isoformat() == "2026-03-02T15:10:00+00:00"
    assert (scan.city, scan.region, scan.country) == ("Memphis", "TN", "US")


def test_header_names_come_in_any_case():
    headers = {name.title(): value for name, value in signed().items()}

    assert len(ADAPTER.parse_webhook(headers, BODY.encode())) == 1


def test_an_unknown_code_is_unknown_and_no_error():
    body = json.dumps({"scans": [{**SCAN, "code": "ZZ"}]})

    (scan,) = ADAPTER.parse_webhook(signed(body), body.encode())

    assert (scan.carrier_code, scan.status) == ("ZZ", TrackingStatus.UNKNOWN)


def _without(name: str) -> dict[str, str]:
    return {key: value for key, value in signed().items() if key != name}


OLD = clock.real_now() - timedelta(minutes=6)
FORGED: list[dict[str, Any]] = [
    {},
    _without("webhook-id"),
    _without("webhook-timestamp"),
    _without("webhook-signature"),
    {**signed(), "webhook-id": "msg_2"},
    {**signed(), "webhook-signature": ""},
    {**signed(), "webhook-signature": "v1"},
    {**signed(), "webhook-signature": "v1,not base64"},
    {**signed(), "webhook-signature": "v1,AAA"},
    {**signed(), "webhook-signature": "v1,ü"},
    {**signed(), "webhook-signature": "v2," + signed()["webhook-signature"][3:]},
    {**signed(), "webhook-timestamp": "nan"},
    {**signed(), "webhook-timestamp": "1e9"},
    {**signed(), "webhook-timestamp": "١٢٣٤٥٦٧٨٩٠"},
    {**signed(), "webhook-timestamp": "9" * 10},
    {**signed(), "webhook-timestamp": signed()["webhook-timestamp"] + "\n"},
    {**signed(), "webhook-timestamp": None},
    {**signed(), "webhook-timestamp": str(int(OLD.timestamp()))},
    signed(secret=base64.b64encode(b"another secret of enough bytes").decode()),
    signed(body="{}"),
]


@pytest.mark.parametrize("headers", FORGED)
def test_a_forged_header_is_an_invalid_signature(headers):
    with pytest.raises(InvalidSignature):
        ADAPTER.parse_webhook(headers, BODY.encode())


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", BODY.encode() + b" ", b"\x00" * 9])
def test_a_changed_body_is_an_invalid_signature(body):
    with pytest.raises(InvalidSignature):
        ADAPTER.parse_webhook(signed(), body)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
    value=st.one_of(st.text(), st.binary(), st.none(), st.integers()),
    body=st.one_of(st.just(BODY.encode()), st.binary()),
)
def test_no_mutation_ends_in_another_exception(name, value, body):
    with pytest.raises(InvalidSignature):
        ADAPTER.parse_webhook({**signed(), name: value}, body)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '{"scans": 3}',
        '{"scans": [3]}',
        json.dumps({"scans": [{**SCAN, "occurred_at": "2026-03-02T16:10:00"}]}),
        json.dumps({"scans": [{**SCAN, "occurred_at": 7}]}),
        json.dumps({"scans": [{**SCAN, "place": "here"}]}),
        "[" * 100_000,
    ],
)
def test_a_genuine_body_of_the_wrong_shape_is_malformed(body):
    with pytest.raises(MalformedWebhook):
        ADAPTER.parse_webhook(signed(body), body.encode())


class Receiver:
    """A receiver of webhooks that can be told to fail."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.refuse_next = 0
        self.refusal = 503
        self._arrived = threading.Condition()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        with self._arrived:
            self.posts.append((headers, body))
            self._arrived.notify_all()
            if self.refuse_next:
                self.refuse_next -= 1
                return self.refusal
            return 200

    def wait_for(self, scans: int, *, at_most_s: float = 10.0) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.keys()) >= scans, at_most_s)

    def keys(self) -> list[str]:
        return [scan["id"] for _, body in self.posts for scan in json.loads(body)["scans"]]


@contextmanager
def receiving(port: int = 0) -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(receiver.take(dict(self.headers), body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver, f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()


def _ship(url: str, count: int) -> list[str]:
    adapter = testing.adapter(url)
    labels = [adapter.buy(label_request(f"shp_{number}:1")) for number in range(count)]
    numbers = [label.tracking_number for label in labels]
    adapter.hand_over(numbers, at=label_request().ship_at)
    return [scan.event_key for scan in adapter.track(numbers)]


def _wait_until_all_is_sent(carrier: Simulator) -> None:
    for _ in range(100):
        if not any(waiting(carrier.store).values()):
            return
        carrier.stopped.wait(0.1)
    raise AssertionError(f"still waiting: {waiting(carrier.store)}")


def test_a_body_that_the_receiver_declines_is_dropped_in_the_end(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(webhooks, "_FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(webhooks, "_LAST_RETRY_S", 0.01)
    with receiving() as (receiver, url), testing.running(tmp_path, webhook_url=url) as carrier:
        receiver.refusal = 422
        receiver.refuse_next = 1000
        _ship(carrier.url, 1)

        _wait_until_all_is_sent(carrier)

        assert len(receiver.posts) == 10


def test_every_scan_is_pushed_once_in_signed_batches(tmp_path: Path):
    with receiving() as (receiver, url), testing.running(tmp_path, webhook_url=url) as carrier:
        keys = _ship(carrier.url, 30)

        receiver.wait_for(len(keys))

        assert sorted(receiver.keys()) == sorted(keys)
        assert max(len(json.loads(body)["scans"]) for _, body in receiver.posts) <= 100
        for headers, body in receiver.posts:
            assert ADAPTER.parse_webhook(headers, body)


def test_a_failed_push_comes_again_under_the_same_id(tmp_path: Path):
    with receiving() as (receiver, url), testing.running(tmp_path, webhook_url=url) as carrier:
        receiver.refuse_next = 1
        keys = _ship(carrier.url, 1)

        receiver.wait_for(2 * len(keys))

        (first, body), (second, same_body) = receiver.posts
        assert first["webhook-id"] == second["webhook-id"]
        assert body == same_body


def test_what_waits_for_a_dead_receiver_survives_a_restart(tmp_path: Path):
    with receiving() as (_, url):
        port = int(url.rsplit(":", 1)[1].split("/")[0])
    with testing.running(tmp_path, webhook_url=url) as carrier:
        keys = _ship(carrier.url, 2)
        carrier.stopped.wait(0.5)

    with receiving(port) as (receiver, _), testing.running(tmp_path, webhook_url=url):
        receiver.wait_for(len(keys))

        assert sorted(receiver.keys()) == sorted(keys)


def test_rates_double_delay_and_reorder_but_lose_nothing(tmp_path: Path):
    rates = {"duplicate_rate": 0.5, "late_rate": 0.5, "shuffle_rate": 0.8, "late_s": 1.0, "seed": 3}
    with (
        receiving() as (receiver, url),
        testing.running(tmp_path, webhook_url=url, **rates) as carrier,
    ):
        keys = _ship(carrier.url, 20)

        _wait_until_all_is_sent(carrier)

        arrived = receiver.keys()
        assert set(arrived) == set(keys)
        assert len(arrived) > len(keys)
        assert list(dict.fromkeys(arrived)) != keys
