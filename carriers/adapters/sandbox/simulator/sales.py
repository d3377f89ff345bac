"""Rates, sales, look-ups and voids: one reference is charged once, however often it is asked."""

from __future__ import annotations

import base64
import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from carriers.adapters.sandbox.simulator import labels, outcomes, parcels, world
from carriers.adapters.sandbox.simulator.config import SimulatorConfig
from carriers.adapters.sandbox.simulator.outcomes import Outcome
from carriers.adapters.sandbox.simulator.parcels import Parcel
from carriers.adapters.sandbox.simulator.refusals import Refusal
from carriers.adapters.sandbox.simulator.seal import Seal
from carriers.adapters.sandbox.simulator.store import Store
from carriers.adapters.sandbox.simulator.world import Service
from oms.core import clock

_FIRST_TIME: Final[Mapping[Outcome, tuple[int, str, str, int | None]]] = {
    Outcome.BUSY: (429, "rate_limited", "Too many requests", 1),
    Outcome.UNAVAILABLE: (503, "unavailable", "Maintenance", 1),
    Outcome.ERROR: (500, "internal", "Internal error", None),
}
_SILENT: Final = frozenset({Outcome.TIMEOUT, Outcome.BREAK})


class Sales:
    """What happens at the carrier's counter."""

    def __init__(self, *, config: SimulatorConfig, store: Store, seal: Seal, rng: random.Random):
        self._config = config
        self._store = store
        self._seal = seal
        self._rng = rng

    def rates(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        parcel = parcels.read(payload)
        return {"rates": [_rate(parcel, service) for service in world.SERVICES.values()]}

    def buy(self, payload: Mapping[str, Any]) -> tuple[dict[str, Any], Outcome]:
        """This function will sell a label, or return the one sold under this reference before.

        The outcome beside it is `TIMEOUT` or `BREAK` when the buyer must not hear the answer.

        :raises Refusal: nothing was sold.
        """
        parcel = parcels.read(payload)
        known = self._by_reference(parcel.reference)
        if known is not None:
            return self._repeated(known), Outcome.NORMAL
        outcome = outcomes.decide(
            city=parcel.destination.place.city,
            reference=parcel.reference,
            incident_rate=self._config.incident_rate,
        )
        service = self._accepted(parcel, outcome)
        with self._store.transaction():
            # Asked again inside: the same reference may have been sold a moment ago.
            row = self._by_reference(parcel.reference) or self._sell(
                payload, parcel=parcel, service=service, outcome=outcome
            )
        return self._wire(row, parcel=parcel), outcome if outcome in _SILENT else self._silence()

    def by_reference(self, reference: str) -> dict[str, Any]:
        row = self._by_reference(reference)
        return {"labels": [] if row is None else [self._wire(row)]}

    def void(self, tracking_number: str) -> dict[str, Any]:
        """This function will cancel a label that was not handed over; twice is once."""
        with self._store.transaction():
            row = self._store.row(
                "SELECT * FROM label WHERE tracking_number = ?", (tracking_number,)
            )
            if row is None:
                raise Refusal(404, "not_found", "No such label")
            if row["manifest_id"]:
                raise Refusal(409, "already_handed_over", "The parcel was handed over")
            self._store.write(
                "UPDATE label SET voided_at = ? WHERE id = ? AND voided_at IS NULL",
                (clock.real_now().timestamp(), row["id"]),
            )
        return {"tracking_number": tracking_number, "voided": True}

    def purchases(self, reference: str | None) -> dict[str, Any]:
        """This function will list what was charged, per reference, for proofs of exactly-once."""
        rows = self._store.rows(
            "SELECT reference, tracking_number, cost, currency, count(*) AS count FROM purchase "
            "WHERE ?1 IS NULL OR reference = ?1 GROUP BY reference ORDER BY min(id)",
            (reference,),
        )
        return {"total": sum(row["count"] for row in rows), "purchases": [dict(r) for r in rows]}

    def _by_reference(self, reference: str) -> sqlite3.Row | None:
        return self._store.row("SELECT * FROM label WHERE reference = ?", (reference,))

    def _repeated(self, row: sqlite3.Row) -> dict[str, Any]:
        if row["voided_at"] is not None:
            raise Refusal(409, "label_voided", "The label of this reference was voided")
        return self._wire(row)

    def _accepted(self, parcel: Parcel, outcome: Outcome) -> Service:
        self._misfortune(parcel, outcome)
        if outcome is Outcome.REJECT:
            raise Refusal(422, "address_undeliverable", "No delivery to this address")
        service = world.find_service(parcel.service)
        if service is None:
            raise Refusal(422, "service_unknown", "No such service")
        if parcel.weight_g > service.max_weight_g:
            raise Refusal(422, "parcel_too_heavy", "Too heavy for this service")
        _check_printable(parcel)
        return service

    def _misfortune(self, parcel: Parcel, outcome: Outcome) -> None:
        """This function will fail as the magic city asks, once per parcel, or at the error rate."""
        if outcome in _FIRST_TIME:
            # Our references end in the attempt; a retry is a new attempt of the same parcel.
            first = self._store.write(
                "INSERT OR IGNORE INTO misfortune (parcel, kind) VALUES (?, ?)",
                (parcel.reference.rsplit(":", 1)[0], outcome),
            )
            if first:
                raise Refusal(*_FIRST_TIME[outcome])
        if self._rng.random() < self._config.error_rate:
            raise Refusal(*_FIRST_TIME[self._rng.choice([Outcome.UNAVAILABLE, Outcome.ERROR])])

    def _silence(self) -> Outcome:
        if self._rng.random() >= self._config.in_doubt_rate:
            return Outcome.NORMAL
        return self._rng.choice([Outcome.TIMEOUT, Outcome.BREAK])

    def _sell(
        self, payload: Mapping[str, Any], *, parcel: Parcel, service: Service, outcome: Outcome
    ) -> sqlite3.Row:
        rate = _rate(parcel, service)
        number = tracking_number(parcel.reference)
        now = clock.real_now().timestamp()
        charge = (parcel.reference, number, rate["cost"], rate["currency"])
        self._store.write(
            "INSERT INTO label (reference, tracking_number, cost, currency, outcome, is_instant, "
            "route, sealed, bought_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *charge,
                outcome,
                parcel.is_instant,
                json.dumps(_route(parcel, transit_days=rate["transit_days"])),
                self._seal.close(payload, reference=parcel.reference),
                now,
            ),
        )
        self._store.write(
            "INSERT INTO purchase (reference, tracking_number, cost, currency, charged_at) "
            "VALUES (?, ?, ?, ?, ?)",
            (*charge, now),
        )
        row = self._by_reference(parcel.reference)
        assert row is not None, "a label inserted in this transaction"
        return row

    def _wire(self, row: sqlite3.Row, *, parcel: Parcel | None = None) -> dict[str, Any]:
        parcel = parcel or parcels.read(self._seal.open(row["sealed"], reference=row["reference"]))
        service = world.find_service(parcel.service)
        assert service is not None, "sold services exist"
        facts = labels.facts(parcel=parcel, service=service, tracking_number=row["tracking_number"])
        return {
            "id": f"lbl_{row['id']:010d}",
            "reference": row["reference"],
            "tracking_number": row["tracking_number"],
            "cost": row["cost"],
            "currency": row["currency"],
            "voided": row["voided_at"] is not None,
            "label_pdf": base64.b64encode(labels.pdf(facts)).decode(),
            "label_zpl": base64.b64encode(labels.zpl(facts)).decode(),
        }


def tracking_number(reference: str) -> str:
    """This function will return `SBX`, twelve digits of the reference, and their check digit."""
    digits = f"{outcomes.digest('number ' + reference) % 10**12:012d}"
    # Weights 3 and 1 from the right, as in GS1 numbers.
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return f"SBX{digits}{-total % 10}"


def _rate(parcel: Parcel, service: Service) -> dict[str, Any]:
    km = world.distance_km(parcel.origin.place, parcel.destination.place)
    cost, currency = world.price(
        service,
        km=km,
        weight_g=parcel.weight_g,
        volume_mm3=parcel.length_mm * parcel.width_mm * parcel.height_mm,
        country=parcel.origin.place.country,
    )
    return {
        "service": service.code,
        "cost": str(cost),
        "currency": currency,
        "transit_days": world.transit_days(service, km),
    }


def _route(parcel: Parcel, *, transit_days: int) -> dict[str, Any]:
    """This function will return what the journey needs: towns and times, no person."""
    return {
        "origin": asdict(parcel.origin.place),
        "destination": asdict(parcel.destination.place),
        "distance_km": world.distance_km(parcel.origin.place, parcel.destination.place),
        "transit_days": transit_days,
    }


def _check_printable(parcel: Parcel) -> None:
    party = parcel.destination
    texts = (party.name, party.company, *party.lines, party.place.city, party.postcode)
    if any(labels.printable(text) is None for text in texts):
        raise Refusal(422, "address_not_printable", "Latin letters only")
