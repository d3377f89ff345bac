"""Staff pages of stock, a module for each topic."""

from inventory.admin import counts as counts
from inventory.admin import lots as lots
from inventory.admin import movements as movements
from inventory.admin import policies as policies
from inventory.admin import recalls as recalls
from inventory.admin import reservations as reservations
from inventory.admin import reserves as reserves
from inventory.admin import stock as stock
from inventory.admin import supply as supply
from inventory.admin import syncing as syncing
