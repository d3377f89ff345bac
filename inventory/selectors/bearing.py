"""What bears on how much a place can promise, beside its balances, as expressions on places.

The same facts as `inventory_available` corrects the kept summary by; a test holds the two together.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, JSONObject

from inventory.models import (
    InboundSupply,
    LotBalance,
    Reservation,
    SafetyRule,
    SellingRule,
    Serial,
)
from inventory.nodes import selectors as nodes
from inventory.selectors.stock import FREE
from oms.core import clock

#: Of inbound supply: something is still to come.
STILL_OPEN = Q(quantity__gt=F("received") + F("lost"))


def free() -> dict[str, Any]:
    """This function will return what is free at a place and what it is made of, by name."""
    return {
        "stored": FREE,
        "ran_out": _sum(_late(), "quantity", variant_id=OuterRef("variant_id")),
        "unfit": _sum(_unfit_lots(), F("on_hand") - F("allocated"))
        + Coalesce(Subquery(one(_unfit_serials().filter(_HERE), Count("pk"))), 0),
        "barred": _barred(),
        "free": F("stored") + F("ran_out") - F("unfit") - F("barred"),
    }


def is_odd() -> Q:
    """This function will return the condition that the balances do not tell all of what is free."""
    return (
        Q(oversell_limit__gt=0)
        | Q(pk__in=_late().values("position_id"))
        | Q(pk__in=_unfit_lots().values("position_id"))
        | Q(pk__in=_unfit_serials().values("position_id"))
    )


def is_open() -> Exists:
    """This function will return whether the node is at work for the owner of the variant."""
    return Exists(
        nodes.list_allowances().filter(
            node_id=OuterRef("node_id"), organization_id=OuterRef("variant__organization_id")
        )
    )


def inbound_units() -> Coalesce:
    """This function will return the units that are still to come."""
    return Coalesce(Subquery(one(_inbound(), Sum(F("quantity") - F("received") - F("lost")))), 0)


def inbound_on() -> Subquery:
    """This function will return the next day that something comes."""
    return Subquery(one(_inbound(), Min("expected_on")))


def safety_rule() -> Subquery:
    """This function will return the winning rule: of the variant, of its category, of the node."""
    scope = Q(variant_id=OuterRef("variant_id")) | Q(
        variant__isnull=True, category__in=["", OuterRef("variant__product__category")]
    )
    rules = SafetyRule.objects.filter(scope, node_id=OuterRef("node_id"))
    first = rules.order_by(F("variant_id").asc(nulls_last=True), "-category")
    rule = JSONObject(id="id", category="category", variant_id="variant_id")
    return Subquery(first.values(rule=rule)[:1])


def one(rows: QuerySet[Any], aggregate: Any) -> QuerySet[Any]:
    """This function will return the aggregate of rows as a query of one row at most."""
    grouped = rows.order_by().values(one=Value(1))
    found: QuerySet[Any] = grouped.annotate(found=aggregate).values("found")
    return found


_HERE = Q(position_id=OuterRef("pk"))


def _late() -> QuerySet[Reservation]:
    held = Reservation.objects.filter(status=Reservation.Status.HELD, position__isnull=False)
    return held.filter(expires_at__lte=clock.now())


def _unfit_lots() -> QuerySet[LotBalance]:
    return LotBalance.objects.filter(_is_unfit("lot__"), on_hand__gt=F("allocated"))


def _unfit_serials() -> QuerySet[Serial]:
    lying = Serial.objects.filter(
        position__isnull=False, reservation__isnull=True, condition="on_hand"
    )
    return lying.filter(~Q(block="") | _is_unfit("lot__"))


def _is_unfit(lot: str) -> Q:
    """A lot that is blocked, or over its last day; availability counts days in UTC."""
    today: date = clock.now().date()
    is_over = Q(**{f"{lot}removal_on__lte": today}) | Q(
        **{f"{lot}removal_on__isnull": True, f"{lot}expires_on__lte": today}
    )
    return (Q(**{f"{lot}isnull": False}) & ~Q(**{f"{lot}block": ""})) | is_over


def _barred() -> Case:
    """Oversell beyond what the rule for no channel allows; without any rule nothing is barred."""
    rules = SellingRule.objects.filter(
        Q(variant__isnull=True) | Q(variant_id=OuterRef("variant_id")),
        organization_id=OuterRef("variant__organization_id"),
    )
    common = rules.filter(channel="").order_by(F("variant_id").asc(nulls_last=True))
    allowed = Coalesce(Subquery(common.values("oversell_limit")[:1]), 0)
    return Case(
        When(
            Q(oversell_limit__gt=0) & Exists(rules),
            then=Greatest(F("oversell_limit") - allowed, 0),
        ),
        default=0,
        output_field=IntegerField(),
    )


def _inbound() -> QuerySet[InboundSupply]:
    return InboundSupply.objects.filter(
        STILL_OPEN, variant_id=OuterRef("variant_id"), node_id=OuterRef("node_id")
    )


def _sum(rows: QuerySet[Any], units: Any, **here: Any) -> Coalesce:
    return Coalesce(Subquery(one(rows.filter(_HERE, **here), Sum(units))), 0)
