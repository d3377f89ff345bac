"""The ledger of a decision: complete, bounded, without personal data, and quick to make."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from time import process_time

import numpy as np

from inventory.types import Availability
from routing.batch import Shelf, solve_batch
from routing.quotes import build_network
from routing.recording import record
from routing.tests.factories import TUESDAY, line, node, request, route, service

GROUND = service("ground")


def test_every_node_stands_in_the_ledger_with_its_reason():
    [answer] = route(
        [request(line(quantity=2))],
        nodes=[node("PHL"), node("DAL"), node("CHI"), node("RNO", can_ship=False)],
        stock={("PHL", 1): 2, ("DAL", 1): 2, ("CHI", 1): 1, ("RNO", 1): 9},
        services=[GROUND, service("local", prices=((3.0, 3.0),), zones_km=(100,), days=(0,))],
    )

    assert answer.row["candidates"] == {
        "nodes": [
            {
                "node": "PHL", "km": 130, "lost": None, "service": "ground", "cost": 5.0, "days": 1,
                "on": "2026-11-18", "services": {"local": "too_far"},
            },
            {
                "node": "DAL", "km": 2205, "lost": "more_expensive", "service": "ground",
                "cost": 10.0, "days": 4, "on": "2026-11-23",
            },
            {
                "node": "CHI", "km": 1144, "lost": "partial_stock", "service": "ground",
                "cost": 7.0, "days": 2, "on": "2026-11-19",
            },
            {
                "node": "RNO", "km": 3852, "lost": "cannot_ship", "service": "ground",
                "cost": 10.0, "days": 4, "on": "2026-11-23",
            },
        ],
        "rest": {},
    }  # fmt: skip


def test_a_large_network_keeps_the_thirty_best_and_counts_the_rest():
    # given forty nodes with everything, ten with a part, ten with nothing
    nodes = [node(f"N{n:02}", latitude=40.0, longitude=-75.0 - n / 10) for n in range(60)]
    stock = {(f"N{n:02}", 1): 2 if n < 40 else 1 for n in range(50)}

    # when
    [answer] = route([request(line(quantity=2))], nodes=nodes, stock=stock, services=[GROUND])

    # then
    kept = answer.row["candidates"]["nodes"]
    assert [c["node"] for c in kept] == [f"N{n:02}" for n in range(30)]
    assert [c["lost"] for c in kept] == [None] + ["more_expensive"] * 29
    assert answer.row["candidates"]["rest"] == {
        "more_expensive": 10,
        "partial_stock": 10,
        "out_of_stock": 10,
    }


def test_the_request_is_kept_without_more_geography_than_needed():
    [answer] = route(
        [request(latitude=40.712776, longitude=-74.005974)],
        nodes=[node("PHL")],
        stock={("PHL", 1): 1},
        services=[GROUND],
    )

    assert answer.row["request"] == {
        "at": "2026-11-17T15:00:00+00:00",
        "tier": "standard",
        "deadline_days": 7,
        "carriers": [],
        "currency": "USD",
        "country": "US",
        "region": "NY",
        "latitude": 40.71,
        "longitude": -74.01,
        "lines": [["1", 1, 1]],
    }


def test_row_and_event_tell_the_plan():
    [answer] = route([request()], nodes=[node("PHL")], stock={("PHL", 1): 1}, services=[GROUND])

    assert answer.row["plan"] == {
        "handling": "0.00",
        "shipments": [
            {
                "node": "PHL",
                "service": "ground",
                "cost": "5.00",
                "weight_g": 500,
                "latest_ship_at": "2026-11-17T21:00:00+00:00",
                "promised_on": "2026-11-18",
                "legs": [["1", 1]],
            }
        ],
    }
    assert (answer.row["outcome"], answer.row["policy"]) == ("full", "rules.v1")
    assert (answer.row["cost_amount"], answer.row["cost_currency"]) == (Decimal("5.00"), "USD")
    assert answer.event.decision_ref == answer.row["public_id"] == answer.plan.decision_ref
    assert (answer.event.node_codes, answer.event.service_codes) == (["PHL"], ["ground"])
    assert answer.event.occurred_at == TUESDAY


def test_a_large_batch_is_decided_within_a_tenth_of_a_second():
    # given 200 nodes in four time zones, five services of eight zones and twelve weights
    rng = np.random.default_rng(7)
    zones = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]
    nodes = [
        node(f"N{n:03}", id=n, latitude=float(rng.uniform(30, 45)),
             longitude=float(rng.uniform(-120, -75)), timezone=zones[n % 4])
        for n in range(200)
    ]  # fmt: skip
    services = [
        service(f"s{k}", prices=[[k + 2 * z + w for w in range(12)] for z in range(8)],
                zones_km=(150, 300, 600, 1000, 1500, 2500, 4000, 20000),
                steps_g=[500 * (w + 1) ** 2 for w in range(12)], days=(1, 1, 2, 3, 4, 5, 6, 7))
        for k in range(5)
    ]  # fmt: skip
    requests = [
        request(line(int(rng.integers(100))), ref=f"ord_{n}", at=TUESDAY + timedelta(seconds=n))
        for n in range(128)
    ]
    network = build_network(nodes, services)
    free = [Availability(v, n, 9) for v in range(100) for n in range(200) if rng.random() < 0.3]

    # when: the best of five, so that a busy machine is not measured
    spent = min(_decide(network, requests, free) for _ in range(5))

    # then
    assert spent < 0.1


def _decide(network, requests, free) -> float:
    started = process_time()
    quotes, solved = solve_batch(network, requests, Shelf.of(network, range(100), free))
    answers = [record(network, quotes, n, item, why="") for n, item in enumerate(solved)]
    spent = process_time() - started
    assert all(answer.plan.outcome == "full" for answer in answers)
    assert max(len(json.dumps(answer.row["candidates"])) for answer in answers) < 5_000
    return spent
