"""How much is measured: enough to mean something, or just enough to try the machinery."""

from __future__ import annotations

from dataclasses import dataclass

#: Figures as the table shows them: placing first, though the relay is measured before it, when
#: nothing else waits in the outbox.
PARTS = ("reserving", "placing", "intake", "relay", "labels", "pages", "contacts", "ledger", "ATP")
#: Measured only when asked for: it takes ten minutes.
ON_DEMAND = ("scale",)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts are per round."""

    rounds: int
    world: str
    #: Batches of 100 orders.
    batches: int
    batch: int
    #: Orders of one bulk.
    bulk: int
    raw_seconds: float
    single_orders: int
    orders_per_caller: int
    deliveries: int
    commits: int
    labels: int
    scans: int
    single_scans: int
    shown_orders: int
    requests: int
    contacts: int
    plans: int
    flash_units: int
    atp_variants: int
    atp_questions: int
    stale_holds: int


FULL = Sizes(
    rounds=5,
    world="medium",
    batches=6,
    batch=100,
    bulk=3_000,
    raw_seconds=1.5,
    single_orders=40,
    orders_per_caller=12,
    deliveries=3_000,
    commits=400,
    labels=96,
    scans=1_000,
    single_scans=60,
    shown_orders=300,
    requests=12,
    contacts=1_000,
    plans=1_000,
    flash_units=2_000,
    atp_variants=20_000,
    atp_questions=150,
    stale_holds=1_000_000,
)
#: Figures of this size mean nothing.
QUICK = Sizes(
    rounds=1,
    world="small",
    batches=1,
    batch=5,
    bulk=10,
    raw_seconds=0.2,
    single_orders=2,
    orders_per_caller=1,
    deliveries=20,
    commits=5,
    labels=8,
    scans=10,
    single_scans=2,
    shown_orders=5,
    requests=2,
    contacts=20,
    plans=10,
    flash_units=6,
    atp_variants=40,
    atp_questions=2,
    stale_holds=200,
)
