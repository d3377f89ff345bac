"""Hand-over and scans: nothing is scanned before the manifest, and each scan becomes visible when
its time has come."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from carriers.adapters.base import MANIFEST_BATCH, TRACK_BATCH
from carriers.adapters.sandbox.simulator import journeys, outcomes, parcels
from carriers.adapters.sandbox.simulator.config import ScanTimes, SimulatorConfig
from carriers.adapters.sandbox.simulator.journeys import Route, Scan
from carriers.adapters.sandbox.simulator.outcomes import Outcome
from carriers.adapters.sandbox.simulator.refusals import Refusal
from carriers.adapters.sandbox.simulator.store import Store
from carriers.adapters.sandbox.simulator.world import Place
from oms.core import clock


class Tracking:
    """What happens behind the counter."""

    def __init__(
        self,
        *,
        config: SimulatorConfig,
        store: Store,
        rng: random.Random,
        wake: Callable[[], None],
    ) -> None:
        self._config = config
        self._store = store
        self._rng = rng
        self._wake = wake

    def manifest(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """This function will take parcels over and plan their scans; repeats change nothing."""
        numbers, handed_over_at = _read_manifest(payload)
        text = ",".join(numbers) + handed_over_at.isoformat()
        manifest_id = "man_" + hashlib.sha256(text.encode()).hexdigest()[:16]
        with self._store.transaction():
            rows = {number: self._open_label(number) for number in numbers}
            for row in rows.values():
                if row is not None and row["manifest_id"] is None:
                    self._take_over(row, manifest_id=manifest_id, handed_over_at=handed_over_at)
        self._wake()
        return {
            "manifest_id": manifest_id,
            "accepted": [number for number, row in rows.items() if row is not None],
            "refused": [number for number, row in rows.items() if row is None],
        }

    def scans(self, numbers: Sequence[str]) -> dict[str, Any]:
        """This function will return every scan that is due, of up to 100 parcels."""
        if len(numbers) > TRACK_BATCH:
            raise Refusal(400, "too_many_numbers", f"At most {TRACK_BATCH} numbers")
        marks = ",".join("?" * len(numbers))
        rows = self._store.rows(
            f"SELECT body FROM scan WHERE tracking_number IN ({marks}) AND due_at <= ? ORDER BY id",
            (*numbers, clock.real_now().timestamp()),
        )
        return {"scans": [json.loads(row["body"]) for row in rows]}

    def _open_label(self, number: str) -> sqlite3.Row | None:
        return self._store.row(
            "SELECT * FROM label WHERE tracking_number = ? AND voided_at IS NULL", (number,)
        )

    def _take_over(self, row: sqlite3.Row, *, manifest_id: str, handed_over_at: datetime) -> None:
        self._store.write("UPDATE label SET manifest_id = ? WHERE id = ?", (manifest_id, row["id"]))
        received_at = clock.real_now().timestamp()
        speed = 0.0 if row["is_instant"] else self._config.speed
        for index, scan in enumerate(journeys.plan(_route(row), handed_over_at=handed_over_at)):
            planned_s = (scan.at - handed_over_at).total_seconds()
            due_at = received_at + (planned_s / speed if speed > 0 else 0.0)
            self._write_scan(
                row["tracking_number"], index, self._stamped(scan, due_at, speed), due_at
            )

    def _stamped(self, scan: Scan, due_at: float, speed: float) -> Scan:
        """This function will give a scan the time it carries; scans shown all at once keep theirs,
        or they would have no order."""
        if self._config.scan_times is ScanTimes.BUSINESS or speed <= 0:
            return scan
        return replace(scan, at=datetime.fromtimestamp(due_at, tz=UTC))

    def _write_scan(self, number: str, index: int, scan: Scan, due_at: float) -> None:
        event_key = f"{number}-{index:02d}"
        body = {
            "id": event_key,
            "tracking_number": number,
            "code": scan.code,
            "occurred_at": scan.at.isoformat(timespec="milliseconds"),
            "place": asdict(scan.place),
        }
        self._store.write(
            "INSERT INTO scan (tracking_number, event_key, body, due_at) VALUES (?, ?, ?, ?)",
            (number, event_key, json.dumps(body), due_at),
        )
        if self._config.webhook_url:
            self._schedule(event_key, due_at)

    def _schedule(self, event_key: str, due_at: float) -> None:
        """This function will plan the webhook of a scan: perhaps late, perhaps twice."""
        times = [due_at]
        if self._rng.random() < self._config.late_rate:
            times = [due_at + self._rng.uniform(0.2, 1.0) * self._config.late_s]
        if self._rng.random() < self._config.duplicate_rate:
            times.append(times[0] + self._rng.uniform(0.0, 0.2) * self._config.late_s)
        self._store.write_many(
            "INSERT INTO push (scan_id, push_at) SELECT id, ? FROM scan WHERE event_key = ?",
            [(at, event_key) for at in times],
        )


def _read_manifest(payload: Mapping[str, Any]) -> tuple[list[str], datetime]:
    try:
        numbers = list(dict.fromkeys(str(number) for number in payload["tracking_numbers"]))
        handed_over_at = parcels.read_time(payload["handed_over_at"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refusal(400, "invalid_request", f"{type(error).__name__} in the request") from error
    if not 1 <= len(numbers) <= MANIFEST_BATCH:
        raise Refusal(400, "invalid_request", f"1 to {MANIFEST_BATCH} numbers")
    return numbers, handed_over_at


def _route(row: sqlite3.Row) -> Route:
    route = json.loads(row["route"])
    return Route(
        origin=Place(**route["origin"]),
        destination=Place(**route["destination"]),
        distance_km=route["distance_km"],
        transit_days=route["transit_days"],
        outcome=Outcome(row["outcome"]),
        seed=outcomes.digest(row["reference"]),
    )
