"""Works imported orders to delivery in this process: relay, floor, labels, carrier, scans.

The steps are the same services the workers run, so that running workers may help: every step
claims its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carriers.selectors import shipments
from carriers.services import labels, notices, tracking
from oms.cockpit.simulation.services import clerk, history
from oms.core import clock
from oms.infra.outbox.services import relaying
from orders.selectors import progress

#: Work orders per station and round, labels per claim, parcels per question to the carrier.
FLOOR_BATCH, LABEL_BATCH, CARRIER_BATCH = 200, 100, 500
#: Give up when nothing moves for this long: what is left needs a person.
QUIET_SECONDS = 8.0
PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the orders stand when nothing moves any more."""

    delivered: int
    open: int
    rounds: int


def work_off(
    *, channel_id: int, show: Callable[[int, int], None] = lambda _done, _all: None
) -> Outcome:
    """This function will work until no order of the channel moves any more.

    `show` is called each round with how many are finished and how many there are.
    """
    rounds, quiet_since, last = 0, clock.monotonic(), (-1, -1)
    while True:
        moved = _round()
        rounds += 1
        state = progress.of_channel(channel_id=channel_id)
        show(state.finished, state.total)
        if moved or (state.finished, state.moving) != last:
            quiet_since, last = clock.monotonic(), (state.finished, state.moving)
        if state.moving == 0 or clock.monotonic() - quiet_since > QUIET_SECONDS:
            return Outcome(delivered=state.delivered, open=state.moving, rounds=rounds)
        if not moved:
            clock.sleep(PAUSE_SECONDS)


def _round() -> int:
    moved = relaying.drain()
    moved += clerk.work_once(limit=FLOOR_BATCH, name="floor:import", at=history.times_for)
    moved += labels.buy_due(limit=LABEL_BATCH)
    moved += labels.resolve_in_doubt(limit=LABEL_BATCH)
    moved += notices.tell_due(limit=CARRIER_BATCH)
    _poll()
    return moved


def _poll() -> None:
    # Not counted as a move: a parcel that is asked about again has not moved by that.
    refs = shipments.list_moving_refs(limit=CARRIER_BATCH)
    if refs:
        tracking.poll_due(limit=CARRIER_BATCH, now_only=refs)
