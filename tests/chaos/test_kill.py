"""kill -9 in the middle of everything: nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import stack as stacks
from tests.support.orders import record, write_jsonl
from tests.support.stack import Stack
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stack")]

ORDERS = 300
#: Rows that stand in the file and are no orders: an unknown SKU, a zero, no JSON.
BAD_ROWS = 3
#: Slow enough to be killed in the middle of a purchase; late, twice and out of order afterwards.
CARRIER = (
    f"{stacks.FAST_CARRIER} --latency-ms 250 "
    "--duplicate-rate 0.1 --shuffle-rate 0.1 --late-rate 0.05"
)
#: A lease of a minute must run out before anybody may do a dead worker's job.
PATIENCE = 240.0
_CALLING = "SELECT count(*) FROM carriers_labelintent WHERE state = 'calling'"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with stacks.running(tmp_path, carrier=CARRIER) as running:
        running.manage("seed_world", "--size", "small")
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    records = [record(number) for number in range(ORDERS)]
    unknown, zero = record(ORDERS), record(ORDERS + 1)
    unknown["lines"][0]["sku"] = "NO-SUCH-THING"
    zero["lines"][0]["quantity"] = 0
    path = write_jsonl(tmp_path / "orders.jsonl", [*records[:50], unknown, zero, *records[50:]])
    with path.open("a") as handle:
        handle.write('{"external_ref": "T-')
    return path


def test_after_kill_nine_nothing_is_lost_and_nothing_is_done_twice(
    stack: Stack, file: Path
) -> None:
    clerk = stack.begin("demo_clerk", "--every", "0.2", "--limit", "30")
    try:
        _import_is_killed_and_resumed(stack, file)
        _kill_when(stack, "worker-carriers", _CALLING, 8)
        _kill_when(stack, "relay", "SELECT count(*) FROM carriers_labelfile", 100)
        _kill_when(stack, "web", "SELECT count(*) FROM carriers_trackingevent", 50)
        _kill_when(stack, "valkey", "SELECT count(delivered_at) FROM orders_order", 20)
        wait_for(lambda: _is_all_done(stack), seconds=PATIENCE, what="every order's end", every=1)
    finally:
        clerk.send_signal(signal.SIGTERM)
        clerk.wait(timeout=60)

    _every_order_is_there_once(stack)
    _every_unit_left_once(stack)
    _every_label_was_paid_once(stack)
    _everybody_was_told(stack)


def _import_is_killed_and_resumed(stack: Stack, file: Path) -> None:
    command = ("import_orders", str(file), "--format", "jsonl", "--no-work")
    importing = stack.begin(*command)
    wait_for(
        lambda: stack.number("SELECT count(*) FROM orders_order") >= 100,
        seconds=120,
        what="the first batch",
        every=0.01,
    )
    os.killpg(importing.pid, signal.SIGKILL)
    importing.wait()
    assert 100 <= stack.number("SELECT count(*) FROM orders_order") < ORDERS

    answer = stack.manage(*command, codes=(3,))

    assert (answer["placed"], answer["rejected"]) == (ORDERS, BAD_ROWS)
    refused = Path(answer["errors_file"]).read_text().splitlines()
    assert len(refused) == BAD_ROWS


def _kill_when(stack: Stack, name: str, statement: str, at_least: int) -> None:
    """Kills it, with all it started, when the count is reached; returns when it is back."""
    wait_for(
        lambda: stack.number(statement) >= at_least,
        seconds=PATIENCE,
        what=f"{at_least} of {statement!r}",
        every=0.05,
    )
    killed = stack.kill(name)
    assert killed
    wait_for(lambda: stack.pids.get(name) not in {None, *killed}, seconds=60, what=f"{name} again")


def _is_all_done(stack: Stack) -> bool:
    [(open_orders, due, pushed)] = stack.rows(
        "SELECT (SELECT count(*) FROM orders_order WHERE closed_at IS NULL),"
        " (SELECT count(*) FROM outbox_outboxevent WHERE relayed_at IS NULL),"
        " (SELECT count(*) FROM carriers_webhookcall WHERE processed_at IS NULL)"
    )
    return (open_orders, due, pushed) == (0, 0, 0)


def _every_order_is_there_once(stack: Stack) -> None:
    [(orders, references, numbers, delivered)] = stack.rows(
        "SELECT count(*), count(DISTINCT external_ref), count(DISTINCT number),"
        " count(delivered_at) FROM orders_order"
    )
    assert (orders, references, numbers, delivered) == (ORDERS,) * 4
    status = stack.manage("status")
    assert (status["orders"]["delivered"], status["cases"]["open"]) == (ORDERS, 0)
    assert status["workers"] == 3


def _every_unit_left_once(stack: Stack) -> None:
    wanted = sum(line["quantity"] for n in range(ORDERS) for line in record(n)["lines"])
    [(ordered, shipped, delivered)] = stack.rows(
        "SELECT sum(ordered), sum(shipped), sum(delivered) FROM orders_orderline"
    )
    assert (ordered, shipped, delivered) == (wanted,) * 3
    assert stack.rows(
        "SELECT status, sum(quantity) FROM inventory_reservation GROUP BY status"
    ) == [("consumed", wanted)]
    assert stack.rows(
        "SELECT -sum(on_hand_delta), count(*) - (SELECT count(*) FROM inventory_reservation)"
        " FROM inventory_stockmovement WHERE kind = 'shipped'"
    ) == [(wanted, 0)]
    assert stack.manage("verify_ledger")["differences"] == 0


def _every_label_was_paid_once(stack: Stack) -> None:
    bought = [
        reference
        for (reference,) in stack.rows(
            "SELECT reference FROM carriers_labelintent WHERE state = 'bought'"
        )
    ]
    shipments = stack.number("SELECT count(*) FROM carriers_shipment WHERE status = 'delivered'")
    work = stack.number("SELECT count(*) FROM warehouse_workorder WHERE status = 'handed_over'")
    assert len(bought) == shipments == work >= ORDERS
    assert stack.purchases() == dict.fromkeys(bought, 1)
    # The worker died in the middle of purchases, or this proves little.
    doubts = "SELECT count(*) FROM outbox_outboxevent WHERE name = 'carriers.label.in_doubt.v1'"
    assert stack.number(doubts) > 0


def _everybody_was_told(stack: Stack) -> None:
    outbox = stack.manage("status")["outbox"]
    assert (outbox["pending"], outbox["dead_letters"]) == (0, 0)
    # A fact of each kind once for its subject, and nobody took one twice.
    assert (
        stack.rows(
            "SELECT name, aggregate_id FROM outbox_outboxevent WHERE name IN ("
            "'orders.order.received.v1', 'orders.order.confirmed.v1', 'orders.order.released.v1',"
            " 'orders.order.delivered.v1', 'carriers.label.bought.v1',"
            " 'warehouse.work.handed_over.v1', 'carriers.shipment.delivered.v1')"
            " GROUP BY name, aggregate_id HAVING count(*) > 1"
        )
        == []
    )
    assert (
        stack.number(
            "SELECT count(*) FROM outbox_outboxevent WHERE name = 'orders.order.delivered.v1'"
        )
        == ORDERS
    )
