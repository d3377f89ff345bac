"""How much is promised at this moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Sum

from inventory.models import Reservation
from inventory.types import SoftlyHeld

#: (demand_ref, node_id, line_ref)
LineAtNode = tuple[str, int, str]


def count_live() -> int:
    """This function will return how many reservations take from what can be sold; by an index that
    holds only those."""
    return Reservation.objects.filter(status__in=Reservation.LIVE).count()


def parts_at_nodes(
    *, demand_kind: str, demand_refs: Collection[str]
) -> Mapping[LineAtNode, dict[int, int]]:
    """This function will return the units that are set aside, picked or shipped for each line of
    the demands at each node, by variant: of a kit, its parts. What holds nothing is absent."""
    rows = (
        Reservation.objects.filter(
            demand_kind=demand_kind,
            demand_ref__in=set(demand_refs),
            status__in=["allocated", "picked", "consumed"],
        )
        .values_list("demand_ref", "position__node_id", "line_ref", "variant_id")
        .annotate(units=Sum("quantity"))
        .order_by("variant_id")
    )
    found: dict[LineAtNode, dict[int, int]] = defaultdict(dict)
    for ref, node_id, line, variant_id, units in rows:
        found[ref, node_id, line][variant_id] = units
    return dict(found)


def units_at_nodes(*, demand_kind: str, demand_refs: Collection[str]) -> Mapping[LineAtNode, int]:
    """This function will return the same in sum; nothing is 0."""
    found: dict[LineAtNode, int] = defaultdict(int)
    parts = parts_at_nodes(demand_kind=demand_kind, demand_refs=demand_refs)
    found.update({key: sum(units.values()) for key, units in parts.items()})
    return found


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
