"""Staff pages of orders: to read, with deeds that call the services."""

from orders.admin.approvals import ApprovalAdmin
from orders.admin.fulfillment import FulfillmentOrderAdmin
from orders.admin.holds import HoldAdmin
from orders.admin.imports import ImportFileAdmin
from orders.admin.orders import OrderAdmin
from orders.admin.rules import VerificationRuleAdmin

__all__ = [
    "ApprovalAdmin",
    "FulfillmentOrderAdmin",
    "HoldAdmin",
    "ImportFileAdmin",
    "OrderAdmin",
    "VerificationRuleAdmin",
]
