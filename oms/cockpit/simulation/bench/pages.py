"""Pages and API: milliseconds on the server, half of the requests are faster (p50), measured
through Django's test client in one process: middleware, view, database, rendering; no socket.

- GET /board/data.json: the operations board of staff.
- GET /track/<token>/: a customer's page.
- GET /api/v1/orders?limit=50 and POST /api/v1/orders: a partner's list and order, with key, scope
  and idempotency key.

Raw is GET /healthz, a view that does nothing, through the same client and middleware.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from oms.cockpit.simulation.bench import timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World
from oms.core import ids
from oms.infra.accounts import scopes
from oms.infra.accounts.services import keys, staff
from oms.infra.outbox.services import relaying
from orders.types import Placed

LIST_LENGTH = 50

Request = Callable[[], Any]
_numbers = count(1)


class Refused(RuntimeError):
    """A measured request was not answered as it should be."""


def prepare(world: World, sizes: Sizes) -> list[Placed]:
    """This function will place orders and let every consumer see them, so that pages show them."""
    placed: list[Placed] = []
    for start in range(0, sizes.shown_orders, sizes.batch):
        placed += world.place(world.drafts(min(sizes.batch, sizes.shown_orders - start)))
    relaying.drain()
    return placed


def measure(world: World, sizes: Sizes, shown: Sequence[Placed]) -> Iterator[Figure]:
    """This function will yield the figures of pages, on the orders that `prepare` placed."""
    # One client for all: a new one builds the whole middleware anew.
    client = Client(SERVER_NAME="localhost")
    bare = _expecting(200, lambda: client.get("/healthz"))
    for name, request in _requests(world, client, shown):
        yield _timed(name, request, bare, sizes)


def _timed(name: str, request: Request, bare: Request, sizes: Sizes) -> Figure:
    # The first ones load what is loaded once.
    request()
    bare()
    ours, limit = timing.in_turns(
        sizes.rounds, lambda: _p50(request, sizes.requests), lambda: _p50(bare, sizes.requests)
    )
    return Figure(f"{name}, p50", ours, "ms", raw=limit)


def _p50(request: Request, wanted: int) -> float:
    return timing.percentile([timing.milliseconds(request) for _ in range(wanted)], 0.5)


def _requests(
    world: World, client: Client, shown: Sequence[Placed]
) -> Iterator[tuple[str, Request]]:
    person = _staff_client()
    yield "GET /board/data.json", _expecting(200, lambda: person.get("/board/data.json"))
    yield "GET /track/<token>/", _expecting(200, lambda: _track(client, shown))
    partner = _partner_client(world)
    listing = f"/api/v1/orders?limit={LIST_LENGTH}"
    yield f"GET /api/v1/orders, {LIST_LENGTH}", _expecting(200, lambda: partner.get(listing))
    yield "POST /api/v1/orders", _expecting(201, lambda: _post(world, partner))


def _expecting(status: int, request: Request) -> Request:
    def checked() -> None:
        answer = request()
        if answer.status_code != status:
            raise Refused(f"{answer.status_code} instead of {status}")

    return checked


def _staff_client() -> Client:
    client = Client(SERVER_NAME="localhost")
    username = staff.ensure_first_admin().username
    person = get_user_model().objects.get(username=username)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _track(client: Client, shown: Sequence[Placed]) -> Any:
    number = next(_numbers)
    # Every address may ask so often a minute.
    address = f"127.0.{number // 250 % 250}.{number % 250 + 1}"
    path = shown[number % len(shown)].tracking_path
    return client.get(path, REMOTE_ADDR=address)


def _partner_client(world: World) -> Client:
    made = keys.create(
        organization_id=world.organization_id,
        name="bench",
        scopes=scopes.ALL,
        created_by="command:bench",
    )
    return Client(SERVER_NAME="localhost", HTTP_AUTHORIZATION=f"Bearer {made.text}")


def _post(world: World, partner: Client) -> Any:
    [draft] = world.drafts(1)
    person = draft.recipient
    body = {
        "external_ref": draft.external_ref,
        "currency": draft.currency,
        "ship_to": {
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "lines": list(person.lines),
            "city": person.city,
            "region": person.region,
            "postcode": person.postcode,
            "country": person.country,
        },
        "lines": [{"sku": line.sku, "quantity": line.quantity} for line in draft.lines],
    }
    return partner.post(
        "/api/v1/orders",
        json.dumps(body),
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY=ids.public_id("idem"),
    )
