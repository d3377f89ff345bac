"""What whoever places a hold says of it, and whether that can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oms.core.errors import FieldError, Invalid
from orders.models import Hold

#: Holds that only somebody with the authority ends: time does not.
GUARDED_HOLDS = (Hold.Type.APPROVAL, Hold.Type.CREDIT, Hold.Type.FRAUD)


class InvalidHold(Invalid):
    code = "orders.invalid_hold"


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """`scopes` empty: all that the type stops; `author` empty: whoever acts."""

    type: str
    reason: str
    scopes: tuple[str, ...] = ()
    due_at: datetime | None = None
    releases_at: datetime | None = None
    author: str = ""

    @property
    def ordered_scopes(self) -> tuple[str, ...]:
        """Each once, in the order of an order's life."""
        return tuple(scope for scope in Hold.Scope.values if scope in self.scopes)

    def require_sound(self, *, now: datetime) -> None:
        """This method will do nothing when a hold can be placed on these terms.

        :raises InvalidHold: names each value that cannot be, and why.
        """
        errors = [*self._wrong_words(), *self._wrong_times(now)]
        if errors:
            raise InvalidHold("See errors.", errors=errors)

    def _wrong_words(self) -> list[FieldError]:
        errors = []
        if self.type not in Hold.Type.values:
            known = ", ".join(Hold.Type.values)
            errors.append(FieldError("/type", "unknown_type", f"One of: {known}."))
        if odd := sorted(set(self.scopes) - set(Hold.Scope.values)):
            known = ", ".join(Hold.Scope.values)
            errors.append(
                FieldError("/scopes", "unknown_scope", f"{odd[0]} is none; known: {known}.")
            )
        if not self.reason.strip() or len(self.reason) > 200:
            errors.append(FieldError("/reason", "required", "Say why in 1 to 200 characters."))
        return errors

    def _wrong_times(self, now: datetime) -> list[FieldError]:
        errors = []
        for name, moment in (("due_at", self.due_at), ("releases_at", self.releases_at)):
            if moment is not None and moment <= now:
                errors.append(FieldError(f"/{name}", "in_the_past", "Give a time to come."))
        if self.releases_at is not None and self.type in GUARDED_HOLDS:
            errors.append(
                FieldError("/releases_at", "needs_a_person", "This type ends by a person's word.")
            )
        return errors
