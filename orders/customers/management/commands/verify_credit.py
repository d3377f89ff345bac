"""Proves the credit of customers; exit code 1 when what one owes is not what its orders take."""

from __future__ import annotations

from typing import Any

from oms.core.commands import FAILED, OK, OmsCommand
from orders.customers.selectors import credit


class Command(OmsCommand):
    help = "Compare what every customer owes with what its orders take."

    def run(self, **options: Any) -> None:
        found = credit.drifts()
        lines = [f"Customer {key}: {amount} is not explained." for key, amount in found]
        self.finish(
            {"differences": len(found)},
            [*lines, f"{len(found)} differences."],
            exit_code=FAILED if found else OK,
        )
