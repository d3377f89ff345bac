"""Plans a batch of demands and writes each decision with all its candidates.

Per organization one read each of nodes, services and availability; one insert of decisions and one
of events for the whole batch. The plans of one batch never promise the same unit twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from carriers.selectors import services as carrier_services
from inventory.catalog import selectors as catalog
from inventory.nodes import selectors as nodes
from inventory.selectors import availability, reservations
from oms.core import bulk
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting
from routing import reasons
from routing.batch import Shelf, Solved, solve_batch
from routing.models import Decision
from routing.quotes import build_network
from routing.recording import Answer, record
from routing.types import RoutingPlan, RoutingRequest


@needs_transaction
def plan_many(*, requests: Sequence[RoutingRequest]) -> list[RoutingPlan]:
    """This function will plan every request, the earlier first, and answer each in order.

    :returns: one plan per request; `outcome` is full, or none with `why`.
    """
    ordered = _answers(requests)
    bulk.insert_rows(Decision, [answer.row for answer in ordered])
    emitting.emit_many([answer.event for answer in ordered])
    return [answer.plan for answer in ordered]


def preview_many(*, requests: Sequence[RoutingRequest]) -> list[RoutingPlan]:
    """This function will answer what each request would be planned as now; nothing is written."""
    return [answer.plan for answer in _answers(requests)]


def _answers(requests: Sequence[RoutingRequest]) -> list[Answer]:
    answers: dict[int, Answer] = {}
    for organization_id in dict.fromkeys(r.organization_id for r in requests):
        mine = [i for i, r in enumerate(requests) if r.organization_id == organization_id]
        found = _plan_for(organization_id, [requests[i] for i in mine])
        answers.update(zip(mine, found, strict=True))
    return [answers[i] for i in range(len(requests))]


def _plan_for(organization_id: int, requests: Sequence[RoutingRequest]) -> list[Answer]:
    network = build_network(
        nodes.list_for(organization_id=organization_id),
        carrier_services.list_for(organization_id=organization_id),
    )
    variants = sorted({line.variant_id for request in requests for line in request.lines})
    free = availability.list_for(organization_id=organization_id, variant_ids=variants)
    keys = [(r.demand_kind, r.demand_ref) for r in requests if r.may_hold]
    own = reservations.list_soft(demands=keys) if keys else []
    quotes, solved = solve_batch(network, requests, Shelf.of(network, variants, free, own))
    words = _words(solved)
    return [record(network, quotes, i, item, why=words[i]) for i, item in enumerate(solved)]


def _words(solved: Sequence[Solved]) -> list[str]:
    """Why a request has no plan, else nothing; SKUs are read only where stock is short."""
    failures = [item.failure for item in solved]
    variants = sorted({short.variant_id for f in failures if f for short in f.short})
    facts = catalog.facts_by_id(variant_ids=variants) if variants else {}
    skus = {variant_id: found.sku for variant_id, found in facts.items()}
    return [reasons.in_words(failure, skus) if failure else "" for failure in failures]
