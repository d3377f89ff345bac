"""What is on its way in, and who waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import F, Q, QuerySet, Sum

from inventory.models import Backorder, InboundSupply
from inventory.types import ExpectedUnits

#: Something is still to come.
TO_COME = Q(quantity__gt=F("received") + F("lost"))
#: Somebody still waits.
WAITING = Q(quantity__gt=F("filled") + F("cancelled"))


def list_open(*, variant_ids: Sequence[int], until: date) -> list[ExpectedUnits]:
    """This function will return what nobody was promised of the arrivals up to a day, per variant,
    node and day, in one statement."""
    rows = (
        InboundSupply.objects.filter(TO_COME, variant_id__in=variant_ids, expected_on__lte=until)
        .values_list("variant_id", "node_id", "expected_on")
        .annotate(units=Sum(F("quantity") - F("received") - F("lost") - F("promised")))
        .filter(units__gt=0)
        .order_by("variant_id", "node_id", "expected_on")
    )
    return [ExpectedUnits(*row) for row in rows]


def units_waiting(*, variant_ids: Sequence[int]) -> dict[int, int]:
    """This function will return how many units of each variant are waited for that no known
    arrival is promised to, in one statement; none is absent."""
    rows = Backorder.objects.filter(WAITING, variant_id__in=variant_ids, supply=None)
    open_units = Sum(F("quantity") - F("filled") - F("cancelled"))
    sums = rows.values_list("variant_id").annotate(open=open_units)
    return dict(sums.order_by())


def list_supply(*, organization_id: int) -> QuerySet[InboundSupply]:
    """This function will return the organization's supply lines, newest first."""
    rows = InboundSupply.objects.filter(organization_id=organization_id)
    return rows.select_related("node", "variant").order_by("-pk")


def list_waiting(*, supply_id: int) -> QuerySet[Backorder]:
    """This function will return who is promised from an arrival, in the order of the queue."""
    rows = Backorder.objects.filter(WAITING, supply_id=supply_id)
    return rows.order_by("-priority", "created_at", "pk")
