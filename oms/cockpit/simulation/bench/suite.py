"""One run, from an empty scratch database to all figures, in the order people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.core.management import call_command

from oms.cockpit.simulation.bench import books, labels, pages, placing, relaying, sealing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World
from oms.core import clock
from oms.core.context import acting

Say = Callable[[str], None]

#: Figures as the table shows them: placing first, though the relay is measured before it, when
#: nothing else waits in the outbox.
_PARTS = ("placing", "relay", "labels", "pages", "contacts", "ledger")


def measure(sizes: Sizes, *, say: Say) -> list[Figure]:
    """This function will migrate and seed the database of this process and measure everything."""
    started = clock.monotonic()
    say("Preparing a database of its own")
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    found: dict[str, list[Figure]] = {}
    with acting(actor="command:bench"):
        world = World.prepare(sizes.world)
        for part, figures in _parts(world, sizes):
            say(f"{clock.monotonic() - started:5.0f} s  {part}")
            found[part] = list(figures)
    say(f"{clock.monotonic() - started:5.0f} s  done")
    return [figure for part in _PARTS for figure in found[part]]


def _parts(world: World, sizes: Sizes) -> Iterator[tuple[str, Iterator[Figure]]]:
    shown = pages.prepare(world, sizes)
    yield "relay", relaying.measure(world.organization_id, sizes)
    yield "labels", labels.measure(world, sizes)
    yield "pages", pages.measure(world, sizes, shown)
    yield "placing", placing.measure(world, sizes)
    yield "contacts", sealing.measure(world, sizes)
    yield "ledger", books.measure(sizes)
