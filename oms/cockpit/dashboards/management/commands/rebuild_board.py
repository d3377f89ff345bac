"""Makes the board's cards anew from the stored facts; nothing else stops meanwhile."""

from __future__ import annotations

from typing import Any

from oms.cockpit.dashboards.services import rebuilding
from oms.core.commands import OmsCommand


class Command(OmsCommand):
    help = "Make the cards of the operations board anew from the stored events."

    def run(self, **options: Any) -> None:
        with self.progress("events") as advance:
            count = rebuilding.rebuild(advance=advance)
        self.finish({"cards": count}, [f"{count} cards made anew."])
