"""Staff pages of stock, a module for each topic."""

from inventory.admin import lots as lots
from inventory.admin import recalls as recalls
from inventory.admin import stock as stock
