"""Staff pages of stock, a module for each topic."""

from inventory.admin import movements as movements
from inventory.admin import reservations as reservations
from inventory.admin import stock as stock
from inventory.admin import syncing as syncing
