"""Bytes that are no good HTTP reach the real server: it answers or hangs up, and keeps serving."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from django.conf import settings
from django.db import connection

from oms.infra.accounts.services import keys
from oms.runtime import probe
from oms.settings.env import BASE_DIR, database_url
from orders.tests.factories import a_world
from tests.support import rows
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {
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
    },
    "lines": [{"sku": "A", "quantity": 1}],
}
GOOD = json.dumps(BODY).encode()


class Server:
    """gunicorn as `up` starts it, with one process, on the test's own database."""

    def __init__(self, folder: Path) -> None:
        self.port = probe.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        world = a_world()
        self.key = keys.create(
            organization_id=world.organization_id,
            name="Test",
            scopes=["orders:write", "orders:read"],
            created_by="staff:1",
        ).text
        self.output = folder / "server.txt"
        address = urlsplit(database_url())._replace(path=f"/{connection.settings_dict['NAME']}")
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "oms.settings.test",
            "DATABASE_URL": urlunsplit(address),
            "REDIS_URL": settings.REDIS_URL,
            "PORT": str(self.port),
            "WEB_WORKERS": "1",
        }
        # Only the test run adds a suffix; the address names the database in full.
        self.environment.pop("OMS_TEST_DB", None)

    def run(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gunicorn", "-c", "python:oms.runtime.gunicorn_conf"]
        with open(self.output, "wb") as output:
            return subprocess.Popen(
                [*command, "oms.asgi:application"],
                cwd=BASE_DIR,
                env=self.environment,
                stdout=output,
                stderr=output,
            )

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def send(self, *parts: bytes) -> bytes:
        """Everything the server says until it hangs up or is silent."""
        said = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=3) as line:
            try:
                for part in parts:
                    line.sendall(part)
                while received := line.recv(65536):
                    said += received
            except (ConnectionError, TimeoutError):
                pass
        return said

    def head(self, *lines: str, path: str = "/api/v1/orders", host: str = "127.0.0.1") -> bytes:
        every = (
            f"POST {path} HTTP/1.1",
            f"Host: {host}",
            f"Authorization: Bearer {self.key}",
            "Content-Type: application/json",
            "Connection: close",
            *lines,
        )
        return "\r\n".join((*every, "", "")).encode("latin-1")

    def place(self, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        return httpx.post(
            f"{self.url}/api/v1/orders",
            content=content,
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                **headers,
            },
            timeout=30,
        )


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    process = server.run()
    try:
        wait_for(server.is_up, seconds=60, what="the server's first answer")
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _status(said: bytes) -> int:
    """The status of the answer; 0 where the server hung up without one."""
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.") else 0


def _chunks(content: bytes, size: int = 65536) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def test_no_bytes_make_the_server_store_or_fall(server: Server) -> None:
    length = f"Content-Length: {len(GOOD)}"
    huge = json.dumps({**BODY, "note": "x" * 6_000_000}).encode()
    cases: dict[str, tuple[bytes, ...]] = {
        "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\xff\r\n\r\n",),
        "no request line": (b"\r\n" * 50,),
        "half a head": (server.head()[:60],),
        "a body shorter than said": (server.head("Content-Length: 5000"), GOOD),
        "a negative length": (server.head("Content-Length: -1"), GOOD),
        "a length in words": (server.head("Content-Length: many"), GOOD),
        "two lengths": (server.head("Content-Length: 5", length), GOOD),
        "a length and chunks": (server.head("Transfer-Encoding: chunked", length), GOOD),
        "chunks that are none": (server.head("Transfer-Encoding: chunked"), b"zz\r\n" + GOOD),
        "a NUL in a header": (server.head("X-Odd: a\x00b", length), GOOD),
        "a header of 200 kB": (server.head(f"X-Long: {'x' * 200_000}", length), GOOD),
        "5,000 headers": (server.head(*(f"X-{n}: 1" for n in range(5000)), length), GOOD),
        "a path of 100 kB": (server.head(length, path="/api/v1/" + "a" * 100_000), GOOD),
        "a path that is no UTF-8": (server.head(length, path="/api/v1/orders/%ff%00"), GOOD),
        "a foreign host": (server.head(length, host="evil.example"), GOOD),
        "no host, no key": (b"POST /api/v1/orders HTTP/1.1\r\nContent-Length: 0\r\n\r\n",),
        "6 MB": (server.head(f"Content-Length: {len(huge)}"), *_chunks(huge)),
        "9 GB announced": (server.head("Content-Length: 9000000000"), GOOD),
    }
    before = rows.count_all()

    answers = {name: _status(server.send(*parts)) for name, parts in cases.items()}

    assert {n: s for n, s in answers.items() if s and not 400 <= s < 500} == {}
    assert rows.count_all() == before
    assert answers["a foreign host"] == 400
    assert answers["6 MB"] == 413
    assert answers["a path that is no UTF-8"] == 405
    assert server.place(GOOD).status_code == 201


def test_bodies_in_chunks_are_read_in_full_and_bounded(server: Server) -> None:
    """No length announced: clients that stream are served, and streams without end are not."""

    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 65536

    streamed = server.place(iter([GOOD[:50], GOOD[50:]]))
    before = rows.count_all()
    try:
        refused = server.place(endless()).status_code
    except httpx.HTTPError:
        refused = 0

    assert (streamed.status_code, streamed.json()["external_ref"]) == (201, "R-1")
    assert refused in (0, 413)
    assert rows.count_all() == before


def test_problems_of_the_server_itself_are_problems_too(server: Server) -> None:
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=server.url, headers=headers) as client:
        answers = [
            client.get("/api/v1/nothing"),
            client.post("/api/v1/orders", content=b"{", headers={"Content-Type": "text/plain"}),
            client.put("/api/v1/orders", content=GOOD),
            client.get("/api/v1/orders?cursor=x"),
        ]

    assert [answer.status_code for answer in answers] == [404, 415, 405, 400]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
