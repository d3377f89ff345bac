"""Limits that people set, and which of them wins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SafetyLimit:
    """`quantity` a node keeps back: of a variant, else of each variant of a category, else of any.

    Zero is a rule too: it wins over a wider one.
    """

    node_id: int
    quantity: int
    variant_id: int | None = None
    category: str = ""


@dataclass(frozen=True, slots=True)
class SellingLimit:
    """What may be sold beyond the shelf of a variant (None: any) in a channel (empty: any).

    Oversell is at each node, backorders and preorders are over all; None is without limit.
    """

    organization_id: int
    variant_id: int | None = None
    channel: str = ""
    oversell_limit: int = 0
    backorder_limit: int | None = 0
    preorder_limit: int | None = 0
    preorder_ships_on: date | None = None


@dataclass(frozen=True, slots=True)
class ChannelReserve:
    """`quantity` at a place that one channel alone may take."""

    node_id: int
    variant_id: int
    channel: str
    quantity: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RuleQuestion:
    """Which rules hold for one variant at one node, sold in one channel (empty: no channel)?"""

    variant_id: int
    node_id: int
    channel: str = ""


@dataclass(frozen=True, slots=True)
class SafetyTerms:
    """One safety rule that fits; scopes are variant, category and node."""

    scope: str
    rule_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class SellingTerms:
    """One selling rule that fits; scopes are variant+channel, variant, channel and any."""

    scope: str
    rule_id: int
    oversell_limit: int
    backorder_limit: int | None
    preorder_limit: int | None
    preorder_ships_on: date | None


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """All rules that fit, of each kind: the first one wins, over the others as they follow."""

    question: RuleQuestion
    safety: tuple[SafetyTerms, ...]
    selling: tuple[SellingTerms, ...]

    @property
    def safety_stock(self) -> int:
        """Units kept back; none where no rule fits."""
        return self.safety[0].quantity if self.safety else 0

    @property
    def oversell_limit(self) -> int:
        """Units that the channel may sell beyond the shelf; none where no rule fits."""
        return self.selling[0].oversell_limit if self.selling else 0
