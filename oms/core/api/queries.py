"""Query strings of lists: declared filters only; anything else is named and refused."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django_filters import FilterSet
from rest_framework.request import Request

from oms.core.errors import FieldError, OmsError

M = TypeVar("M", bound=Model)

#: Parameters of paging and rendering, known to every list.
_COMMON = {"cursor", "limit", "format"}


class InvalidFilter(OmsError):
    status = 400
    title = "Invalid filter"
    code = "invalid_filter"


def require_known(request: Request, names: Collection[str]) -> None:
    """This function will do nothing when the query string has only the named parameters.

    :raises InvalidFilter: names each one that the route does not know.
    """
    known = _COMMON.union(names)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        told = ", ".join(sorted(known - {"format"}))
        raise InvalidFilter(
            "There is no such filter.",
            errors=[
                FieldError(f"?{name[:40]}", "unknown_filter", f"Known: {told}.") for name in unknown
            ],
        )


def _require_plain(request: Request) -> None:
    odd = sorted(name for name, value in request.query_params.items() if "\x00" in value)
    if odd:
        raise InvalidFilter(
            "A value holds a control character.",
            errors=[FieldError(f"?{n}", "invalid_character", "Remove it.") for n in odd],
        )


def filtered(request: Request, queryset: QuerySet[M], filters: type[FilterSet]) -> QuerySet[M]:
    """This function will narrow `queryset` by the request's query string.

    :raises InvalidFilter: an unknown parameter, or a value that does not fit.
    """
    require_known(request, filters.base_filters)
    _require_plain(request)
    bound: Any = filters(request.query_params, queryset=queryset, request=request)
    if not bound.is_valid():
        raise InvalidFilter(
            "A value does not fit its filter.",
            errors=[
                FieldError(f"?{name}", "invalid_value", str(messages[0]))
                for name, messages in bound.errors.items()
            ],
        )
    return bound.qs  # type: ignore[no-any-return]
