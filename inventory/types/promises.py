"""What is asked for, taken, held and offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Leg:
    """`quantity` of one variant from one node for one demand line."""

    line_ref: str
    variant_id: int
    node_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What one demand (an order) takes, as a plan of legs. Same demand twice = same answer."""

    organization_id: int
    demand_kind: str
    demand_ref: str
    legs: tuple[Leg, ...]
    at: datetime | None = None
    #: Where it was sold: channels have reserves and limits of their own.
    channel: str = ""
    #: The day it must arrive by: lots that expire before are not taken. None: today.
    needed_on: date | None = None
    #: Take what there is of each leg, rather than all legs or nothing.
    is_partial: bool = False
    #: Who asks; empty: the actor of the context.
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A leg that could not be taken, and what was free there."""

    demand_ref: str
    line_ref: str
    variant_id: int
    node_id: int
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class ReserveResult:
    """`taken` demands hold their legs; `short` ones lack something, with the reasons.

    A demand is in one of the two. Only a partial demand may be in both: it holds what there was.
    """

    taken: tuple[str, ...]
    short: Mapping[str, tuple[Shortage, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemandAtNode:
    """What one demand holds at one node, or (None) at all of them; `at` is when the step was.

    With `line_refs` only what it holds for these lines.
    """

    demand_kind: str
    demand_ref: str
    node_id: int | None = None
    at: datetime | None = None
    line_refs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cut:
    """Units that a demand line gives back at a node, of one variant: of a kit, of each part."""

    demand_kind: str
    demand_ref: str
    node_id: int
    line_ref: str
    variant_id: int
    units: int


@dataclass(frozen=True, slots=True)
class Availability:
    """What a node can sell of a variant now: never below zero."""

    variant_id: int
    node_id: int
    available: int


@dataclass(frozen=True, slots=True)
class NodeOffer:
    """What one node, by its code, can sell now."""

    node: str
    available: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be sold of one SKU now, and where."""

    sku: str
    is_active: bool
    total: int
    nodes: tuple[NodeOffer, ...]


@dataclass(frozen=True, slots=True)
class SoftlyHeld:
    """Units that a demand line holds at a place, and no node works on."""

    demand_kind: str
    demand_ref: str
    line_ref: str
    variant_id: int
    position_id: int
    node_id: int
    units: int

    @property
    def key(self) -> tuple[str, str]:
        return self.demand_kind, self.demand_ref


@dataclass(frozen=True, slots=True)
class CartLine:
    """Units kept at a node for the cart's line, counted from 1; of a kit, its parts."""

    line: int
    sku: str
    node: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CartHold:
    """What a cart or quote keeps, and until when."""

    reference: str
    channel: str
    expires_at: datetime
    lines: tuple[CartLine, ...]


@dataclass(frozen=True, slots=True)
class StillWanted:
    """What a demand line without a node still wants; `leaving` units of before it does not."""

    demand_kind: str
    demand_ref: str
    line_ref: str
    variant_id: int
    units: int
    leaving: int


@dataclass(frozen=True, slots=True)
class Keep:
    """What a demand line keeps of its stock at a node, by variant; of a kit, its parts."""

    demand_kind: str
    demand_ref: str
    line_ref: str
    node_id: int
    units: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Units that a demand had promised at a place and gave back."""

    demand_ref: str
    line_ref: str
    node_id: int
    variant_id: int
    lot_id: int | None
    units: int
