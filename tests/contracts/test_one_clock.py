"""Time comes from `oms.core.clock`, which can be virtual; nobody asks the machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.contracts.sources import broken, parsed, seeded

CLOCK = ("oms/core/clock.py",)
CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("timezone.now", "timezone.localdate", "timezone.localtime"),
    *("time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "Now"),
}
#: Measures how long things take on this machine, and nothing else.
STOPWATCHES = (
    "oms/runtime/",
    "oms/cockpit/simulation/bench/",
    "carriers/adapters/sandbox/simulator/",
)


def _asks(node: ast.AST) -> Iterator[str]:
    # Also a reference without a call: `default=timezone.now`.
    if isinstance(node, ast.Attribute):
        said = ast.unparse(node)
        if any(said == call or said.endswith(f".{call}") for call in CALLS):
            yield said
    if isinstance(node, ast.ImportFrom) and node.module in {"time", "django.db.models.functions"}:
        yield from (a.name for a in node.names if a.name in {"time", "monotonic", "Now"})


def test_time_is_asked_of_the_clock() -> None:
    assert broken(_asks, parsed(), allowed=CLOCK + STOPWATCHES) == []


@pytest.mark.parametrize(
    "code",
    [
        "at = datetime.now(tz=UTC)",
        "at = datetime.datetime.now()",
        "day = date.today()",
        "at = timezone.now()",
        "at = models.DateTimeField(default=timezone.now)",
        "began = time.time()",
        "from time import monotonic",
        "from django.db.models.functions import Now",
    ],
)
def test_another_clock_is_found(code: str) -> None:
    assert len(broken(_asks, seeded(code), allowed=CLOCK)) == 1


def test_the_clock_itself_may_be_asked() -> None:
    assert broken(_asks, seeded("at = clock.now()"), allowed=CLOCK) == []
