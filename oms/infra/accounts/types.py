"""What other rooms learn about who calls."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Principal:
    """A partner's credential at work: the organization it acts for and what it may do."""

    organization_id: int
    key_id: str
    scopes: frozenset[str]
    is_sandbox: bool

    @property
    def actor(self) -> str:
        return f"key:{self.key_id}"


@dataclass(frozen=True, slots=True)
class Authority:
    """How much somebody may answer for: nothing unless it was granted (deny by default)."""

    currency: str
    limit: Decimal | None = None
    is_unlimited: bool = False
    #: The product itself, which acts by rules that people made.
    is_automatic: bool = False

    def covers(self, amount: Decimal, currency: str) -> bool:
        """Whether the limit reaches so far; it says nothing of other currencies."""
        if self.is_unlimited:
            return True
        return self.limit is not None and currency == self.currency and amount <= self.limit
