"""Labels and scans, against a sandbox carrier in a process of its own.

- labels, carrier of 50 ms and of 0 ms: labels per second of `carriers.services.labels.buy_due`,
  from claimed intents to sealed files. At 50 ms raw is the bound of Little's law, calls under way
  by latency; at 0 ms it is the adapter alone, without our database.
- label file: bytes of one 4x6 inch PDF as the carrier sends it.
- scans, batches of 200: scans per second of `carriers.services.tracking.ingest`; raw is the same
  service with one scan per transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from carriers.adapters.base import Address, LabelRequest, LabelResult, TrackingScan, TrackingStatus
from carriers.adapters.registry import get_adapter
from carriers.adapters.sandbox import client
from carriers.adapters.sandbox.settings import OVERLAP
from carriers.selectors import shipments as shipment_selectors
from carriers.services import labels, shipments, tracking
from carriers.types import ShipmentDraft
from oms.cockpit.simulation.bench import timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sealing import contact_drafts
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World
from oms.cockpit.simulation.services import carrier_process
from oms.core import clock, ids
from oms.core.transactions import unit
from oms.infra.contacts.services import vault

CARRIER, SERVICE = "sandbox", "sandbox_ground"
LATENCY_MS = 50
SCAN_BATCH = 200
PATIENCE_S = 30.0

_WEIGHT_G, _LENGTH_MM, _WIDTH_MM, _HEIGHT_MM = 1_200, 300, 200, 100
_ORIGIN = {
    "name": "Reno",
    "street": "100 Depot Way",
    "city": "Reno",
    "region": "NV",
    "postcode": "89501",
    "country": "US",
}
_numbers = count(1)


class Unbought(RuntimeError):
    """A label was not bought: the figure would count a failure."""


def measure(world: World, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figures of labels, then those of scans on the same parcels."""
    with _carrier(LATENCY_MS):
        ours = timing.in_turns(sizes.rounds, lambda: _buy(world, sizes.labels))[0]
        bound = OVERLAP * 1_000 / LATENCY_MS
        yield Figure(f"labels, carrier of {LATENCY_MS} ms", ours, "labels/s", raw=bound)
    with _carrier(0):
        ours, limit = timing.in_turns(
            sizes.rounds, lambda: _buy(world, sizes.labels), lambda: _call_only(sizes.labels)
        )
        yield Figure("labels, carrier of 0 ms", ours, "labels/s", raw=limit)
        yield Figure("label file", float(len(_bought(1)[0].label_pdf)), "bytes")
    yield _scans(world, sizes)


def _carrier(latency_ms: int) -> Any:
    client.close_pools()
    return carrier_process.sandbox_carrier(f"--latency-ms={latency_ms}", "--incident-rate=0")


def _buy(world: World, wanted: int) -> float:
    _request_labels(world, wanted)
    goal = _labeled(world) + wanted
    return timing.rate(lambda: _buy_until(world, goal, wanted))


def _buy_until(world: World, goal: int, wanted: int) -> int:
    """What a busy machine let time out is bought again; that waiting counts."""
    deadline = clock.monotonic() + PATIENCE_S
    labels.buy_due(limit=wanted)
    while _labeled(world) < goal:
        if clock.monotonic() > deadline:
            raise Unbought(f"not every label was sold: {shipment_selectors.count_by_status()}")
        clock.sleep(0.2)
        labels.resolve_in_doubt(limit=wanted)
        labels.buy_due(limit=wanted)
    return wanted


def _labeled(world: World) -> int:
    mine = shipment_selectors.list_for(organization_id=world.organization_id)
    return mine.exclude(tracking_number="").count()


def _request_labels(world: World, wanted: int) -> None:
    now = clock.now()
    with unit():
        contacts = vault.store_many(drafts=contact_drafts(world, wanted))
        shipments.create_many(
            drafts=[
                ShipmentDraft(
                    organization_id=world.organization_id,
                    demand_kind="bench",
                    demand_ref=ids.public_id("ful"),
                    parcel_ref=ids.public_id("pcl"),
                    correlation_id=ids.public_id("ord"),
                    order_number="10001",
                    service_code=SERVICE,
                    contact_id=contact,
                    origin=_ORIGIN,
                    origin_code="reno",
                    promised_on=None,
                    at=now,
                    weight_g=_WEIGHT_G,
                    length_mm=_LENGTH_MM,
                    width_mm=_WIDTH_MM,
                    height_mm=_HEIGHT_MM,
                )
                for contact in contacts
            ]
        )


def _call_only(wanted: int) -> float:
    return timing.rate(lambda: len(_bought(wanted)))


def _bought(wanted: int) -> list[LabelResult]:
    adapter = get_adapter(CARRIER, settings={})
    found: list[LabelResult] = []
    for start in range(0, wanted, labels.CHUNK):
        answers = adapter.buy_many([_request() for _ in range(min(labels.CHUNK, wanted - start))])
        found += [answer for answer in answers if isinstance(answer, LabelResult)]
    if len(found) != wanted:
        raise Unbought("the sandbox carrier did not sell every label")
    return found


def _request() -> LabelRequest:
    return LabelRequest(
        reference=f"bench:{next(_numbers)}",
        service_code=SERVICE,
        origin=_address("Reno", "NV", "89501"),
        destination=_address("Denver", "CO", "80202"),
        ship_at=clock.now(),
        order_number="10001",
        weight_g=_WEIGHT_G,
        length_mm=_LENGTH_MM,
        width_mm=_WIDTH_MM,
        height_mm=_HEIGHT_MM,
    )


def _address(city: str, region: str, postcode: str) -> Address:
    return Address(
        name="Ada Example",
        lines=("12 Sample Street",),
        city=city,
        region=region,
        postcode=postcode,
        country="US",
    )


def _scans(world: World, sizes: Sizes) -> Figure:
    mine = shipment_selectors.list_for(organization_id=world.organization_id)
    parcels = list(mine.exclude(tracking_number="").values_list("tracking_number", flat=True))
    ours, limit = timing.in_turns(
        sizes.rounds,
        lambda: _ingest(_made(parcels, sizes.scans), SCAN_BATCH),
        lambda: _ingest(_made(parcels, sizes.single_scans), 1),
    )
    return Figure(f"scans, batches of {SCAN_BATCH}", ours, "scans/s", raw=limit)


def _ingest(scans: Sequence[TrackingScan], size: int) -> float:
    chunks = [scans[start : start + size] for start in range(0, len(scans), size)]
    return timing.rate(
        lambda: sum(tracking.ingest(carrier_code=CARRIER, scans=chunk).stored for chunk in chunks)
    )


def _made(parcels: Sequence[str], wanted: int) -> list[TrackingScan]:
    """One scan per parcel in turn, each later than all before it."""
    start, first = clock.now(), next(_numbers)
    return [
        TrackingScan(
            tracking_number=parcels[number % len(parcels)],
            event_key=f"bench:{first}:{number}",
            carrier_code="DEPARTED",
            status=TrackingStatus.IN_TRANSIT,
            occurred_at=start + timedelta(milliseconds=number),
            city="Salt Lake City",
            region="UT",
            country="US",
        )
        for number in range(wanted)
    ]
