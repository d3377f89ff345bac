"""A sandbox carrier that runs, accounts with it, and nothing that reaches the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from carriers.adapters.sandbox import testing
from carriers.adapters.sandbox.simulator.server import Simulator
from carriers.models import LabelIntent
from carriers.services import accounts, label_records
from carriers.types import SandboxSetup
from oms.core import clock
from oms.infra.accounts.services import organizations


@pytest.fixture
def setup(db: None) -> SandboxSetup:
    return accounts.ensure_sandbox_carrier()


@pytest.fixture
def operator(setup: SandboxSetup) -> int:
    return organizations.ensure_operator().pk


@pytest.fixture
def simulator(
    setup: SandboxSetup, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """The carrier; what is in doubt may be looked up at once."""
    monkeypatch.setattr(label_records, "GRACE", timedelta(0))
    with testing.running(tmp_path) as running:
        settings.OMS = {
            **settings.OMS,
            "SANDBOX_CARRIER_URL": running.url,
            "SANDBOX_CARRIER_SECRET": testing.SECRET,
        }
        yield running


@pytest.fixture
def charges(simulator: Simulator) -> Callable[[], dict[str, int]]:
    """How often the carrier charged each reference."""

    def ask() -> dict[str, int]:
        answer = httpx.get(
            f"{simulator.url}/v1/purchases",
            headers={"authorization": f"Bearer {testing.SECRET}"},
        ).json()
        return {purchase["reference"]: purchase["count"] for purchase in answer["purchases"]}

    return ask


@pytest.fixture
def make_due() -> Callable[[], None]:
    """Lets every open intent be tried now, and every lease end."""

    def now() -> None:
        past = clock.real_now() - timedelta(seconds=1)
        LabelIntent.objects.filter(state__in=["due", "in_doubt"]).update(available_at=past)
        LabelIntent.objects.filter(state="calling").update(lease_until=past)

    return now
