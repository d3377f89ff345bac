"""What the boards' tests share: an organization and a way to let facts happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from oms.core import transactions
from oms.core.events import Event
from oms.infra.accounts.models import Organization
from oms.infra.accounts.services import organizations
from oms.infra.outbox.services import emitting, relaying

Happen = Callable[[Sequence[Event]], None]


@pytest.fixture
def operator(db: None) -> Organization:
    return organizations.ensure_operator()


@pytest.fixture
def happen(operator: Organization) -> Happen:
    """Emits facts and relays them to every consumer."""

    def let(events: Sequence[Event]) -> None:
        with transactions.unit():
            emitting.emit_many(list(events))
        relaying.drain()

    return let
