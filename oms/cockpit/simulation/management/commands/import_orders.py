"""Imports orders from a file through the same placement as the API, and works them if asked."""

from __future__ import annotations

import argparse
import sys
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
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations
from orders.channels import selectors as channel_selectors
from orders.channels import services as channels
from orders.channels.types import ChannelFacts
from orders.importing import errors_file, formats, mappings, preview, runner, templates
from orders.importing.types import Reader

FORMATS = ("olist", *formats.FORMATS)
_ACTOR = "command:import_orders"


class Command(OmsCommand):
    help = (
        "Read orders from a file. Repeating the command resumes: no order is placed twice. The "
        "file of refused orders, corrected, can be imported again. Exit codes: 0 all placed, "
        "1 error, 3 some orders were refused."
    )
    has_dry_run = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "path", type=Path, nargs="?", help="a file, or the folder of the Olist tables"
        )
        parser.add_argument("--format", choices=FORMATS, help="default: by the end of its name")
        parser.add_argument("--organization", default="", help="code; default: the operator")
        parser.add_argument("--channel", default="file", help="channel of the orders")
        parser.add_argument("--limit", type=int, help="stop after so many orders")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=FIELD",
            help="a column that is called otherwise; COLUMN= reads over it. Kept for the channel",
        )
        parser.add_argument(
            "--template",
            choices=formats.FORMATS,
            help="write an example with every column to standard output, or to PATH",
        )
        parser.add_argument(
            "--work",
            action=argparse.BooleanOptionalAction,
            default=None,
            help="work the orders to delivery here (default for olist)",
        )

    def run(self, **options: Any) -> None:
        if options["template"]:
            _write_template(options["template"], options["path"])
            return
        if options["path"] is None or not options["path"].exists():
            raise CommandError(f"{options['path'] or 'PATH'} does not exist.")
        reader, channel = self._source(options)
        with (
            acting(actor=_ACTOR),
            self.progress("Orders", total=reader.total) as advance,
        ):
            run = self._look if options["dry_run"] else self._import
            result = run(reader, channel, options["limit"], advance)
        if self._should_work(options):
            result |= self._work(channel, result["placed"])
        placed = "would be placed" if options["dry_run"] else "placed"
        lines = _lines(result, placed)
        self.finish(result, lines, exit_code=PARTIAL if result["rejected"] else OK)

    def _import(
        self, reader: Reader, channel: ChannelFacts, limit: int | None, advance: Any
    ) -> dict[str, Any]:
        progress, errors = runner.run(
            reader=reader,
            channel=channel,
            folder=_folder(),
            created_by=_ACTOR,
            advance=advance,
            limit=limit,
        )
        return {
            "placed": progress.placed,
            "rejected": progress.rejected,
            "per_second": progress.per_second,
            "errors_file": str(errors),
        }

    def _look(
        self, reader: Reader, channel: ChannelFacts, limit: int | None, advance: Any
    ) -> dict[str, Any]:
        errors = errors_file.path_in(_folder(), "dry-run", reader.columns)
        found = preview.look(
            reader=reader, channel=channel, path=errors, advance=advance, limit=limit
        )
        return {"placed": found.new, **found.as_json(), "errors_file": str(errors)}

    def _should_work(self, options: dict[str, Any]) -> bool:
        wanted = options["format"] == "olist" if options["work"] is None else options["work"]
        return bool(wanted and not options["dry_run"])

    def _source(self, options: dict[str, Any]) -> tuple[Reader, ChannelFacts]:
        path: Path = options["path"]
        if options["format"] == "olist":
            return self._olist(path)
        kind = options["format"] or formats.of_name(path.name)
        channel = _channel(options)
        mapping = {**mappings.saved(channel_id=channel.id), **_pairs(options["map"])}
        reader = formats.open_reader(path, kind, mapping)
        if options["map"] and not options["dry_run"]:
            with unit():
                mappings.save(channel_id=channel.id, mapping=mapping)
        return reader, channel

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


def _folder() -> Path:
    return Path(settings.OMS["HOME"]) / "imports"


def _channel(options: dict[str, Any]) -> ChannelFacts:
    organization = (
        organizations.get_by_code(options["organization"])
        if options["organization"]
        else organizations.ensure_operator()
    )
    if options["channel"] == "file":
        channels.ensure(
            organization_id=organization.pk, code="file", name="File import", kind="file"
        )
    return channel_selectors.get_facts(organization_id=organization.pk, code=options["channel"])


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(text.rpartition("=")[::2] for text in given)
    if "" in pairs:
        raise CommandError('Give --map "Column of the file=field", or "Column=" to read over it.')
    return pairs


def _write_template(kind: str, path: Path | None) -> None:
    content = templates.render(kind)
    if path is None:
        sys.stdout.buffer.write(content)
        return
    if path.exists():
        raise CommandError(f"{path} exists already.")
    path.write_bytes(content)


def _lines(result: dict[str, Any], placed: str) -> list[str]:
    rate = f", {result['per_second']} a second" if "per_second" in result else ""
    lines = [f"{result['placed']} orders {placed}{rate}; {result['rejected']} rejected."]
    if "reasons" in result:
        lines += _preview_lines(result)
    if result["rejected"]:
        lines.append(f"What is wrong with them: {result['errors_file']}")
    if "delivered" in result:
        lines.append(
            f"{result['delivered']} delivered, {result['cancelled']} cancelled, "
            f"{result['on_hold']} on hold, "
            f"{result['cases']} cases for a person, {result['moving']} still moving."
        )
    return lines


def _preview_lines(result: dict[str, Any]) -> list[str]:
    worth = ", ".join(f"{amount} {currency}" for currency, amount in result["amounts"].items())
    return [
        f"{result['units']} units, worth {worth or 'nothing'}; {result['held']} would be held, "
        f"{result['repeated']} were placed before.",
        *(f"{count} × {reason}" for reason, count in result["reasons"].items()),
    ]
