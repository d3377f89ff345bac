"""A carrier and an adapter that speaks to it, for each test anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from carriers.adapters.base import CarrierAdapter
from carriers.adapters.sandbox import testing
from carriers.adapters.sandbox.simulator.server import Simulator


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Simulator]:
    with testing.running(tmp_path) as simulator:
        yield simulator


@pytest.fixture
def adapter(carrier: Simulator) -> CarrierAdapter:
    return testing.adapter(carrier.url)
