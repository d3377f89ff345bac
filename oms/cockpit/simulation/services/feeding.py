"""Generated orders for the demo, through the placement every door uses; and stock to serve them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from inventory.catalog import selectors as catalog
from inventory.catalog.types import VariantFacts
from inventory.selectors import stock as stock_selectors
from inventory.services import stock
from inventory.types import StockChange
from oms.cockpit.simulation.world import people
from oms.cockpit.simulation.world.places import CITIES
from oms.core import clock, ids
from oms.core.context import acting
from oms.core.transactions import unit
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.services import placement
from orders.types import LineDraft, OrderDraft, Placed, RecipientDraft

#: One in so many orders has something a person must look at.
_BAD_ADDRESS_EVERY, _TWICE_EVERY, _HUGE_EVERY = 40, 60, 90
_TIERS = ("standard",) * 7 + ("next_day",) * 2 + ("economy",) * 2
#: Below this a position is filled up again, so that the demo never runs dry.
_LOW, _FILL = 60, 300


@dataclass(slots=True)
class Feeder:
    """Makes orders that look like a shop's; the same seed gives the same baskets."""

    organization_id: int
    chance: random.Random
    variants: Sequence[VariantFacts]
    channels: Sequence[ChannelFacts]
    last: OrderDraft | None = None
    made: int = 0

    @classmethod
    def of(cls, *, organization_id: int, seed: int) -> Feeder:
        """This function will read the range and the channels once."""
        return cls(
            organization_id=organization_id,
            chance=random.Random(seed),
            variants=catalog.list_active(organization_id=organization_id, limit=500),
            channels=[
                channels.get_facts(organization_id=organization_id, code=code)
                for code in ("shop", "marketplace")
            ],
        )

    def place(self, count: int) -> list[Placed]:
        """This function will place `count` orders as a channel would."""
        drafts = [self._draft() for _ in range(count)]
        with acting(actor="channel:demo"):
            return placement.place(channel=self.chance.choice(self.channels), drafts=drafts)

    def _draft(self) -> OrderDraft:
        self.made += 1
        if self.last is not None and self.made % _TWICE_EVERY == 0:
            return replace(self.last, external_ref=ids.public_id("web"))
        place, person = self.chance.choice(CITIES), people.invent(self.chance)
        region = "HI" if self.made % _BAD_ADDRESS_EVERY == 0 else place.state
        self.last = OrderDraft(
            external_ref=ids.public_id("web"),
            currency="USD",
            customer_ref=person.email,
            tier=self.chance.choice(_TIERS),
            recipient=RecipientDraft(
                name=person.name,
                email=person.email,
                phone=person.phone,
                lines=(person.street,),
                city=place.name,
                region=region,
                postcode=place.postcode,
                country="US",
                latitude=place.latitude,
                longitude=place.longitude,
            ),
            lines=self._lines(),
        )
        return self.last

    def _lines(self) -> tuple[LineDraft, ...]:
        # Few things sell much: the square of a uniform number leans to the front of the range.
        picks = {
            int(self.chance.random() ** 2 * len(self.variants))
            for _ in range(self.chance.choice((1, 1, 1, 2, 2, 3)))
        }
        units = 240 if self.made % _HUGE_EVERY == 0 else 1
        return tuple(
            LineDraft(self.variants[index].sku, units * self.chance.choice((1, 1, 1, 2)))
            for index in sorted(picks)
        )


def refill(*, organization_id: int) -> int:
    """This function will receive stock where a position runs low.

    :returns: how many positions were filled.
    """
    low = stock_selectors.list_low(organization_id=organization_id, below=_LOW, limit=200)
    if low:
        with acting(actor="system:demo"), unit():
            stock.receive(
                changes=[
                    StockChange(
                        node_id=node_id,
                        variant_id=variant_id,
                        quantity=_FILL,
                        reason="delivery",
                        document_kind="demo_delivery",
                        document_ref=ids.public_id("dlv"),
                    )
                    for node_id, variant_id in low
                ],
                at=clock.now(),
            )
    return len(low)
