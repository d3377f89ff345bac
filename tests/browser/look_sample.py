"""Invented data in the shapes of the board and the tracking page; every part has something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

DAY = "2026-11-20"
CITIES = {
    "SEA1": ("Seattle", 47.6, -122.3, 0.42, 38, "ok"),
    "LAX1": ("Los Angeles", 34.05, -118.24, 0.61, 77, "ok"),
    "DEN1": ("Denver", 39.74, -104.99, 0.55, 51, "ok"),
    "DAL1": ("Dallas", 32.78, -96.8, 0.97, 148, "bad"),
    "CHI1": ("Chicago", 41.88, -87.63, 0.58, 33, "ok"),
    "ATL1": ("Atlanta", 33.75, -84.39, 0.72, 51, "ok"),
    "EWR1": ("Newark", 40.74, -74.17, 0.84, 96, "warn"),
    "NYC2": ("Brooklyn", 40.68, -73.94, 0.35, 12, "ok"),
    "MIA1": ("Miami", 25.76, -80.19, 0.31, 18, "ok"),
}
PLACES = {
    "Portland, OR": (45.5, -122.7),
    "Phoenix, AZ": (33.4, -112.1),
    "Salt Lake City, UT": (40.8, -111.9),
    "Houston, TX": (29.8, -95.4),
    "St. Louis, MO": (38.6, -90.2),
    "Minneapolis, MN": (45.0, -93.3),
    "Nashville, TN": (36.2, -86.8),
    "Boston, MA": (42.4, -71.1),
    "Charlotte, NC": (35.2, -80.8),
    "Tampa, FL": (27.9, -82.5),
    "Boise, ID": (43.6, -116.2),
    "Kansas City, MO": (39.1, -94.6),
}
LANES = (
    ("SEA1", "Portland, OR", 14, "ok"),
    ("SEA1", "Boise, ID", 9, "ok"),
    ("LAX1", "Phoenix, AZ", 31, "ok"),
    ("LAX1", "Salt Lake City, UT", 12, "ok"),
    ("DEN1", "Kansas City, MO", 22, "ok"),
    ("DEN1", "Minneapolis, MN", 11, "ok"),
    ("DAL1", "Houston, TX", 44, "warn"),
    ("DAL1", "St. Louis, MO", 18, "bad"),
    ("DAL1", "Nashville, TN", 9, "bad"),
    ("CHI1", "Minneapolis, MN", 27, "ok"),
    ("CHI1", "St. Louis, MO", 8, "ok"),
    ("ATL1", "Charlotte, NC", 36, "ok"),
    ("ATL1", "Nashville, TN", 13, "ok"),
    ("EWR1", "Boston, MA", 52, "ok"),
    ("EWR1", "Charlotte, NC", 7, "warn"),
    ("MIA1", "Tampa, FL", 16, "ok"),
)
STAGES = (
    ("verify", "Verify", 41, 120, "ok"),
    ("hold", "Hold", 17, 11_520, "hold"),
    ("route", "Route", 9, 61, "ok"),
    ("pick", "Pick", 312, 2_310, "warn"),
    ("pack", "Pack", 88, 700, "ok"),
    ("label", "Label", 6, 12, "ok"),
    ("hand_over", "Hand over", 140, 4_805, "ok"),
    ("in_transit", "In transit", 2_931, 164_200, "info"),
    ("at_risk", "At risk", 63, 3_660, "bad"),
)
KPIS = (
    (
        "otif_7d",
        "On time in full, 7 days",
        "96.8 %",
        "+0.6",
        "ok",
        [95.1, 95.9, 95.4, 96.2, 96.4, 96.8],
    ),
    (
        "cost_per_delivery",
        "Cost per delivery",
        "$7.41",
        "−4 %",
        "ok",
        [7.9, 7.8, 7.6, 7.6, 7.5, 7.41],
    ),
    (
        "delivered_today",
        "Delivered today",
        "1,284",
        "+12 %",
        "ok",
        [20, 90, 160, 180, 260, 310, 264],
    ),
    ("orders_today", "Orders today", "1,940", "+8 %", "info", [60, 120, 210, 340, 380, 420, 410]),
    (
        "closed_without_person",
        "Closed without a person",
        "91 %",
        "goal 90",
        "ok",
        [86, 88, 89, 90, 91],
    ),
    ("reservations_open", "Reservations open", "612", "+18 %", "warn", [410, 440, 520, 505, 612]),
)
DECISIONS = (
    ("10391", "Late risk", "bad", "Dallas over capacity", 2_460),
    ("10402", "Approve route", "hold", "value $4,310, margin 2 %", 3_900),
    ("10377", "Short pick", "warn", "2 of 3, Newark A-14", 4_920),
    ("10288", "No scan for 26 h", "warn", "last seen in Denver", 7_800),
    ("10266", "Address", "hold", "street unknown, fix suggested", 12_600),
)
MOVES = (
    ("10377", "Denver, CO", f"{DAY}T14:32:01+00:00", "ok", "Delivered"),
    ("10411", "Boston, MA", f"{DAY}T14:31:48+00:00", "info", "Out for delivery"),
    ("10408", "Salt Lake City, UT", f"{DAY}T14:31:20+00:00", "info", "On its way"),
    ("10352", "Tampa, FL", f"{DAY}T14:30:55+00:00", "ok", "Delivered"),
    ("10415", "Newark, NJ", f"{DAY}T14:30:31+00:00", "info", "Handed over"),
    ("10349", "Phoenix, AZ", f"{DAY}T14:29:58+00:00", "warn", "Delivery attempted"),
    ("10340", "Nashville, TN", f"{DAY}T14:28:12+00:00", "ok", "Delivered"),
    ("10333", "Minneapolis, MN", f"{DAY}T14:26:40+00:00", "ok", "Delivered"),
)


def board() -> dict[str, Any]:
    return {
        "as_of": f"{DAY}T14:32:08+00:00",
        "title": "Operations · all nodes",
        "events_per_minute": 212,
        "stages": _rows("key label count age_s tone", STAGES),
        "kpis": _rows("key label value delta tone trend", KPIS),
        "nodes": [_node(code, *row) for code, row in CITIES.items()],
        "lanes": [_lane(*row) for row in LANES],
        "decisions": _rows("number kind_label tone why left_s", DECISIONS),
        "deliveries": _rows("number place at tone label", MOVES),
    }


def _rows(keys: str, rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(keys.split(), row, strict=True), href="/admin/") for row in rows]


def _lane(code: str, place: str, parcels: int, tone: str) -> dict[str, Any]:
    lat, lon = PLACES[place]
    return {"from": code, "to_lat": lat, "to_lon": lon, "parcels": parcels, "tone": tone}


def _node(
    code: str, name: str, lat: float, lon: float, load: float, queue: int, tone: str
) -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "kind": "warehouse",
        "kind_label": "Warehouse",
        "lat": lat,
        "lon": lon,
        "country": "US",
        "load": load,
        "queue": queue,
        "shipped_per_hour": 61,
        "next_cutoff_s": 1_680 + queue * 31,
        "tone": tone,
        "href": "/admin/",
    }


def empty_board() -> dict[str, Any]:
    quiet = [stage | {"count": 0, "age_s": None, "tone": "ok"} for stage in board()["stages"]]
    nodes = [node | {"load": 0.0, "queue": 0, "tone": "ok"} for node in board()["nodes"]]
    kpis = [kpi | {"value": "–", "delta": None, "trend": []} for kpi in board()["kpis"]]
    return board() | {
        "events_per_minute": 0,
        "stages": quiet,
        "kpis": kpis,
        "nodes": nodes,
        "lanes": [],
        "decisions": [],
        "deliveries": [],
    }


def tracking() -> dict[str, Any]:
    steps = (
        ("confirmed", "Confirmed", 1.0),
        ("packed", "Packed", 1.0),
        ("on_its_way", "On its way", 0.6),
        ("out_for_delivery", "Out for delivery", 0.0),
        ("delivered", "Delivered", 0.0),
    )
    points = (
        (35.1, -90.0, "Memphis", "past"),
        (36.2, -86.8, "Nashville", "past"),
        (35.96, -83.9, "Knoxville", "past"),
        (35.2, -80.8, "Charlotte", "here"),
        (35.8, -78.6, "Raleigh", "destination"),
    )
    return {
        "brand": "Northwind Outfitters",
        "order_number": "10482",
        "pill": {"label": "On its way", "tone": "info"},
        "second_pill": {"label": "1 day later than first promised", "tone": "warn"},
        "headline": "Arrives Tuesday, November 24",
        "subline": "Between 10 am and 2 pm. Snow near Knoxville moved it from Monday.",
        "timezone_label": "Eastern",
        "steps": [dict(zip(("key", "label", "done"), row, strict=True)) for row in steps],
        "parcels": [
            {
                "index": 1,
                "of": 1,
                "carrier": "Sandbox Parcel · Ground",
                "tracking_number": "SBX00018240067845",
                "last_seen": "Last seen in Charlotte, today 11:42",
                "country": "US",
                "points": [
                    dict(zip(("lat", "lon", "label", "kind"), row, strict=True)) for row in points
                ],
            }
        ],
        "items": [
            {"name": "Trail jacket, M, moss", "quantity": 1},
            {"name": "Merino socks", "quantity": 3},
            {"name": "Insulated bottle, 750 ml, slate", "quantity": 1},
        ],
        "days": [
            _day(
                "Today, November 22",
                ("11:42", "Arrived at the sorting center, Charlotte"),
                ("04:10", "Left Knoxville"),
            ),
            _day(
                "Saturday, November 21",
                ("18:55", "Arrived in Knoxville"),
                ("07:20", "Handed to the carrier, Memphis"),
            ),
            _day(
                "Friday, November 20", ("16:31", "Packed and checked"), ("14:02", "Order confirmed")
            ),
        ],
    }


def _day(label: str, *events: tuple[str, str]) -> dict[str, Any]:
    return {
        "label": label,
        "events": [
            {"time": time, "text": text, "now": text.endswith("Charlotte")} for time, text in events
        ],
    }


def preparing() -> dict[str, Any]:
    confirmed = [
        step | {"done": 1.0 if step["key"] == "confirmed" else 0.0} for step in tracking()["steps"]
    ]
    return tracking() | {
        "pill": {"label": "Confirmed", "tone": "ok"},
        "second_pill": None,
        "subline": "Between 10 am and 2 pm.",
        "steps": confirmed,
        "parcels": [],
        "days": tracking()["days"][2:],
    }
