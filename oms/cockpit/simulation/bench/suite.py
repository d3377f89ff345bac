"""One run, from an empty scratch database to all figures, in the order people read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from django.core.management import call_command

from oms.cockpit.simulation.bench import (
    books,
    intake,
    labels,
    pages,
    placing,
    promising,
    relaying,
    reserving,
    scale,
    sealing,
)
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sizes import ON_DEMAND, PARTS, Sizes
from oms.cockpit.simulation.bench.world import World
from oms.core import clock
from oms.core.context import acting

Say = Callable[[str], None]


def measure(sizes: Sizes, *, only: Collection[str] = (), say: Say) -> list[Figure]:
    """This function will migrate and seed the database of this process and measure everything, or
    only some parts."""
    started = clock.monotonic()
    say("Preparing a database of its own")
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    found: dict[str, list[Figure]] = {}
    with acting(actor="command:bench"):
        world = World.prepare(sizes.world)
        for part, begin in _parts(world, sizes).items():
            if part not in (only or PARTS):
                continue
            say(f"{clock.monotonic() - started:5.0f} s  {part}")
            found[part] = list(begin())
    say(f"{clock.monotonic() - started:5.0f} s  done")
    return [figure for part in (*PARTS, *ON_DEMAND) for figure in found.get(part, ())]


def _parts(world: World, sizes: Sizes) -> dict[str, Callable[[], Iterator[Figure]]]:
    """In the order of measuring."""
    return {
        "relay": lambda: relaying.measure(world.organization_id, sizes),
        "labels": lambda: labels.measure(world, sizes),
        "pages": lambda: pages.measure(world, sizes, pages.prepare(world, sizes)),
        "reserving": lambda: reserving.measure(world, sizes),
        "placing": lambda: placing.measure(world, sizes),
        "intake": lambda: intake.measure(world, sizes),
        "contacts": lambda: sealing.measure(world, sizes),
        "ledger": lambda: books.measure(sizes),
        "ATP": lambda: promising.measure(world, sizes),
        "scale": lambda: scale.measure(world, sizes),
    }
