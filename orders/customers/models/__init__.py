from orders.customers.models.credit import CreditAccount, CreditChange, CreditUse
from orders.customers.models.customer import Customer

__all__ = ["CreditAccount", "CreditChange", "CreditUse", "Customer"]
