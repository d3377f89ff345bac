from inventory.models.reservation import Reservation, ReservationStatusChange
from inventory.models.stock import StockMovement, StockPosition

__all__ = ["Reservation", "ReservationStatusChange", "StockMovement", "StockPosition"]
