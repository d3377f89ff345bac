"""What there is, in numbers: the same for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from carriers.selectors import shipments
from inventory.selectors import stock
from oms.cockpit.control_tower import selectors as cases
from oms.cockpit.dashboards.health import count_workers
from oms.core.commands import OmsCommand
from oms.infra.outbox import selectors as outbox
from orders.selectors import orders


class Command(OmsCommand):
    help = "Show orders, shipments, reservations, cases, the outbox and workers in numbers."

    def run(self, **options: Any) -> None:
        result = collect()
        self.finish(result, _lines(result))


def collect() -> dict[str, Any]:
    """This function will return all numbers, from a constant number of statements."""
    health = outbox.get_health()
    return {
        "orders": orders.count_by_status(),
        "shipments": shipments.count_by_status(),
        "reservations": stock.count_reservations(),
        "cases": {"open": cases.count_open(), **cases.count_open_by_kind()},
        "outbox": {
            "pending": health.pending,
            "dead_letters": health.dead_letters,
            "oldest_s": round(health.oldest_s, 1),
        },
        "workers": count_workers(),
    }


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    for name, value in result.items():
        figures = value if isinstance(value, Mapping) else {"": value}
        shown = {key: figure for key, figure in figures.items() if figure} or {"": 0}
        for index, (key, figure) in enumerate(shown.items()):
            yield f"{name if index == 0 else '':<14}{key.replace('_', ' '):<22}{figure:>10}"
