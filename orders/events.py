"""Facts orders publish."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from oms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class _OrderEvent(Event):
    AGGREGATE: ClassVar[str] = "order"
    AGGREGATE_FIELD: ClassVar[str] = "order_ref"
    CORRELATION_FIELD: ClassVar[str] = "order_ref"

    order_ref: str
    number: str
    occurred_at: datetime


def about_orders() -> list[type[Event]]:
    """This function will return every fact of this module, each about one order."""
    facts = [kind for kind in globals().values() if isinstance(kind, type)]
    return [kind for kind in facts if issubclass(kind, _OrderEvent) and kind.NAME]


@dataclass(frozen=True, kw_only=True)
class OrderReceived(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.received.v1"

    channel: str
    tier: str
    lines: int
    units: int
    total_amount: str
    currency: str
    country: str
    region: str
    city: str


@dataclass(frozen=True, kw_only=True)
class OrderConfirmed(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.confirmed.v1"

    promised_on: str
    latest_ship_at: datetime | None
    priority: int
    node_codes: list[str]


@dataclass(frozen=True, kw_only=True)
class PromiseMoved(_OrderEvent):
    """The day promised is another one now; "" where none is known. The same day is never told."""

    NAME: ClassVar[str] = "orders.promise.moved.v1"

    was_on: str
    promised_on: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class OrderHeld(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.held.v1"

    hold_type: str
    reason: str
    due_at: datetime | None
    #: What it stops; facts of before this field stopped everything.
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class HoldReleased(_OrderEvent):
    NAME: ClassVar[str] = "orders.hold.released.v1"

    hold_type: str
    open_holds: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class HoldOverdue(_OrderEvent):
    """Nobody answered in time; told once a hold."""

    NAME: ClassVar[str] = "orders.hold.overdue.v1"

    hold_type: str
    reason: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ApprovalRequested(_OrderEvent):
    """Somebody with the authority for the amount is asked; above level 1 an administrator."""

    NAME: ClassVar[str] = "orders.approval.requested.v1"

    reason: str
    amount: str
    currency: str
    level: int


@dataclass(frozen=True, kw_only=True)
class ApprovalDecided(_OrderEvent):
    NAME: ClassVar[str] = "orders.approval.decided.v1"

    is_approved: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class ApprovalExpired(_OrderEvent):
    """Nobody decided in time; it is asked for again at the next level."""

    NAME: ClassVar[str] = "orders.approval.expired.v1"

    amount: str
    currency: str
    level: int


@dataclass(frozen=True, kw_only=True)
class OrderTagged(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.tagged.v1"

    added: list[str]
    removed: list[str]


@dataclass(frozen=True, kw_only=True)
class NoteAdded(_OrderEvent):
    """Without a word of it."""

    NAME: ClassVar[str] = "orders.note.added.v1"


@dataclass(frozen=True, kw_only=True)
class AttachmentAdded(_OrderEvent):
    """Without its name and content."""

    NAME: ClassVar[str] = "orders.attachment.added.v1"

    attachment_ref: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class RuleOverridden(_OrderEvent):
    """A person took responsibility for what a rule objects to."""

    NAME: ClassVar[str] = "orders.rule.overridden.v1"

    rule: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderRejected(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.rejected.v1"

    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderReleased(_OrderEvent):
    """Nodes have work for it."""

    NAME: ClassVar[str] = "orders.order.released.v1"

    node_codes: list[str]


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(_OrderEvent):
    """Nothing is left of it. `units` and `amount` are those of its last cancellation: what is to
    be paid back for it, where it was paid; earlier ones were told by themselves."""

    NAME: ClassVar[str] = "orders.order.cancelled.v1"

    reason: str
    reason_code: str = "other"
    cancellation_ref: str = ""
    units: int = 0
    amount: str = "0"
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class LinesCancelled(_OrderEvent):
    """A part of the order was cancelled; `lines` are (position, units), `amount` what is to be paid
    back for them, where it was paid."""

    NAME: ClassVar[str] = "orders.lines.cancelled.v1"

    reason: str
    reason_code: str
    cancellation_ref: str
    units: int
    amount: str
    currency: str
    lines: list[tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class CancellationAsked(_OrderEvent):
    """Units are in somebody's hands: the floor is asked whether they can still be cancelled."""

    NAME: ClassVar[str] = "orders.cancellation.asked.v1"

    cancellation_ref: str
    units: int
    node_codes: list[str]


@dataclass(frozen=True, kw_only=True)
class CancellationRefused(_OrderEvent):
    """The floor said that it is too late for `units`: they go on."""

    NAME: ClassVar[str] = "orders.cancellation.refused.v1"

    cancellation_ref: str
    units: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderExpired(_OrderEvent):
    """It was not paid in time."""

    NAME: ClassVar[str] = "orders.order.expired.v1"

    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderEdited(_OrderEvent):
    """It is not what was ordered first; `lines` are (line, SKU, units before, units now). The
    totals are what is owed: their difference is to be collected or refunded."""

    NAME: ClassVar[str] = "orders.order.edited.v1"

    amendment_ref: str
    version: int
    changes: list[str]
    lines: list[tuple[int, str, int, int]]
    old_total: str
    new_total: str
    currency: str
    old_promised_on: str
    promised_on: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderReplaced(_OrderEvent):
    """Units of it are sent again, in an order of their own."""

    NAME: ClassVar[str] = "orders.order.replaced.v1"

    replacement_ref: str
    replacement_number: str
    #: (line, units)
    lines: list[tuple[int, int]]
    units: int
    total_amount: str
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderShipped(_OrderEvent):
    """Everything not cancelled has left."""

    NAME: ClassVar[str] = "orders.order.shipped.v1"


@dataclass(frozen=True, kw_only=True)
class OrderDelivered(_OrderEvent):
    """Everything not cancelled has arrived."""

    NAME: ClassVar[str] = "orders.order.delivered.v1"

    promised_on: str
    is_on_time: bool


@dataclass(frozen=True, kw_only=True)
class OrderRescheduled(_OrderEvent):
    """Its last moment to ship is another one now; what was promised stays."""

    NAME: ClassVar[str] = "orders.order.rescheduled.v1"

    latest_ship_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderAtRisk(_OrderEvent):
    """It will miss its last moment to ship unless somebody acts; `milestone` is what it lacks."""

    NAME: ClassVar[str] = "orders.order.at_risk.v1"

    milestone: str
    latest_ship_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OrderCompleted(_OrderEvent):
    NAME: ClassVar[str] = "orders.order.completed.v1"


@dataclass(frozen=True, kw_only=True)
class WorkSplit(_OrderEvent):
    """Units of a node's work go in a parcel of their own, or (another node) to another place."""

    NAME: ClassVar[str] = "orders.work.split.v1"

    work_ref: str
    part_ref: str
    node_id: int
    units: int


@dataclass(frozen=True, kw_only=True)
class WorkMerged(_OrderEvent):
    """A node's work for the order goes in one parcel with other orders'; told to each of them."""

    NAME: ClassVar[str] = "orders.work.merged.v1"

    work_ref: str
    #: The work whose parcel and label it is.
    lead_ref: str
    node_id: int
    with_numbers: list[str]


@dataclass(frozen=True, kw_only=True)
class WorkUnmerged(_OrderEvent):
    """A shared parcel was taken apart; `with_numbers` are those the work still goes with."""

    NAME: ClassVar[str] = "orders.work.unmerged.v1"

    work_ref: str
    node_id: int
    with_numbers: list[str]


@dataclass(frozen=True, kw_only=True)
class OrderSplit(_OrderEvent):
    """A part of the order is an order of its own now, worth `amount`."""

    NAME: ClassVar[str] = "orders.order.split.v1"

    new_order_ref: str
    new_number: str
    units: int
    amount: str
    currency: str
