"""Facts about nodes: snapshots, never rows."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from inventory.nodes.models import Node, NodeAllowance
from inventory.nodes.types import NodeFacts

_FIELDS = (
    "id", "code", "name", "kind", "country", "region", "city", "postcode", "street", "latitude",
    "longitude", "timezone", "cutoff_time", "processing_minutes", "working_days",
    "daily_capacity", "can_ship",
)  # fmt: skip


def list_for(*, organization_id: int) -> list[NodeFacts]:
    """This function will return the active nodes that may serve an organization, by code."""
    return _facts(list_nodes_for(organization_id=organization_id))


def list_nodes_for(*, organization_id: int) -> QuerySet[Node]:
    """This function will return the same nodes as rows for the API, by code."""
    found = Node.objects.filter(is_active=True, allowances__organization_id=organization_id)
    return found.order_by("code")


def list_allowances() -> QuerySet[NodeAllowance]:
    """This function will return which organizations the active nodes may serve."""
    return NodeAllowance.objects.filter(node__is_active=True)


def list_active() -> list[NodeFacts]:
    """This function will return every active node, by code."""
    return _facts(Node.objects.filter(is_active=True))


def facts_by_id(*, node_ids: Collection[int]) -> dict[int, NodeFacts]:
    """This function will return nodes by primary key, inactive ones too, unknown ones not."""
    return {facts.id: facts for facts in _facts(Node.objects.filter(pk__in=set(node_ids)))}


def facts_by_code(*, codes: Collection[str]) -> dict[str, NodeFacts]:
    """This function will return nodes by code, inactive ones too, unknown ones not."""
    return {facts.code: facts for facts in _facts(Node.objects.filter(code__in=set(codes)))}


def list_nodes(*, codes: Collection[str] | None = None) -> QuerySet[Node]:
    """This function will return nodes for screens, by code; `codes` narrows them to a scope."""
    nodes = Node.objects.order_by("code")
    return nodes if codes is None else nodes.filter(code__in=set(codes))


def _facts(nodes: QuerySet[Node]) -> list[NodeFacts]:
    return [NodeFacts(*row) for row in nodes.order_by("code").values_list(*_FIELDS)]
