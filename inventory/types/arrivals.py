"""What is on its way, and who waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class BacklogLine:
    """Units that one demand line waits for. A higher priority is filled first."""

    organization_id: int
    demand_kind: str
    demand_ref: str
    line_ref: str
    variant_id: int
    quantity: int
    channel: str = ""
    priority: int = 0
    #: Since when it waits, where it waited before: it keeps its place.
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """What a demand line waits for now, and the day it is promised; None: no arrival is known."""

    line_ref: str
    variant_id: int
    kind: str
    units: int
    promised_on: date | None


@dataclass(frozen=True, slots=True)
class LimitReached:
    """Why a line may not wait: `room` units are left of what its selling rule allows."""

    line_ref: str
    variant_id: int
    wanted: int
    room: int


@dataclass(frozen=True, slots=True)
class BacklogAnswer:
    """Demands that wait, and those that may not: each is in one of the two with all its lines."""

    waiting: Mapping[str, tuple[WaitingLine, ...]]
    refused: Mapping[str, tuple[LimitReached, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SupplyRef:
    """One line of a document that brings units: a purchase order, a transfer, a return."""

    organization_id: int
    kind: str
    document_ref: str
    line_ref: str = "1"


@dataclass(frozen=True, slots=True)
class SupplyDraft:
    """What will arrive, where and when."""

    ref: SupplyRef
    node_id: int
    variant_id: int
    quantity: int
    expected_on: date


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units of a supply line that came in; `receipt_ref` is the number of the delivery's paper."""

    ref: SupplyRef
    quantity: int
    receipt_ref: str
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """Units of a supply line that will never come; None: all that has not come yet."""

    ref: SupplyRef
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class TransferLine:
    line_ref: str
    variant_id: int
    quantity: int
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Stock on its way between two nodes of the operator, by the number of its paper."""

    document_ref: str
    source_node_id: int
    node_id: int
    expected_on: date
    lines: tuple[TransferLine, ...]


@dataclass(frozen=True, slots=True)
class ExpectedUnits:
    """Units nobody was promised yet that will arrive at a node on a day."""

    variant_id: int
    node_id: int
    expected_on: date
    units: int
