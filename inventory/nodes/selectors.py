"""Facts about nodes: snapshots, never rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from inventory.nodes.models import Bin, Node, NodeAllowance, Pool
from inventory.nodes.types import NodeFacts
from oms.core.errors import NotFound

_FIELDS = (
    "id", "code", "name", "kind", "country", "region", "city", "postcode", "street", "latitude",
    "longitude", "timezone", "cutoff_time", "processing_minutes", "working_days",
    "daily_capacity", "can_ship",
)  # fmt: skip


class UnknownPool(NotFound):
    code = "nodes.unknown_pool"


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


def allowed_by_code(*, organization_id: int, codes: Collection[str]) -> dict[str, int]:
    """This function will return the primary keys of nodes that may serve an organization, by code;
    inactive ones too: goods still lie there."""
    found = Node.objects.filter(code__in=set(codes), allowances__organization_id=organization_id)
    return dict(found.values_list("code", "pk"))


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


def node_ids_of_pool(*, organization_id: int, code: str) -> list[int]:
    """This function will return the nodes of an organization's pool, ascending, in one statement.

    :raises UnknownPool: the organization has no such pool.
    """
    rows = Pool.objects.filter(organization_id=organization_id, code=code)
    node_ids = list(rows.order_by("nodes").values_list("nodes", flat=True))
    if not node_ids:
        raise UnknownPool(f"There is no pool {code!r}.")
    return [node_id for node_id in node_ids if node_id is not None]


def list_pools(*, organization_id: int | None = None) -> QuerySet[Pool]:
    """This function will return pools with their nodes, by organization and code."""
    pools = Pool.objects.select_related("organization").prefetch_related("nodes")
    if organization_id is not None:
        pools = pools.filter(organization_id=organization_id)
    return pools.order_by("organization", "code")


def find_bin(*, node_id: int, code: str) -> int | None:
    """This function will return the primary key of a node's bin, or None."""
    return Bin.objects.filter(node_id=node_id, code=code).values_list("pk", flat=True).first()


def list_pool_changes(*, pool_id: int, limit: int) -> list[tuple[Any, list[str]]]:
    """This function will return the last changes of a pool with the nodes it then had, by code;
    three statements."""
    past = Pool.history.model
    changes = list(past.objects.filter(id=pool_id).order_by("-history_id")[:limit])
    members: dict[int, set[int]] = defaultdict(set)
    rows = past.nodes.model.objects.filter(history__in=changes)
    for change_id, node_id in rows.values_list("history_id", "node_id"):
        members[change_id].add(node_id)
    codes = {
        node.id: node.code for node in facts_by_id(node_ids=set().union(*members.values())).values()
    }
    return [(change, sorted(codes[n] for n in members[change.pk])) for change in changes]


def _facts(nodes: QuerySet[Node]) -> list[NodeFacts]:
    return [NodeFacts(*row) for row in nodes.order_by("code").values_list(*_FIELDS)]
