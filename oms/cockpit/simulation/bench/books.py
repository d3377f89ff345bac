"""The stock ledger, after everything else has written to it.

- ledger verified: movements per second of `inventory.services.ledger.verify`, which compares every
  balance with its movements and reservations; raw is one pass over the movements that adds up a
  single column. A difference ends the run: a fast wrong ledger is no figure.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from inventory.services import ledger
from oms.cockpit.simulation.bench import timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import settle

_ONE_PASS = "SELECT count(*), sum(on_hand_delta) FROM inventory_stockmovement"


class LedgerDiffers(RuntimeError):
    """A balance is not the sum of its movements."""


def measure(sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figure of the ledger."""
    settle()
    ours, limit = timing.in_turns(
        sizes.rounds, lambda: timing.rate(_verify), lambda: timing.rate(_pass)
    )
    yield Figure("ledger verified", ours, "movements/s", raw=limit)


def _verify() -> int:
    report = ledger.verify()
    if report.differences:
        raise LedgerDiffers(f"{len(report.differences)} differences")
    return report.movements


def _pass() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_PASS)
        return int(cursor.fetchone()[0])
