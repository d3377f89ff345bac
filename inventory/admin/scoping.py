"""A person of some nodes sees, and acts on, those alone."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from inventory.nodes import selectors as nodes
from oms.infra.accounts.services import roles


def places(request: HttpRequest) -> list[tuple[int, str]]:
    """This function will return the nodes for a form to offer, by code."""
    return [(node.pk, node.name) for node in nodes.list_nodes(codes=_codes(request))]


def at_own_nodes(request: HttpRequest, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """This function will return the rows whose node code, at `path`, is one of the person's."""
    codes = _codes(request)
    return rows if codes is None else rows.filter(**{f"{path}__in": codes})


def _codes(request: HttpRequest) -> set[str] | None:
    return roles.allowed_node_codes(request.user)  # type: ignore[arg-type]
