"""Fifty planted people come through every door; their words stand nowhere in the clear."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from oms.runtime.postgres import Postgres
from tests.privacy.canaries import Flock, Person
from tests.support import stack as stacks
from tests.support.orders import record, write_csv, write_jsonl
from tests.support.stack import Stack
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stack")]

#: People by the door they come through, and those whose rows are refused there.
BY_CSV, BY_JSONL, BY_API, REFUSED = 20, 20, 10, 3
PATIENCE = 240.0
_REVEAL = """
import json
from oms.infra.contacts.services import vault
from orders.models import Order
ids = dict(Order.objects.values_list("external_ref", "ship_to_id"))
opened = vault.reveal_many(contact_ids=list(ids.values()), purpose="test")
print(json.dumps({ref: [opened[pk].name, opened[pk].company, opened[pk].email, opened[pk].phone,
                        *opened[pk].lines] for ref, pk in ids.items()}))
"""


class Wiretap:
    """Keeps every command that anybody sends to the broker."""

    def __init__(self, url: str) -> None:
        self.heard: list[bytes] = []
        self._monitor = redis.Redis.from_url(url).monitor()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Wiretap:
        self._monitor.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._monitor.connection.disconnect()
        self._thread.join(timeout=10)

    def _listen(self) -> None:
        try:
            while True:
                self.heard.append(self._monitor.connection.read_response())
        except (redis.ConnectionError, OSError, ValueError, AttributeError):
            return  # the line was cut: the test has heard enough


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with stacks.running(tmp_path, carrier=stacks.FAST_CARRIER) as running:
        running.manage("seed_world", "--size", "small")
        yield running


def test_a_flock_is_found_however_it_is_written() -> None:
    flock = Flock()
    person = flock.hatch()
    phone, name = person.phone[2:].encode(), person.name.encode()
    writings = [
        b"..." + name,
        name.upper(),
        name.decode().encode("utf-16-le"),
        b"\\x" + name.hex().encode(),
        *(base64.b64encode(b"x" * shift + b"-" + name + b"-tail") for shift in range(3)),
        *(base64.b64encode(b"x" * shift + b"tel" + phone + b"!") for shift in range(3)),
        phone,
    ]

    for writing in writings:
        assert list(flock.sightings("here", writing)) != [], writing
    assert list(flock.sightings("here", json.dumps(record(1)).encode())) == []


def test_no_word_of_a_person_stands_anywhere_in_the_clear(stack: Stack, tmp_path: Path) -> None:
    flock = Flock()
    planted: dict[str, Person] = {}
    with Wiretap(stack.services["redis_url"]) as wiretap:
        errors_files = _come_by_file(stack, flock, planted, tmp_path)
        links = _come_by_api(stack, flock, planted)
        _all_are_served(stack, len(planted))
        pages = [httpx.get(link) for link in links]

    assert len(planted) == BY_CSV + BY_JSONL + BY_API
    places = {
        "database": _dump(stack),
        "broker traffic": b"\n".join(wiretap.heard),
        "tracking pages": b"\n".join(page.content for page in pages),
        **_broker_content(stack),
        **_files(stack, but=errors_files),
    }
    _the_search_sees(places, pages)
    found = [line for name, content in places.items() for line in flock.sightings(name, content)]
    assert found == []

    revealed = json.loads(stack.shell(_REVEAL).splitlines()[-1])
    assert revealed == {ref: _said(person) for ref, person in planted.items()}
    for path in errors_files:
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(list(flock.sightings("errors", path.read_bytes()))) > 0


def _come_by_file(
    stack: Stack, flock: Flock, planted: dict[str, Person], folder: Path
) -> list[Path]:
    """Some rows are refused: those people are known to the error file alone."""
    errors_files = []
    for kind, write, first, count in (
        ("csv", write_csv, 0, BY_CSV),
        ("jsonl", write_jsonl, 100, BY_JSONL),
    ):
        good = [_plant(flock, planted, number) for number in range(first, first + count)]
        bad = [_refusable(flock, first + count + i) for i in range(REFUSED)]
        path = write(folder / f"orders.{kind}", [*good[:5], *bad, *good[5:]])
        answer = stack.manage("import_orders", str(path), "--format", kind, codes=(3,))
        assert (answer["placed"], answer["rejected"]) == (count, REFUSED)
        errors_files.append(Path(answer["errors_file"]))
        path.unlink()
    return errors_files


def _come_by_api(stack: Stack, flock: Flock, planted: dict[str, Person]) -> list[str]:
    made = stack.manage("create_api_key", "--organization", "operator", "--name", "canaries")
    headers = {"authorization": f"Bearer {made['key']}"}
    links = []
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as client:
        for number in range(200, 200 + BY_API):
            body = _plant(flock, planted, number)
            key = {"idempotency-key": f"canary-{number:012d}"}
            answer = client.post("/api/v1/orders", json=body, headers=key)
            assert answer.status_code == 201, answer.text
            links.append(answer.json()["tracking_url"])
        for number in range(300, 300 + REFUSED):
            refused = client.post("/api/v1/orders", json=_refusable(flock, number))
            assert refused.status_code == 422
            assert list(flock.sightings("answer", refused.content)) == []
    return links


def _plant(flock: Flock, planted: dict[str, Person], number: int) -> dict[str, Any]:
    person = flock.hatch()
    body = record(number, **person.ship_to)
    if number % 2:
        body["customer_ref"] = person.email  # shops do name their customers so
    planted[body["external_ref"]] = person
    return body


def _refusable(flock: Flock, number: int) -> dict[str, Any]:
    body = record(number, **flock.hatch().ship_to)
    body["lines"][0]["sku"] = "NO-SUCH-THING"
    return body


def _all_are_served(stack: Stack, count: int) -> None:
    clerk = stack.begin("demo_clerk", "--every", "0.2", "--limit", "30")
    try:
        wait_for(
            lambda: stack.number("SELECT count(delivered_at) FROM orders_order") == count,
            seconds=PATIENCE,
            what=f"{count} deliveries",
            every=0.5,
        )
    finally:
        clerk.send_signal(signal.SIGTERM)
        clerk.wait(timeout=60)


def _dump(stack: Stack) -> bytes:
    """Everything the database holds, as text; bytes are in hex."""
    program = Postgres(stack.layout).binaries / "pg_dump"
    done = subprocess.run(
        [str(program), "--dbname", stack.services["database_url"]], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _broker_content(stack: Stack) -> dict[str, bytes]:
    found = {}
    with redis.Redis.from_url(stack.services["redis_url"]) as broker:
        for key in broker.scan_iter():
            found[f"broker key {key!r}"] = key + b"\n" + (broker.dump(key) or b"")
    return found


def _files(stack: Stack, *, but: list[Path]) -> dict[str, bytes]:
    """Logs, what `up` and the commands printed, the broker's journal, the carrier's memory."""
    others = {stack.layout.home / "pg", stack.layout.home / "static"}
    paths = [path for path in stack.home.parent.rglob("*") if path.is_file() and path not in but]
    paths.append(Postgres(stack.layout).log)
    return {str(path): path.read_bytes() for path in paths if not others.intersection(path.parents)}


def _the_search_sees(places: dict[str, bytes], pages: list[httpx.Response]) -> None:
    """What is searched is what it should be: each place shows something that belongs there."""
    assert b"T-00000" in places["database"]
    assert b"COPY public.contacts_contact" in places["database"]
    assert b"carriers.buy_labels" in places["broker traffic"]
    assert b"oms:live" in places["broker traffic"]
    assert [page.status_code for page in pages] == [200] * BY_API
    names = {Path(name).name for name in places}
    assert names >= {"web.log", "relay.log", "worker-carriers.log", "commands.log", "up.txt"}
    assert names >= {"postgres.log", "sandbox_carrier.sqlite3"}


def _said(person: Person) -> list[str]:
    return [person.name, person.company, person.email, person.phone, person.street]
