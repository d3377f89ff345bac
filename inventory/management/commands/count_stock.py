"""Books a count from a file: sku, counted and, where lots are tracked, lot."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from inventory.events import StockMissing
from inventory.services import counting
from inventory.types import FoundLine
from oms.core.commands import OmsCommand
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

#: The first row of the file names the columns.
_FIRST = 2


class Command(OmsCommand):
    help = (
        "Book what was counted at a node from a CSV file with the columns sku, counted and, where "
        "lots are tracked, lot. Demands whose stock is missing are named and routed again."
    )
    has_dry_run = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--node", required=True, help="code of the node")
        parser.add_argument("--csv", required=True, type=Path, help="what was found")
        expected = parser.add_mutually_exclusive_group()
        expected.add_argument("--bin", default="", help="everything of this bin was counted")
        expected.add_argument("--sku", nargs="+", default=[], help="these SKUs were counted")
        parser.add_argument("--reason", default="", help="stays in the ledger")
        parser.add_argument("--organization", default="", help="code; default: the operator")

    def run(self, **options: Any) -> None:
        found = list(_read(options["csv"]))
        organization = (
            organizations.get_by_code(options["organization"])
            if options["organization"]
            else organizations.ensure_operator()
        )
        try:
            with acting(actor="command:count_stock"), unit():
                outcome = counting.count_at_once(
                    organization_id=organization.pk,
                    node_code=options["node"],
                    found=found,
                    bin_code=options["bin"],
                    skus=options["sku"],
                    reason=options["reason"],
                )
                transaction.set_rollback(options["dry_run"])
        except OmsError as error:
            for problem in error.errors:
                self.say(f"Row {_row(problem.pointer)}: {problem.detail}")
            raise
        self.finish(_result(outcome, found, options), _lines(outcome, found, options))


def _read(path: Path) -> Iterator[FoundLine]:
    if not path.is_file():
        raise CommandError(f"{path} does not exist.")
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        missing = {"sku", "counted"} - set(reader.fieldnames or ())
        if missing:
            raise CommandError(f"{path} lacks the column {min(missing)}.")
        for row in reader:
            yield FoundLine(
                sku=(row["sku"] or "").strip(),
                counted=_number((row["counted"] or "").strip()),
                lot=(row.get("lot") or "").strip(),
            )


def _number(text: str) -> Any:
    """What is no whole number stays text: the service refuses it by its row."""
    is_number = text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20
    return int(text) if is_number else text


def _row(pointer: str) -> int:
    """`/lines/0/counted` is the first row below the names of the columns."""
    return int(pointer.split("/")[2]) + _FIRST


def _result(
    outcome: counting.Outcome, found: list[FoundLine], options: dict[str, Any]
) -> dict[str, Any]:
    return {
        "count": "" if options["dry_run"] else outcome.count_ref,
        "is_dry_run": options["dry_run"],
        "lines": len(found),
        "differences": [
            {"sku": line.sku, "lot": line.lot, "counted": line.counted, "difference": difference}
            for line, difference in zip(found, outcome.differences, strict=True)
            if difference
        ],
        "missing": [
            {"demand_kind": e.demand_kind, "demand_ref": e.demand_ref, "units": _units(e)}
            for e in outcome.missing
        ],
    }


def _lines(
    outcome: counting.Outcome, found: list[FoundLine], options: dict[str, Any]
) -> Iterator[str]:
    for line, difference in zip(found, outcome.differences, strict=True):
        if difference:
            name = f"{line.sku}, lot {line.lot}" if line.lot else line.sku
            yield f"{name}: {line.counted} found, {difference:+d} against the books."
    verb = "would lose" if options["dry_run"] else "loses"
    for event in outcome.missing:
        yield f"{event.demand_kind} {event.demand_ref} {verb} {_units(event)}."
    booked = "Nothing was booked" if options["dry_run"] else f"Booked as {outcome.count_ref}"
    yield f"{len(found)} counted, {sum(map(bool, outcome.differences))} differ. {booked}."


def _units(event: StockMissing) -> int:
    return sum(units for _, _, units in event.lines)
