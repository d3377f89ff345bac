"""How far each channel may oversell a variant at a node: the most specific selling rule wins.

Order of precedence: variant and channel, variant, channel, neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Rules:
    """Oversell limits by (organization, variant or None, channel or "")."""

    limits: dict[tuple[int, int | None, str], int] = field(default_factory=dict)

    def limit_for(self, organization_id: int, variant_id: int, channel: str) -> int:
        """This function will return the limit of the winning rule; none is 0."""
        for variant, name in ((variant_id, channel), (variant_id, ""), (None, channel), (None, "")):
            found = self.limits.get((organization_id, variant, name))
            if found is not None:
                return found
        return 0

    def limits_for(self, organization_id: int, variant_id: int) -> dict[str, int]:
        """This function will return the limit of each channel that a rule names, and under "" of
        all others; nothing where no rule is about the variant."""
        named = {
            channel
            for organization, variant, channel in self.limits
            if organization == organization_id and variant in (variant_id, None)
        }
        if not named:
            return {}
        return {
            channel: self.limit_for(organization_id, variant_id, channel)
            for channel in named | {""}
        }


def by_variant(rows: Iterable[Sequence[Any]]) -> Rules:
    """This function will index rows of (organization, variant, channel, limit)."""
    return Rules({(row[0], row[1], row[2]): row[3] for row in rows})
