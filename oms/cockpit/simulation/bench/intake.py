"""Intake over HTTP: `POST /api/v1/orders` at the real server with two processes, all checks on,
every order of a new customer, two lines, stock without end, each with an idempotency key.

- intake, 128 connections: orders answered 201, per second; raw is L of `raw_placing`. Each was
  committed before its answer: afterwards all of them are counted in the database.
- p50 and p99 are of all answers.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Any

import httpx
from django.db import connection

from oms.cockpit.simulation.bench import http_callers, raw_placing, timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.http_callers import Load, Told
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World, settle
from oms.core import ids
from oms.infra.accounts import scopes
from oms.infra.accounts.services import keys
from oms.settings.env import BASE_DIR
from orders.types import OrderDraft

CONNECTIONS, WORKERS = 128, 2
#: More than any machine answers.
_MOST_PER_SECOND = 1_500
_PATIENCE_S = 60.0
_ORDERS = "SELECT count(*) FROM orders_order"


class Lost(RuntimeError):
    """An order was answered 201 and is not there."""


class NotUp(RuntimeError):
    """The server did not begin to answer."""


def measure(world: World, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figures of intake over HTTP."""
    credential = keys.create(
        organization_id=world.organization_id,
        name="bench",
        scopes=scopes.ALL,
        created_by="command:bench",
    ).text
    with (
        raw_placing.callers(world) as raw,
        _server() as port,
        get_context("spawn").Pool(1) as pool,
    ):
        _run(world, pool, port, credential, sizes.raw_seconds)
        settle()
        told: list[Told] = []

        def ours() -> float:
            told.append(_run(world, pool, port, credential, 2 * sizes.raw_seconds))
            return told[-1].per_second

        rate, limit = timing.in_turns(sizes.rounds, ours, lambda: raw.rate(sizes.raw_seconds))
    latencies = [ms for answer in told for ms in answer.latencies_ms]
    name = f"intake, {CONNECTIONS} connections, {WORKERS} processes"
    yield Figure(name, rate, "orders/s", raw=limit, ratio_bar=0.4)
    yield Figure(f"{name}, p50", timing.percentile(latencies, 0.5), "ms")
    yield Figure(f"{name}, p99", timing.percentile(latencies, 0.99), "ms")


def _run(world: World, pool: Pool, port: int, credential: str, seconds: float) -> Told:
    before = _orders()
    drafts = world.drafts(round(seconds * _MOST_PER_SECOND))
    load = Load(port, [_request(port, credential, d) for d in drafts], CONNECTIONS, seconds)
    told: Told = pool.apply(http_callers.work, (load,))
    if told.refused:
        raise Lost(f"{told.refused} orders were not answered 201")
    if _orders() - before < told.placed:
        raise Lost(f"{told.placed} were answered, {_orders() - before} are there")
    return told


def _orders() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS)
        return int(cursor.fetchone()[0])


def _request(port: int, credential: str, draft: OrderDraft) -> bytes:
    body = json.dumps(_body(draft)).encode()
    head = (
        f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {credential}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {ids.public_id('idem')}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _body(draft: OrderDraft) -> dict[str, Any]:
    return {
        "external_ref": draft.external_ref,
        "channel": "shop",
        "currency": draft.currency,
        "ship_to": asdict(draft.recipient),
        "lines": [{"sku": line.sku, "quantity": line.quantity} for line in draft.lines],
    }


@contextmanager
def _server() -> Iterator[int]:
    """The server as `up` starts it, on the bench's own database; ended with the block."""
    port = _free_port()
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:oms.runtime.gunicorn_conf"]
    environment = {**os.environ, "PORT": str(port), "WEB_WORKERS": str(WORKERS)}
    process = subprocess.Popen(
        [*gunicorn, "oms.asgi:application"],
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise NotUp("The server did not answer within a minute.")
