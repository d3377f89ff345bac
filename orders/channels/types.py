"""What placement sees of a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from orders.tiers import BUILT_IN, Level


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel with its rules; `levels` are all that its organization has, by code."""

    id: int
    organization_id: int
    code: str
    brand: str
    default_tier: str
    needs_street: bool
    #: Off: every order needs an approval.
    auto_approve: bool = True
    #: Codes of the levels on offer; empty: all.
    tiers: tuple[str, ...] = ()
    #: Codes of the carriers that may be used; empty: all.
    carriers: tuple[str, ...] = ()
    #: Nothing is released before it is paid.
    requires_payment: bool = False
    #: Orders above this amount need an approval.
    approval_above_amount: Decimal | None = None
    levels: Mapping[str, Level] = field(default_factory=lambda: BUILT_IN)

    @property
    def offered(self) -> tuple[str, ...]:
        """Codes of the levels that orders of this channel may ask for."""
        return tuple(code for code in self.levels if not self.tiers or code in self.tiers)


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What routing needs of the channel of a stored order."""

    code: str
    carriers: tuple[str, ...]
