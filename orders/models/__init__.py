from orders.models.fulfillment import (
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentOrderStatusChange,
    TimelineEntry,
)
from orders.models.order import Order, OrderLine, OrderStatusChange
from orders.models.verification import Hold, RuleResult

__all__ = [
    "FulfillmentLine",
    "FulfillmentOrder",
    "FulfillmentOrderStatusChange",
    "Hold",
    "Order",
    "OrderLine",
    "OrderStatusChange",
    "RuleResult",
    "TimelineEntry",
]
