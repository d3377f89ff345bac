"""Works imported orders to delivery in this process: relay, floor, labels, carrier, scans.

The steps are the same services the workers run, so that running workers may help: every step
claims its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carriers.selectors import shipments
from carriers.services import labels, notices, tracking
from inventory.warehouse.services import floor
from oms.cockpit.control_tower import selectors as cases_of
from oms.cockpit.simulation.services import clerk, history
from oms.core import clock
from oms.infra.outbox.services import relaying
from orders.selectors import progress

#: Work orders per station and round, labels per claim, parcels per question to the carrier.
FLOOR_BATCH, LABEL_BATCH, CARRIER_BATCH = 200, 100, 500
#: Give up when nothing moves for this long: another process may hold a claim for a minute.
QUIET_SECONDS = 75.0
PAUSE_SECONDS = 0.25
#: Of a round for the relay; where another relay works, this is how long it is waited for.
RELAY_SECONDS = 1.0
#: Rounds without a move before the cases of what is left are counted.
STILL_ROUNDS = 3
CLERK = "floor:import"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the orders stand when nothing moves any more.

    `cases` orders need a person; `moving` orders are with a worker, a floor or a carrier.
    """

    delivered: int
    cancelled: int
    on_hold: int
    cases: int
    moving: int


def work_off(*, channel_id: int, show: Callable[[int], None] = lambda _finished: None) -> Outcome:
    """This function will work until every order of the channel is finished, on hold or a case.

    `show` is called each round with how many are finished.
    """
    floor.give_back(actor=CLERK)
    still, quiet_since = 0, clock.monotonic()
    while True:
        before = progress.of_channel(channel_id=channel_id)
        moved = _round()
        state = progress.of_channel(channel_id=channel_id)
        show(state.finished)
        if moved or state != before:
            still, quiet_since = 0, clock.monotonic()
        still += 1
        if state.moving == 0 or still > STILL_ROUNDS:
            outcome = _outcome(channel_id, state)
            if outcome.moving == 0 or clock.monotonic() - quiet_since > QUIET_SECONDS:
                return outcome
        if not moved:
            clock.sleep(PAUSE_SECONDS)


def _outcome(channel_id: int, state: progress.Progress) -> Outcome:
    moving = progress.list_moving_refs(channel_id=channel_id)
    cases = cases_of.count_open_among(correlation_ids=moving)
    return Outcome(
        delivered=state.delivered,
        cancelled=state.finished - state.delivered,
        on_hold=state.total - state.finished - state.moving,
        cases=cases,
        moving=len(moving) - cases,
    )


def _round() -> int:
    moved = relaying.drain(max_seconds=RELAY_SECONDS)
    moved += clerk.work_once(limit=FLOOR_BATCH, name=CLERK, at=history.times_for)
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
