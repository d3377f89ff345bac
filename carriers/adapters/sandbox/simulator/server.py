"""The carrier's HTTP/1.1 face: bearer secret, bounded bodies, kept-alive connections.

| call                                | answer                                               |
|-------------------------------------|------------------------------------------------------|
| `GET /healthz`                      | 200 without credentials                              |
| `POST /v1/rates`                    | prices of all services for a parcel                  |
| `POST /v1/labels`                   | the label; 200 with the same one for a known reference |
| `GET /v1/labels?reference=`         | the label of a reference, or none                    |
| `POST /v1/labels/{tracking}/void`   | cancels before hand-over                             |
| `POST /v1/manifest`                 | hand-over; journeys start here                       |
| `GET /v1/tracking?numbers=a,b`      | all scans due now of up to 100 parcels               |
| `GET /v1/purchases[?reference=]`    | charges per reference                                |
"""

from __future__ import annotations

import hmac
import json
import random
import re
import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from carriers.adapters.sandbox.settings import signing_key
from carriers.adapters.sandbox.simulator import webhooks
from carriers.adapters.sandbox.simulator.config import SimulatorConfig
from carriers.adapters.sandbox.simulator.outcomes import Outcome
from carriers.adapters.sandbox.simulator.refusals import Refusal
from carriers.adapters.sandbox.simulator.sales import Sales
from carriers.adapters.sandbox.simulator.seal import Seal
from carriers.adapters.sandbox.simulator.store import Store
from carriers.adapters.sandbox.simulator.tracking import Tracking

_MAX_BODY: Final = 1024 * 1024
_IDLE_S: Final = 60.0
_VOID: Final = re.compile(r"/v1/labels/([A-Za-z0-9]{1,40})/void")

Query = dict[str, list[str]]


class Simulator:
    """One running carrier; `start` binds, `stop` ends within two seconds."""

    def __init__(self, config: SimulatorConfig) -> None:
        key = signing_key(config.secret)
        rng = random.Random(config.seed)
        self.config = config
        self.store = Store(config.state)
        self.stopped = threading.Event()
        self.pusher = webhooks.Pusher(config=config, store=self.store, signing_key=key, rng=rng)
        self.sales = Sales(config=config, store=self.store, seal=Seal(key), rng=rng)
        self.tracking = Tracking(config=config, store=self.store, rng=rng, wake=self.pusher.wake)
        self._rng = rng
        self._server = _Server((config.host, config.port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="http", daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        self._thread.start()
        self.pusher.start()

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.close_all()
        self.pusher.stop()
        self.store.close()

    def pause(self) -> None:
        """This function will take the time that a distant carrier takes."""
        if self.config.latency_ms > 0:
            self.stopped.wait(self.config.latency_ms / 1000 * self._rng.uniform(0.5, 1.5))

    def answer(self, method: str, target: str, body: bytes) -> tuple[dict[str, Any], Outcome]:
        """This function will do what was asked.

        :raises Refusal: the answer is an error.
        """
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        if (method, parts.path) == ("POST", "/v1/labels"):
            return self.sales.buy(_json(body))
        return self._plain_route(method, parts.path, query)(body), Outcome.NORMAL

    def _plain_route(
        self, method: str, path: str, query: Query
    ) -> Callable[[bytes], dict[str, Any]]:
        routes: dict[tuple[str, str], Callable[[bytes], dict[str, Any]]] = {
            ("POST", "/v1/rates"): lambda body: self.sales.rates(_json(body)),
            ("GET", "/v1/labels"): lambda _: self.sales.by_reference(_one(query, "reference")),
            ("POST", "/v1/manifest"): lambda body: self.tracking.manifest(_json(body)),
            ("GET", "/v1/tracking"): lambda _: self.tracking.scans(
                [number for number in _one(query, "numbers").split(",") if number]
            ),
            ("GET", "/v1/purchases"): lambda _: self.sales.purchases(
                query.get("reference", [None])[0]
            ),
        }
        void = _VOID.fullmatch(path)
        if method == "POST" and void:
            return lambda _: self.sales.void(void[1])
        if (method, path) not in routes:
            raise Refusal(404, "no_such_call", "No such call")
        return routes[(method, path)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        self.simulator = simulator
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """This function will bind without the reverse name look-up that http.server makes, which
        takes seconds on a machine without a name server."""
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), port

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """This function will end kept-alive connections too: their threads would live on."""
        self.server_close()
        with self._guard:
            for connection in self._open:
                _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """This function will stay silent: callers that hang up are this server's daily bread."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "SandboxCarrier"
    sys_version = ""
    timeout = _IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def log_message(self, format: str, *args: Any) -> None:
        """This function will log nothing: paths hold references, and every call is a test's."""

    def _handle(self, method: str) -> None:
        simulator = self.server.simulator
        try:
            body = self._body()
            if self.path == "/healthz":
                return self._send(
                    200, {"status": "ok", "waiting": webhooks.waiting(simulator.store)}
                )
            self._authorize()
            simulator.pause()
            answer, outcome = simulator.answer(method, self.path, body)
        except Refusal as refusal:
            return self._send(refusal.status, refusal.body(), retry_after=refusal.retry_after)
        if outcome is Outcome.NORMAL:
            return self._send(200, answer)
        if outcome is Outcome.TIMEOUT:
            simulator.stopped.wait(simulator.config.hold_s)
        self.close_connection = True
        _shut(self.connection)

    def _body(self) -> bytes:
        length = self.headers.get("content-length") or "0"
        is_known = "transfer-encoding" not in self.headers and re.fullmatch("[0-9]{1,9}", length)
        if not is_known or int(length) > _MAX_BODY:
            # What follows cannot be told apart from the next request.
            self.close_connection = True
            raise Refusal(413, "body_too_large", "Body too large or of unknown length")
        return self.rfile.read(int(length))

    def _authorize(self) -> None:
        expected = f"Bearer {self.server.simulator.config.secret}".encode()
        given = (self.headers.get("authorization") or "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, expected):
            raise Refusal(401, "unauthorized", "Bearer secret missing or wrong")

    def _send(self, status: int, body: Any, *, retry_after: int | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        if retry_after is not None:
            self.send_header("retry-after", str(retry_after))
        self.end_headers()
        self.wfile.write(content)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster.
        return


def _json(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "invalid_request", "The body is not JSON") from error
    if not isinstance(payload, dict):
        raise Refusal(400, "invalid_request", "The body is not an object")
    return payload


def _one(query: Query, name: str) -> str:
    values = query.get(name, [])
    if len(values) != 1:
        raise Refusal(400, "invalid_request", f"One {name} is needed")
    return values[0]
