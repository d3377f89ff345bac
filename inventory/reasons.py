"""Why stock changes its condition, and which balances each reason moves: one table, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

#: Outside of the house: no balance counts it.
OUTSIDE = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Takes units from one balance and adds them to another; `kind` is the movement's."""

    code: str
    words: Any
    source: str
    target: str
    kind: str

    @property
    def is_adjustment(self) -> bool:
        """Whether the house owns more or less than before."""
        return OUTSIDE in (self.source, self.target)

    def deltas(self, quantity: int) -> dict[str, int]:
        """This method will return what each balance changes by."""
        found = {self.source: -quantity, self.target: quantity}
        found.pop(OUTSIDE, None)
        return found


_ROWS = (
    Reason("found", _("Found"), OUTSIDE, "on_hand", "adjusted"),
    Reason("not_found", _("Not found"), "on_hand", OUTSIDE, "adjusted"),
    Reason("stolen", _("Stolen"), "on_hand", OUTSIDE, "adjusted"),
    Reason("used_inside", _("Used in the house"), "on_hand", OUTSIDE, "adjusted"),
    Reason("damaged", _("Damaged"), "on_hand", "damaged", "damaged"),
    Reason("worn_display", _("Worn on display"), "on_hand", "damaged", "damaged"),
    Reason("quarantine", _("To be inspected"), "on_hand", "quarantined", "quarantined"),
    Reason("expired", _("Expired"), "on_hand", "quarantined", "quarantined"),
    Reason("passed_inspection", _("Passed inspection"), "quarantined", "on_hand", "restocked"),
    Reason("failed_inspection", _("Failed inspection"), "quarantined", "damaged", "damaged"),
    Reason("return_passed", _("Return passed inspection"), "returned", "on_hand", "restocked"),
    Reason("return_failed", _("Return failed inspection"), "returned", "damaged", "damaged"),
    Reason("return_aside", _("Return to be tested"), "returned", "quarantined", "quarantined"),
    Reason("repaired", _("Repaired"), "damaged", "on_hand", "restocked"),
    Reason("scrapped", _("Scrapped"), "damaged", OUTSIDE, "scrapped"),
    Reason("destroyed", _("Destroyed from quarantine"), "quarantined", OUTSIDE, "scrapped"),
    Reason("return_destroyed", _("Return destroyed"), "returned", OUTSIDE, "scrapped"),
)

REASONS: Mapping[str, Reason] = {reason.code: reason for reason in _ROWS}
