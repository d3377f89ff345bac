"""What a fight over scarce stock came to, in words, numbers and an exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from oms.cockpit.simulation.bench.timing import percentile
from oms.core.commands import FAILED, OK, PARTIAL

#: Refusals that a fair fight brings about: the cart ran out before it was ordered.
_FAIR = frozenset({"inventory.hold_expired", "inventory.nothing_reserved"})


@dataclass(frozen=True, slots=True)
class Found:
    """What callers were told, and what the database holds."""

    units: int
    places: int
    counts: Mapping[str, int]
    errors: Mapping[str, int]
    #: Seconds, ascending.
    waits: Sequence[float]
    #: The longest wait for a lock that was seen, in seconds.
    lock_wait: float
    oversold_now: int
    oversold_ever: int
    unsold: int
    unbacked: int
    ended_twice: int
    #: Callers told something else than what is recorded.
    misled: int
    differences: int
    movements: int
    deadlocks: int

    @property
    def faults(self) -> dict[str, int]:
        """What must be zero, by name."""
        return {
            "units oversold at the end": self.oversold_now,
            "units oversold at any moment": self.oversold_ever,
            "units left though wanted": self.unsold,
            "units promised without a reservation": self.unbacked,
            "reservations ended twice": self.ended_twice,
            "callers misled": self.misled,
            "balances not explained": self.differences,
            "deadlocks": self.deadlocks,
            "unexpected errors": sum(n for code, n in self.errors.items() if code not in _FAIR),
        }

    @property
    def is_oversold(self) -> bool:
        return self.oversold_ever > 0

    @property
    def longest_wait(self) -> float:
        return self.waits[-1] if self.waits else 0.0


def exit_code(found: Found, *, has_guard: bool) -> int:
    """This function will return 0 for a fight without a fault and 1 for one with any; without the
    guard 1 for units oversold, as it should be, and 3 when none was: the control proves nothing."""
    if not has_guard:
        return FAILED if found.is_oversold else PARTIAL
    return FAILED if any(found.faults.values()) else OK


def as_dict(found: Found, *, has_guard: bool) -> dict[str, Any]:
    """This function will return the result for scripts."""
    told = {key: value for key, value in asdict(found).items() if key not in ("waits", "lock_wait")}
    return {
        **told,
        "has_guard": has_guard,
        "is_oversold": found.is_oversold,
        "lock_wait_ms": round(found.lock_wait * 1000),
        "longest_wait_ms": round(found.longest_wait * 1000),
        "p50_ms": _milliseconds(found, 0.5),
        "p99_ms": _milliseconds(found, 0.99),
        "faults": sum(found.faults.values()),
    }


def lines(found: Found, *, has_guard: bool) -> list[str]:
    """This function will tell what happened, what must be zero, and the verdict."""
    happened = {
        "units, places": f"{found.units:,}, {found.places:,}",
        **{word: f"{count:,}" for word, count in sorted(found.counts.items())},
        "movements": f"{found.movements:,}",
        "wait, p50": f"{_milliseconds(found, 0.5):,} ms",
        "wait, p99": f"{_milliseconds(found, 0.99):,} ms",
        "wait, longest": f"{found.longest_wait * 1000:,.0f} ms",
        "wait for a lock, longest seen": f"{found.lock_wait * 1000:,.0f} ms",
    }
    faults = {word: f"{count:,}" for word, count in found.faults.items()}
    errors = [f"  {count:>6,} x {code}" for code, count in sorted(found.errors.items())]
    return [
        *_table(happened),
        *(["", "Refused:", *errors] if errors else []),
        "",
        "Must be zero:",
        *_table(faults),
        "",
        _verdict(found, has_guard=has_guard),
    ]


def _verdict(found: Found, *, has_guard: bool) -> str:
    oversold = f"{found.oversold_ever:,} units were sold that were not there."
    if not has_guard:
        if found.is_oversold:
            return f"Guard off, as a control: {oversold}"
        return "Guard off, and still nothing was oversold: these callers prove nothing."
    if found.is_oversold:
        return f"OVERSOLD: {oversold}"
    if any(found.faults.values()):
        return "FAILED: nothing was oversold, but see above."
    return "Not one unit was sold twice, and none was left."


def _milliseconds(found: Found, share: float) -> int:
    return round(percentile(found.waits, share) * 1000) if found.waits else 0


def _table(rows: Mapping[str, str]) -> list[str]:
    width = max(len(word) for word in rows)
    return [f"  {word.ljust(width)}  {value:>12}" for word, value in rows.items()]
