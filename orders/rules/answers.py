"""What a rule answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

PASS, WARN, HOLD, REJECT = "pass", "warn", "hold", "reject"
#: The graver, the higher.
GRAVITY = {PASS: 0, WARN: 1, HOLD: 2, REJECT: 3}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a rule says of an order. `detail` never repeats personal data."""

    code: str
    detail: str
    field: str = ""
    #: What follows; None: what the rule's version says.
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One rule's verdict; `reasons` are codes, fields and details for people."""

    verdict: str
    reasons: tuple[dict[str, str], ...] = field(default=())


_CONTENT = Answer(PASS)


def answer(findings: Sequence[Finding], verdict: str) -> Answer:
    """This function will return the gravest of what follows from the findings, that one first."""
    if not findings:
        return _CONTENT
    ranked = sorted(findings, key=lambda found: -GRAVITY[found.verdict or verdict])
    return Answer(
        ranked[0].verdict or verdict,
        tuple({"code": f.code, "field": f.field, "detail": f.detail} for f in ranked),
    )
