"""Proves the stock ledger; exit code 1 when a balance is not explained."""

from __future__ import annotations

from typing import Any

from inventory.services import ledger
from inventory.types import LedgerDifference
from oms.core.commands import FAILED, OK, OmsCommand

#: Differences named in full; a broken ledger may have very many.
_NAMED = 50


class Command(OmsCommand):
    help = "Compare every stock balance with its movements and live reservations."

    def run(self, **options: Any) -> None:
        report = ledger.verify()
        found = report.count
        lines = [_line(difference) for difference in report.differences[:_NAMED]]
        if found > _NAMED:
            lines.append(f"… and {found - _NAMED} more.")
        lines.append(
            f"{report.positions} positions, {report.movements} movements, {found} differences."
        )
        self.finish(
            {"positions": report.positions, "movements": report.movements, "differences": found},
            lines,
            exit_code=FAILED if found else OK,
        )


def _line(difference: LedgerDifference) -> str:
    return (
        f"Position {difference.position_id} (node {difference.node_id}, variant "
        f"{difference.variant_id}): {difference.balance} is {difference.stored}, "
        f"its {difference.source} say {difference.expected}."
    )
