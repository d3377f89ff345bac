"""What other rooms learn about who calls."""

from __future__ import annotations

from dataclasses import dataclass


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
