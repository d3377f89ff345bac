"""Staff pages of stock, a module for each topic."""

from inventory.admin import counts as counts
from inventory.admin import stock as stock
