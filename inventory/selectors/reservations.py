"""How much is promised at this moment."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.models import Reservation
from inventory.types import SoftlyHeld


def count_live() -> int:
    """This function will return how many reservations take from what can be sold; by an index that
    holds only those."""
    return Reservation.objects.filter(status__in=Reservation.LIVE).count()


def list_soft(*, demands: Sequence[tuple[str, str]]) -> list[SoftlyHeld]:
    """This function will return what the demands (kind, ref) hold that no node works on yet, in
    one statement. It counts as free for the demand itself."""
    wanted = set(demands)
    rows = Reservation.objects.filter(
        demand_kind__in={kind for kind, _ in wanted},
        demand_ref__in={ref for _, ref in wanted},
        status__in=(Reservation.Status.HELD, Reservation.Status.CONFIRMED),
        position__isnull=False,
    ).order_by("pk")
    names = ("demand_kind", "demand_ref", "line_ref", "variant_id", "position_id",
             "position__node_id", "quantity")  # fmt: skip
    return [held for row in rows.values_list(*names) if (held := SoftlyHeld(*row)).key in wanted]
