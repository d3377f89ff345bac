"""What a person may see of the network: rows of their nodes, and what concerns all nodes only when
all are theirs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from oms.infra.accounts.services import roles


def codes_of(request: HttpRequest) -> set[str] | None:
    """This function will return the codes of a person's nodes; None is all, empty is none."""
    return roles.allowed_node_codes(request.user)  # type: ignore[arg-type]


def sees_all(request: HttpRequest) -> bool:
    """This function will tell whether a person sees every node."""
    return codes_of(request) is None


def mine(request: HttpRequest, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """This function will keep the rows whose node, at `path`, the person may see."""
    codes = codes_of(request)
    return rows if codes is None else rows.filter(**{f"{path}__in": codes})
