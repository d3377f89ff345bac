"""Reads of the decision ledger."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from oms.core.errors import NotFound
from routing.models import Decision


class DecisionNotFound(NotFound):
    code = "routing.decision_not_found"


def get_decision(*, public_id: str) -> Decision:
    """This function will return one decision.

    :raises DecisionNotFound: there is none of this identifier.
    """
    try:
        return Decision.objects.get(public_id=public_id)
    except Decision.DoesNotExist:
        raise DecisionNotFound(f"There is no decision {public_id!r}.") from None


def find_latest(*, demand_kind: str, demand_ref: str) -> Decision | None:
    """This function will return the decision that counts for a demand: its newest."""
    return list_for(demand_kind=demand_kind, demand_refs=[demand_ref]).first()


def list_for(*, demand_kind: str, demand_refs: Sequence[str]) -> QuerySet[Decision]:
    """This function will return all decisions of some demands, newest first."""
    return Decision.objects.filter(
        demand_kind=demand_kind, demand_ref__in=list(demand_refs)
    ).order_by("-id")
