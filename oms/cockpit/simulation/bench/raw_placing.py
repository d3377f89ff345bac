"""L, the limit of placing: one plpgsql call per order that writes the rows a placed order has.

The function is made from an order that placement wrote: same tables, same columns, same sizes,
same constraints; only keys are fresh and the stock is taken by one guarded UPDATE per line. It
verifies, plans, prices and encrypts nothing. Eight connections call it, one order per transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Any

from django.db import connection

from oms.cockpit.simulation.bench import raw_callers
from oms.cockpit.simulation.bench.raw_callers import Job
from oms.cockpit.simulation.bench.world import World

PROCESSES, THREADS = 2, 4
_FUNCTION = "bench_place"

_POSITIONS = """
SELECT p.id, p.variant_id FROM inventory_stockposition p
JOIN catalog_variant v ON v.id = p.variant_id AND v.organization_id = %s
JOIN nodes_node n ON n.id = p.node_id AND n.can_ship ORDER BY p.id
"""

_TAKE = """
UPDATE inventory_stockposition SET allocated = allocated + 1
WHERE id = p_positions[i]
  AND on_hand - held - allocated - earmarked - safety_stock + oversell_limit >= 1;
IF NOT FOUND THEN RAISE EXCEPTION 'out of stock'; END IF;
"""

_BODY = """
CREATE OR REPLACE FUNCTION {name}(p_positions bigint[], p_variants bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $body$
DECLARE
  k bigint := nextval(pg_get_serial_sequence('orders_order', 'id'));
  ref text := 'ord_raw' || k;
  sub bigint; cus bigint; con bigint; ful bigint; line bigint; rsv bigint;
BEGIN
{head}
FOR i IN 1..array_length(p_positions, 1) LOOP
{take}
{lines}
END LOOP;
{tail}
RETURN k;
END $body$
"""


@dataclass(frozen=True, slots=True)
class RawPlacing:
    """The callers of L, ready: processes started, connections made anew for each turn."""

    pool: Pool
    job: Job

    def rate(self, seconds: float, *, hot: bool = False) -> float:
        """This function will let eight connections place for so long; orders per second."""
        jobs = [self.job.for_turn(number, seconds, hot=hot) for number in range(PROCESSES)]
        return sum(self.pool.map(raw_callers.work, jobs, chunksize=1))

    def latencies(self, count: int) -> list[float]:
        """This function will place one order after the other on one connection; milliseconds."""
        return raw_callers.one_by_one(self.job, count)


@contextmanager
def callers(world: World) -> Iterator[RawPlacing]:
    """This function will make L from an order placed now, and start its callers."""
    [placed] = world.place(world.drafts(1))
    assert placed.order_id is not None
    _create(placed.order_id)
    with connection.cursor() as cursor:
        cursor.execute(_POSITIONS, [world.organization_id])
        positions = cursor.fetchall()
    job = Job(
        connect=connect_options(),
        statement=f"SELECT {_FUNCTION}(%s::bigint[], %s::bigint[])",
        positions=positions,
        threads=THREADS,
    )
    with get_context("spawn").Pool(PROCESSES) as pool:
        yield RawPlacing(pool, job)


def connect_options() -> dict[str, Any]:
    """This function will return how to reach the database beside Django, for processes, too."""
    params = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return {name: params[name] for name in names if params.get(name)}


def _create(order_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _BODY.format(
                name=_FUNCTION,
                head="\n".join(_head(order_id)),
                take=_TAKE,
                lines="\n".join(_lines(order_id)),
                tail="\n".join(_tail(order_id)),
            )
        )


def _head(order_id: int) -> Iterator[str]:
    order = "(SELECT {} FROM orders_order WHERE id = %s)"
    buyer = f"id = {order.format('customer_id')}"
    yield _copy(
        "contacts_subject",
        f"id = (SELECT subject_id FROM customers_customer WHERE {buyer})",
        order_id,
        {"public_id": "'sub_raw' || k"},
        into="sub",
    )
    yield _copy(
        "customers_customer",
        buyer,
        order_id,
        {"public_id": "'cus_raw' || k", "reference": "ref", "subject_id": "sub"},
        into="cus",
    )
    yield _copy(
        "contacts_contact",
        f"id = {order.format('ship_to_id')}",
        order_id,
        {"public_id": "'con_raw' || k", "subject_id": "sub", "fingerprint": "ref"},
        into="con",
    )
    yield _copy(
        "orders_order",
        "id = %s",
        order_id,
        {
            "id": "k",
            "public_id": "ref",
            "number": "1000000000000 + k",
            "customer_id": "cus",
            "ship_to_id": "con",
            "external_ref": "ref",
            "tracking_hash": "ref",
        },
    )
    yield _copy("orders_orderstatuschange", "subject_id = %s", order_id, {"subject_id": "k"})
    yield _copy("orders_ruleresult", "order_id = %s", order_id, {"order_id": "k"})
    yield _copy("orders_promise", "order_id = %s", order_id, {"order_id": "k"})
    yield _copy(
        "routing_decision",
        f"demand_ref = {order.format('public_id')}",
        order_id,
        {"public_id": "'dec_raw' || k", "demand_ref": "ref"},
    )
    yield _copy(
        "orders_fulfillmentorder",
        "order_id = %s",
        order_id,
        {"public_id": "'ful_raw' || k", "order_id": "k"},
        into="ful",
        limit=1,
    )


def _lines(order_id: int) -> Iterator[str]:
    """What a line has: itself, its reservation with history, its movement, its work."""
    order = "(SELECT public_id FROM orders_order WHERE id = %s)"
    reservation = f"demand_ref = {order}"
    yield _copy(
        "orders_orderline",
        "order_id = %s",
        order_id,
        {"order_id": "k", "position": "i", "variant_id": "p_variants[i]"},
        into="line",
        limit=1,
    )
    yield _copy(
        "inventory_reservation",
        reservation,
        order_id,
        {
            "public_id": "'rsv_raw' || k || '_' || i",
            "demand_ref": "ref",
            "line_ref": "i::text",
            "variant_id": "p_variants[i]",
            "position_id": "p_positions[i]",
        },
        into="rsv",
        limit=1,
    )
    yield _copy(
        "inventory_reservationstatuschange",
        f"subject_id = (SELECT min(id) FROM inventory_reservation WHERE {reservation})",
        order_id,
        {"subject_id": "rsv"},
    )
    yield _copy(
        "inventory_stockmovement",
        f"document_ref = {order}",
        order_id,
        {"position_id": "p_positions[i]", "document_ref": "ref"},
        limit=1,
    )
    yield _copy(
        "orders_fulfillmentline",
        "order_line_id = (SELECT min(id) FROM orders_orderline WHERE order_id = %s)",
        order_id,
        {"fulfillment_order_id": "ful", "order_line_id": "line"},
        limit=1,
    )


def _tail(order_id: int) -> Iterator[str]:
    yield _copy(
        "outbox_outboxevent",
        "correlation_id = (SELECT public_id FROM orders_order WHERE id = %s)",
        order_id,
        {"event_id": "gen_random_uuid()", "correlation_id": "ref", "aggregate_id": "ref"},
    )


def _copy(
    table: str,
    where: str,
    order_id: int,
    fresh: Mapping[str, str],
    *,
    into: str = "",
    limit: int = 1_000,
) -> str:
    """An INSERT of the sample's rows as constants, but for the columns in `fresh`."""
    names = [name for name in _columns(table) if name != "id" or name in fresh]
    picked = ", ".join(f'quote_nullable("{name}"::text)' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {picked} FROM {table} WHERE {where} ORDER BY id LIMIT {limit}", [order_id]
        )
        rows = cursor.fetchall()
    if not rows:
        raise LookupError(f"the sample order has nothing in {table}")
    values = ", ".join(f"({', '.join(_cells(names, row, fresh))})" for row in rows)
    columns = ", ".join(f'"{name}"' for name in names)
    returning = f" RETURNING id INTO {into}" if into else ""
    return f"INSERT INTO {table} ({columns}) VALUES {values}{returning};"


def _cells(names: Sequence[str], row: Sequence[str], fresh: Mapping[str, str]) -> list[str]:
    return [fresh.get(name, value) for name, value in zip(names, row, strict=True)]


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} LIMIT 0")
        return [column.name for column in cursor.description]
