"""What the pages of stock show of a place: all that bears on what it can sell, and its past.

The past is what stands now minus the movements since, in one statement and so of one instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import F, Func, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory.models import (
    ChannelAllotment,
    InboundSupply,
    LotBalance,
    Reservation,
    StockPosition,
)
from inventory.selectors import bearing
from oms.core import clock

#: How far back the chart of a place looks, today included.
CHART_DAYS = 30


class Balances(NamedTuple):
    """The seven balances of a place; of several places: their sums."""

    on_hand: int
    held: int
    allocated: int
    earmarked: int
    quarantined: int
    damaged: int
    returned: int


class Day(NamedTuple):
    """What came to the sellable stock and left it on one local day, and what stood at its end."""

    on: date
    units_in: int
    units_out: int
    end: Balances


class Totals(NamedTuple):
    """What rows come to, and what their places hold now; the ledger makes the two equal."""

    sum: int
    stands: int


def list_places(*, variant_id: int | None = None) -> QuerySet[StockPosition]:
    """This function will return places with node and variant and what bears on each of them:

    `stored`, what its balances leave free; `ran_out`, units of holds past their time; `unfit`,
    units that nobody may have today; `barred`, oversell that only single channels have; `free`, all
    of it together for those who buy by no channel, below zero where limits were tightened since;
    `is_open`, whether the node may sell it; `inbound` units on their way and the next day of them,
    `inbound_on`; `safety_rule`, the winning one as {id, category, variant_id}, or None. By node
    code.
    """
    places = StockPosition.objects.select_related("node", "variant")
    if variant_id is not None:
        places = places.filter(variant_id=variant_id)
    return places.annotate(
        **bearing.free(),
        is_open=bearing.is_open(),
        inbound=bearing.inbound_units(),
        inbound_on=bearing.inbound_on(),
        safety_rule=bearing.safety_rule(),
    ).order_by("node__code", "pk")


def list_bare() -> QuerySet[StockPosition]:
    """This function will return places alone, to narrow and sort a table of any size: `stored` and
    `free` of `list_places` can be named, and cost nothing where they are not."""
    return StockPosition.objects.alias(**bearing.free())


def available_at(place: Any) -> int:
    """This function will return what a place of `list_places` can promise: never below zero, and
    nothing where the node may not sell it."""
    return max(int(place.free), 0) if place.is_open else 0


def places_with_free(*, least: int, most: int | None) -> Q:
    """This function will return the condition that from `least` to `most` units are free.

    Only the few places of which the balances do not tell all are looked at closely: the rest of a
    table of any size is judged by its own columns. The database tests the sides of OR and AND as
    written.
    """
    limits = {"gte": least} if most is None else {"gte": least, "lte": most}
    if least <= 0:
        del limits["gte"]  # nothing is free below zero, too
    stored = Q(**{f"stored__{lookup}": limit for lookup, limit in limits.items()})
    exact = Q(**{f"free__{lookup}": limit for lookup, limit in limits.items()})
    odd = bearing.is_odd()
    return (stored & ~odd) | (odd & exact)


def list_days(
    *, position_ids: Sequence[int], since: date | None = None, days: int = CHART_DAYS
) -> list[Day]:
    """This function will return the last `days` days of the places in sum, or all since one.

    Days are those of each place's own time zone, and end today where it is latest. What is dated
    ahead counts as today's, so that the last day ends with what stands now. One statement.
    """
    params = {"positions": list(position_ids), "since": since, "days": days, "now": clock.now()}
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, params)
        return [
            Day(on, units_in, units_out, Balances(*end))
            for on, units_in, units_out, *end in cursor.fetchall()
        ]


def balance_on(*, position_id: int, day: date) -> Balances:
    """This function will return the balances of a place at the end of a local day.

    A day to come ends, as far as anybody knows, like today.

    :raises StockPosition.DoesNotExist: no such place.
    """
    known = list_days(position_ids=[position_id], since=day)
    if not known:
        raise StockPosition.DoesNotExist
    return known[0].end


def balances_after(*, movement_ids: Sequence[int], balance: str) -> dict[int, int]:
    """This function will return what a balance of its place was after each movement.

    Reads the movements since the oldest of them once, however many are asked for.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AFTER[balance], [list(movement_ids)])
        return dict(cursor.fetchall())


def sum_behind(
    *, rows: QuerySet[Any], units: str, places: QuerySet[StockPosition], balance: str
) -> Totals:
    """This function will sum `units` over the rows behind a balance, beside what the places hold.

    One statement, so that a movement in between cannot make the two differ.
    """
    stands = bearing.one(places, Sum(balance))
    grouped = rows.order_by().values(stands=Coalesce(Subquery(stands), 0))
    for found in grouped.annotate(sum=Sum(units)).values_list("sum", "stands"):
        return Totals(*found)
    return Totals(0, places.aggregate(sum=Coalesce(Sum(balance), 0))["sum"])


def list_live(*, position_id: int) -> QuerySet[Reservation]:
    """This function will return what takes from a place now, newest first."""
    live = Reservation.objects.filter(position_id=position_id, status__in=Reservation.LIVE)
    return live.select_related("lot").order_by("-pk")


def list_inbound(*, node_id: int, variant_id: int) -> QuerySet[Any]:
    """This function will return what is still to come to a place, the next first; `open` units."""
    return (
        InboundSupply.objects.filter(bearing.STILL_OPEN, node_id=node_id, variant_id=variant_id)
        .annotate(open=F("quantity") - F("received") - F("lost"))
        .order_by("expected_on", "pk")
    )


def list_allotments(*, position_id: int) -> QuerySet[ChannelAllotment]:
    """This function will return what is kept at a place for single channels, by channel."""
    return ChannelAllotment.objects.filter(position_id=position_id).order_by("channel")


def list_lots(*, position_id: int) -> QuerySet[LotBalance]:
    """This function will return the lots that lie at a place, the first to expire first."""
    lying = ~Q(on_hand=0, allocated=0, quarantined=0, damaged=0, returned=0)
    return (
        LotBalance.objects.filter(lying, position_id=position_id)
        .select_related("lot")
        .order_by(F("lot__expires_on").asc(nulls_last=True), "pk")
    )


def local_day(at: str, zone: str) -> Func:
    """This function will return the expression of the calendar day of `at` in the zone `zone`."""
    return Func(
        F(at),
        F(zone),
        template="(%(expressions)s)::date",
        arg_joiner=" AT TIME ZONE ",
        output_field=models.DateField(),
    )


#: Raw because the running sum over days, back from now, is the answer itself. The sums over days
#: without a movement are those of the day after.
_DAYS = f"""
WITH place AS (
  SELECT p.*, n.timezone, (%(now)s AT TIME ZONE n.timezone)::date AS today
  FROM inventory_stockposition p JOIN nodes_node n ON n.id = p.node_id
  WHERE p.id = ANY(%(positions)s::bigint[])
), span AS (
  SELECT LEAST(coalesce(%(since)s::date, max(today) - (%(days)s::int - 1)), max(today)) AS first,
    max(today) AS last, {", ".join(f"sum({name}) AS {name}" for name in Balances._fields)}
  FROM place
), moved AS (
  SELECT LEAST((m.occurred_at AT TIME ZONE place.timezone)::date, span.last) AS day,
    coalesce(sum(m.on_hand_delta) FILTER (WHERE m.on_hand_delta > 0), 0) AS units_in,
    coalesce(-sum(m.on_hand_delta) FILTER (WHERE m.on_hand_delta < 0), 0) AS units_out,
    {", ".join(f"sum(m.{name}_delta) AS {name}" for name in Balances._fields)}
  FROM span CROSS JOIN place JOIN inventory_stockmovement m ON m.position_id = place.id
  WHERE m.occurred_at >= span.first::timestamp AT TIME ZONE place.timezone
  GROUP BY 1
)
SELECT d.day::date, coalesce(moved.units_in, 0), coalesce(moved.units_out, 0),
  {
    ", ".join(
        f"(span.{name} - coalesce(sum(moved.{name}) OVER later, 0))::bigint"
        for name in Balances._fields
    )
}
FROM span
CROSS JOIN generate_series(span.first::timestamp, span.last::timestamp, interval '1 day') AS d(day)
LEFT JOIN moved ON moved.day = d.day
WINDOW later AS (ORDER BY d.day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
ORDER BY d.day
"""

#: By balance. Each movement's place now, minus what moved since: the stretch between two movements
#: asked for is read once.
_AFTER = {
    name: f"""
SELECT page.id, (p.{name}
  - sum(coalesce(since.units, 0)) OVER (PARTITION BY p.id ORDER BY page.id DESC))::bigint
FROM (
  SELECT id, position_id, lead(id, 1, 9223372036854775807)
    OVER (PARTITION BY position_id ORDER BY id) AS newer
  FROM inventory_stockmovement WHERE id = ANY(%s::bigint[])
) page
JOIN inventory_stockposition p ON p.id = page.position_id
CROSS JOIN LATERAL (
  SELECT sum(m.{name}_delta) AS units FROM inventory_stockmovement m
  WHERE m.position_id = page.position_id AND m.id > page.id AND m.id <= page.newer
) since
"""
    for name in Balances._fields
}
