"""Messages of other systems, as they come from JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inventory.models import StockMovement, StockPosition, SyncMessage, SyncSource
from inventory.services import syncing
from inventory.tests.factories import World
from inventory.types import SyncAnswer
from oms.core.transactions import unit

SOURCE = "erp-1"


def add_source(world: World, code: str = SOURCE) -> SyncSource:
    with unit():
        return syncing.add_source(organization_id=world.organization_id, code=code, kind="erp")


def delta(sequence: object, *changes: tuple[str, str, object], **more: Any) -> dict[str, Any]:
    """A change of (node, sku, quantity) each."""
    lines = [
        {"node": node, "sku": sku, "quantity": quantity, "reason": f"sale {sequence}"}
        for node, sku, quantity in changes
    ]
    return {"sequence": sequence, "kind": "delta", "changes": lines, **more}


def snapshot(sequence: object, *counts: tuple[str, str, object], **more: Any) -> dict[str, Any]:
    """A count of (node, sku, on hand) each."""
    lines = [{"node": node, "sku": sku, "on_hand": units} for node, sku, units in counts]
    return {"sequence": sequence, "kind": "snapshot", "places": lines, **more}


def deliver(world: World, *items: object, source: str = SOURCE) -> list[SyncAnswer]:
    return syncing.deliver(organization_id=world.organization_id, source=source, items=list(items))


def outcomes(answers: Sequence[SyncAnswer]) -> list[tuple[int | None, str]]:
    return [(answer.sequence, answer.outcome) for answer in answers]


def balances() -> dict[tuple[str, str], int]:
    rows = StockPosition.objects.values_list("node__code", "variant__sku", "on_hand")
    return {(node, sku): on_hand for node, sku, on_hand in rows}


def counted() -> tuple[int, int, int]:
    """Rows of everything that a message may make."""
    return (
        SyncMessage.objects.count(),
        StockMovement.objects.count(),
        StockPosition.objects.count(),
    )
