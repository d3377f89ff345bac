"""Calls lots or serial numbers of one SKU back; exit code 1 when the sum of units is wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from inventory.selectors import recalls as selectors
from inventory.services import recalls
from inventory.types import RecallBoard
from oms.core.commands import FAILED, OK, OmsCommand
from oms.core.context import acting
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

#: Rows of a kind named in full; the JSON has all.
_NAMED = 50


class Command(OmsCommand):
    help = "Block what remains of lots or serial numbers and account for every received unit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sku", required=True, help="the goods")
        parser.add_argument("--lot", action="append", default=[], metavar="CODE")
        parser.add_argument("--serial", action="append", default=[], metavar="CODE")
        parser.add_argument("--reason", required=True, help="others read it later")
        parser.add_argument("--organization", default="", help="code; default: the operator")
        parser.add_argument("--drill", action="store_true", help="the same answer, nothing written")

    def run(self, **options: Any) -> None:
        organization = (
            organizations.get_by_code(options["organization"])
            if options["organization"]
            else organizations.ensure_operator()
        )
        scope = selectors.scope_of(
            organization_id=organization.pk,
            sku=options["sku"],
            lot_codes=options["lot"],
            serial_codes=options["serial"],
        )
        recall = None
        if options["drill"]:
            recalls.require_something(scope=scope, reason=options["reason"])
        else:
            with acting(actor="system:recall"), unit():
                recall = recalls.call_back(
                    organization_id=organization.pk, scope=scope, reason=options["reason"]
                )
        board = selectors.get_board(scope=scope)
        name = recall.public_id if recall else None
        self.finish(
            {"recall": name, "accounted": board.accounted, **asdict(board)}
            | {"parts": dict(board.parts)},
            _lines(name, board),
            exit_code=OK if board.is_balanced else FAILED,
        )


def _lines(recall: str | None, board: RecallBoard) -> Iterator[str]:
    yield f"Recall {recall}: what remains is blocked." if recall else "Drill: nothing is written."
    for work in board.open_work[:_NAMED]:
        yield (
            f"Open: {work.demand_kind} {work.demand_ref}, {work.quantity} {work.status} "
            f"at node {work.node_id}."
        )
    for row in board.shipped[:_NAMED]:
        yield f"Shipped: {row.demand_kind} {row.demand_ref}, {row.quantity}, {row.at:%Y-%m-%d}."
    hidden = max(0, len(board.open_work) - _NAMED) + max(0, len(board.shipped) - _NAMED)
    if hidden:
        yield f"… and {hidden} more."
    yield ", ".join(f"{units} {code.replace('_', ' ')}" for code, units in board.parts) + "."
    if board.is_balanced:
        yield f"{board.received} received = {board.accounted} accounted for."
    else:
        yield f"{board.received} received, {board.accounted} accounted for: look at the ledger."
