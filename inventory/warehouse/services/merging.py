"""Puts several orders' work into one carton, and takes it apart again, before anybody begins."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from inventory.warehouse.services import dividing, grouping
from oms.core.transactions import needs_transaction


@needs_transaction
def merge(*, leads: Mapping[str, str], demand_kind: str = "fulfillment_order") -> None:
    """This function will let each demand's work (the key) go in the carton of its lead's.

    They are picked in one go, packed in one carton and handed over together. Constant statements.

    :raises AlreadyPicked: somebody has begun with one of them, or it is over.
    :raises BeingPicked: a clerk holds a claim on one.
    """
    works = dividing.lock_unbegun(demand_refs=[*leads, *leads.values()], demand_kind=demand_kind)
    grouping.join(followers={works[ref].pk: works[lead] for ref, lead in leads.items()})


@needs_transaction
def unmerge(*, demand_refs: Collection[str], demand_kind: str = "fulfillment_order") -> None:
    """This function will let the demands' work go alone again; the others stay together.

    :raises AlreadyPicked: somebody has begun.
    :raises BeingPicked: a clerk holds a claim on the carton's work.
    """
    works = dividing.lock_unbegun(demand_refs=demand_refs, demand_kind=demand_kind)
    grouping.leave(works=list(works.values()))
