"""Staff pages of stock, a module for each topic."""

from inventory.admin import stock as stock
from inventory.admin import supply as supply
