"""Imports orders from a file through the same placement as the API, and works them if asked."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from oms.cockpit.simulation.olist import reader as olist_reader
from oms.cockpit.simulation.olist import setup as olist_setup
from oms.cockpit.simulation.olist import tables as olist_tables
from oms.cockpit.simulation.services import carrier_process, driver
from oms.core.commands import OK, PARTIAL, OmsCommand
from oms.core.context import acting
from oms.infra.accounts.services import organizations
from orders.channels import selectors as channel_selectors
from orders.channels import services as channels
from orders.channels.types import ChannelFacts
from orders.importing import runner
from orders.importing.text_files import CsvReader, JsonLinesReader
from orders.importing.types import Reader

FORMATS = ("olist", "csv", "jsonl")


class Command(OmsCommand):
    help = (
        "Read orders from a file. Repeating the command resumes: no order is placed twice. "
        "Exit codes: 0 all placed, 1 error, 3 some rows went into the error file."
    )
    has_dry_run = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a file, or the folder of the Olist tables")
        parser.add_argument("--format", choices=FORMATS, required=True)
        parser.add_argument("--organization", default="", help="code; default: the operator")
        parser.add_argument("--channel", default="file", help="channel of csv and jsonl orders")
        parser.add_argument("--limit", type=int, help="stop after so many orders")
        parser.add_argument(
            "--work",
            action=argparse.BooleanOptionalAction,
            default=None,
            help="work the orders to delivery here (default for olist)",
        )

    def run(self, **options: Any) -> None:
        reader, channel = self._source(options)
        with (
            acting(actor="command:import_orders"),
            self.progress("Orders", total=reader.total) as advance,
        ):
            progress, errors_file = runner.run(
                reader=reader,
                channel=channel,
                folder=Path(settings.OMS["HOME"]) / "imports",
                created_by="command:import_orders",
                is_dry_run=options["dry_run"],
                advance=advance,
                limit=options["limit"],
            )
        result: dict[str, Any] = {
            "placed": progress.placed,
            "rejected": progress.rejected,
            "per_second": progress.per_second,
            "errors_file": str(errors_file),
        }
        if self._should_work(options):
            result |= self._work(channel, progress.placed)
        placed = "would be placed" if options["dry_run"] else "placed"
        self.finish(result, _lines(result, placed), exit_code=PARTIAL if progress.rejected else OK)

    def _should_work(self, options: dict[str, Any]) -> bool:
        wanted = options["format"] == "olist" if options["work"] is None else options["work"]
        return bool(wanted and not options["dry_run"])

    def _source(self, options: dict[str, Any]) -> tuple[Reader, ChannelFacts]:
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"{path} does not exist.")
        if options["format"] == "olist":
            return self._olist(path)
        organization = (
            organizations.get_by_code(options["organization"])
            if options["organization"]
            else organizations.ensure_operator()
        )
        if options["channel"] == "file":
            channels.ensure(
                organization_id=organization.pk, code="file", name="File import", kind="file"
            )
        channel = channel_selectors.get_facts(
            organization_id=organization.pk, code=options["channel"]
        )
        return (CsvReader if options["format"] == "csv" else JsonLinesReader)(path), channel

    def _olist(self, folder: Path) -> tuple[Reader, ChannelFacts]:
        missing = [name for name in olist_tables.FILES.values() if not (folder / name).is_file()]
        if missing:
            raise CommandError(f"{folder} lacks {', '.join(missing)}.")
        self.say("Reading the tables")
        tables = olist_tables.load(folder)
        self.say("Preparing nodes, catalog and stock")
        return olist_reader.OlistReader(folder, tables), olist_setup.prepare(tables)

    def _work(self, channel: ChannelFacts, total: int) -> dict[str, Any]:
        self.say("Working the orders to delivery")
        done = 0
        with carrier_process.sandbox_carrier(), self.progress("Finished", total=total) as advance:

            def show(finished: int) -> None:
                nonlocal done
                advance(max(0, finished - done))
                done = max(done, finished)

            outcome = driver.work_off(channel_id=channel.id, show=show)
        return asdict(outcome)


def _lines(result: dict[str, Any], placed: str) -> list[str]:
    lines = [
        f"{result['placed']} orders {placed}, {result['per_second']} a second; "
        f"{result['rejected']} rejected.",
    ]
    if result["rejected"]:
        lines.append(f"What is wrong with them: {result['errors_file']}")
    if "delivered" in result:
        lines.append(
            f"{result['delivered']} delivered, {result['cancelled']} cancelled, "
            f"{result['on_hold']} on hold, "
            f"{result['cases']} cases for a person, {result['moving']} still moving."
        )
    return lines
