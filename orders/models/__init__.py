from orders.models.amendment import Amendment
from orders.models.cancellation import Cancellation, CancellationPart, NodeExclusion
from orders.models.fulfillment import (
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentOrderStatusChange,
    TimelineEntry,
)
from orders.models.intake import ImportFile, ImportMapping
from orders.models.notes import Attachment, OrderNote
from orders.models.order import Order, OrderLine, OrderStatusChange
from orders.models.promise import Promise
from orders.models.verification import Approval, Hold, Override, RuleResult, VerificationRule

__all__ = [
    "Amendment",
    "Approval",
    "Attachment",
    "Cancellation",
    "CancellationPart",
    "FulfillmentLine",
    "FulfillmentOrder",
    "FulfillmentOrderStatusChange",
    "Hold",
    "ImportFile",
    "ImportMapping",
    "NodeExclusion",
    "Order",
    "OrderLine",
    "OrderNote",
    "OrderStatusChange",
    "Override",
    "Promise",
    "RuleResult",
    "TimelineEntry",
    "VerificationRule",
]
