"""Makes a channel known, and writes all that it may sell into its feed."""

from __future__ import annotations

import argparse
from typing import Any

from inventory.services import publishing
from oms.core.commands import OmsCommand
from oms.core.context import acting
from oms.infra.accounts.services import organizations


class Command(OmsCommand):
    help = "Open the availability feed of a channel; repeating it brings the feed up to date."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("channel", metavar="CHANNEL")
        parser.add_argument("--organization", default="", help="code; default: the operator")

    def run(self, **options: Any) -> None:
        code: str = options["organization"]
        owner = organizations.get_by_code(code) if code else organizations.ensure_operator()
        with acting(actor="command:open_stock_feed"), self.progress("Variants") as advance:
            written = publishing.open_feed(
                organization_id=owner.pk, channel=options["channel"], advance=advance
            )
        result = {"channel": options["channel"], "written": written}
        self.finish(result, [f"{written} numbers written for {options['channel']}."])
