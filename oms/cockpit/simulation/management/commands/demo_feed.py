"""Feeds generated orders until it is stopped."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from oms.cockpit.simulation.services.feeding import Feeder, refill
from oms.cockpit.simulation.services.pacing import every, until_stopped
from oms.core import clock
from oms.core.commands import OmsCommand
from oms.core.errors import Unavailable
from oms.infra.accounts.services import organizations

logger = logging.getLogger(__name__)

REFILL_SECONDS = 10.0


class Command(OmsCommand):
    help = "Place generated orders until stopped; fills up stock that runs low."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--per-minute", type=float, default=40.0, help="orders a minute")
        parser.add_argument("--burst", type=int, default=90, help="orders placed at once at start")
        parser.add_argument("--seconds", type=float, default=0.0, help="stop by itself; 0 never")

    def run(self, **options: Any) -> None:
        organization = organizations.ensure_operator()
        feeder = Feeder.of(organization_id=organization.pk, seed=int(clock.real_now().timestamp()))
        if options["burst"]:
            feeder.place(options["burst"])
        refill_due = every(REFILL_SECONDS)
        for _ in until_stopped(60.0 / options["per_minute"], seconds=options["seconds"]):
            try:
                feeder.place(1)
                if refill_due():
                    refill(organization_id=organization.pk)
            except Unavailable as error:
                logger.warning("placement is busy: %s", error.code)
        self.finish({"placed": feeder.made}, [f"{feeder.made} orders placed."])
