"""A person of some nodes sees, and acts on, those alone; of what concerns all, only who has all."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from inventory.nodes import selectors as nodes
from oms.infra.accounts.services import roles


def codes_of(request: HttpRequest) -> set[str] | None:
    """This function will return the codes of a person's nodes; None is all, empty is none."""
    return roles.allowed_node_codes(request.user)  # type: ignore[arg-type]


def sees_all(request: HttpRequest) -> bool:
    """This function will tell whether a person sees every node."""
    return codes_of(request) is None


def mine(request: HttpRequest, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """This function will return the rows whose node code, at `path`, is one of the person's."""
    codes = codes_of(request)
    return rows if codes is None else rows.filter(**{f"{path}__in": codes})


def places(request: HttpRequest) -> list[tuple[int, str]]:
    """This function will return the nodes for a form to offer, by code."""
    return [(node.pk, node.name) for node in nodes.list_nodes(codes=codes_of(request))]
