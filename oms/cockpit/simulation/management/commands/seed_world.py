"""Creates the demo world: our own invention, the same for the same seed."""

from __future__ import annotations

import argparse
from typing import Any

from oms.cockpit.simulation.services import seeding
from oms.core.commands import OmsCommand


class Command(OmsCommand):
    help = "Create the demo world: nodes, range, stock, carrier and channels. Safe to repeat."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--size", choices=list(seeding.SIZES), default="small")
        parser.add_argument("--seed", type=int, default=7, help="another seed, another world")

    def run(self, **options: Any) -> None:
        seeded = seeding.seed(size=options["size"], seed=options["seed"])
        self.finish(
            {
                "nodes": seeded.nodes,
                "variants": seeded.variants,
                "positions": seeded.positions,
            },
            [f"{seeded.nodes} nodes, {seeded.variants} variants, {seeded.positions} positions."],
        )
