"""What the measurements work on: the demo world with stock that never ends, and clean orders."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from inventory.selectors import stock as stock_selectors
from inventory.services import stock
from inventory.types import StockChange
from oms.cockpit.simulation.services import seeding
from oms.cockpit.simulation.world import people
from oms.cockpit.simulation.world.places import CITIES
from oms.core import ids
from oms.core.transactions import unit
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.services import bulk_placement, placement
from orders.types import LineDraft, OrderDraft, Placed, RecipientDraft

#: More than any run takes.
ENDLESS = 1_000_000
LINES_PER_ORDER = 2
_RECEIPT_BATCH = 2_000


class Unplaced(RuntimeError):
    """A measured order was refused or held: its time would flatter the figure."""


@dataclass(slots=True)
class World:
    """One seller's world; drafts are the same for the same seed."""

    organization_id: int
    channel: ChannelFacts
    variants: Sequence[VariantFacts]
    chance: random.Random

    @classmethod
    def prepare(cls, size: str) -> World:
        """This function will seed the scratch database and let it settle."""
        seeded = seeding.seed(size=size)
        _fill(seeded.organization_id)
        settle()
        return cls(
            organization_id=seeded.organization_id,
            channel=channels.get_facts(organization_id=seeded.organization_id, code="shop"),
            variants=catalog.list_active(organization_id=seeded.organization_id, limit=20_000),
            chance=random.Random(11),
        )

    def drafts(self, count: int, *, always: Sequence[VariantFacts] = ()) -> list[OrderDraft]:
        """This function will return orders of new customers, two lines of one unit each; every
        order has the variants of `always`, the rest is spread evenly."""
        return [self._draft(always) for _ in range(count)]

    def place(self, drafts: Sequence[OrderDraft]) -> list[Placed]:
        """This function will place the drafts through the service every door uses.

        :raises Unplaced: one of them is not confirmed.
        """
        return self._all_confirmed(placement.place(channel=self.channel, drafts=drafts))

    def place_all(self, drafts: Sequence[OrderDraft]) -> list[Placed]:
        """This function will do the same for any number of drafts, in bulk."""
        placed = bulk_placement.place_all(channel=self.channel, drafts=drafts)
        return self._all_confirmed(placed)

    def _all_confirmed(self, placed: list[Placed]) -> list[Placed]:
        if any(answer.status != "confirmed" or answer.holds for answer in placed):
            raise Unplaced("an order of the bench was refused or held")
        return placed

    def recipient(self) -> RecipientDraft:
        """This function will return somebody who does not exist, in a real city."""
        place, person = self.chance.choice(CITIES), people.invent(self.chance)
        return RecipientDraft(
            name=person.name,
            email=person.email,
            phone=person.phone,
            lines=(person.street,),
            city=place.name,
            region=place.state,
            postcode=place.postcode,
            country="US",
            latitude=place.latitude,
            longitude=place.longitude,
        )

    def _draft(self, always: Sequence[VariantFacts]) -> OrderDraft:
        others = self.chance.sample(self.variants, LINES_PER_ORDER)
        chosen = [*always, *(v for v in others if v not in always)][:LINES_PER_ORDER]
        return OrderDraft(
            external_ref=ids.public_id("web"),
            currency="USD",
            recipient=self.recipient(),
            lines=tuple(LineDraft(variant.sku, 1) for variant in chosen),
        )


def _fill(organization_id: int) -> None:
    places = stock_selectors.list_low(
        organization_id=organization_id, below=ENDLESS, limit=1_000_000
    )
    changes = [
        StockChange(
            node_id=node_id,
            variant_id=variant_id,
            quantity=ENDLESS,
            reason="bench",
            document_kind="bench",
            document_ref="bench",
        )
        for node_id, variant_id in places
    ]
    for start in range(0, len(changes), _RECEIPT_BATCH):
        with unit():
            stock.receive(changes=changes[start : start + _RECEIPT_BATCH])


def settle() -> None:
    """This function will tell the planner what the tables hold, as time does elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
