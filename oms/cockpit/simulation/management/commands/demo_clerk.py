"""Works the demo's floor and desk until it is stopped."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from oms.cockpit.simulation.services import clerk, desk
from oms.cockpit.simulation.services.pacing import every, until_stopped
from oms.core.commands import OmsCommand
from oms.core.errors import Conflict, Unavailable

logger = logging.getLogger(__name__)

DESK_SECONDS = 5.0


class Command(OmsCommand):
    help = "Pick, pack and hand over what is due, and decide holds, until stopped."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=2.0, help="seconds between rounds")
        parser.add_argument("--limit", type=int, default=6, help="work orders a station and round")
        parser.add_argument("--seconds", type=float, default=0.0, help="stop by itself; 0 never")

    def run(self, **options: Any) -> None:
        steps = 0
        desk_due = every(DESK_SECONDS)
        for _ in until_stopped(options["every"], seconds=options["seconds"]):
            try:
                steps += clerk.work_once(limit=options["limit"])
                if desk_due():
                    steps += desk.decide()
            except (Conflict, Unavailable) as error:
                logger.warning("a step was refused: %s", error.code)
        self.finish({"steps": steps}, [f"{steps} steps done."])
