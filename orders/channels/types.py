"""What placement sees of a channel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    id: int
    organization_id: int
    code: str
    brand: str
    default_tier: str
    needs_street: bool
