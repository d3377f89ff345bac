"""Cursor pages: stable under writes, as fast on the last page as on the first, size clamped."""

from __future__ import annotations

from typing import Any

from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from oms.core.api.queries import InvalidFilter
from oms.core.errors import FieldError, OmsError


class InvalidCursor(OmsError):
    status = 400
    title = "Invalid cursor"
    code = "invalid_cursor"


class NewestFirst(CursorPagination):
    """Newest first by primary key; at most 200 a page."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering: str | tuple[str, ...] = "-id"

    def get_page_size(self, request: Any) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not _is_count(given):
            raise InvalidFilter(
                "A value does not fit its filter.",
                errors=[FieldError("?limit", "invalid_value", f"1 to {self.max_page_size}.")],
            )
        return min(int(given), self.max_page_size)

    def decode_cursor(self, request: Any) -> Any:
        try:
            return super().decode_cursor(request)
        except NotFound:
            raise _not_ours() from None

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, DataError):  # a position that no such column can hold
            raise _not_ours() from None


class OldestFirst(NewestFirst):
    """What happened, in the order in which it did."""

    ordering = ("at", "id")


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0


def _not_ours() -> InvalidCursor:
    return InvalidCursor(
        "Start again without a cursor.",
        errors=[FieldError("?cursor", "invalid_cursor", "Take it from next or previous.")],
    )


class ByCode(NewestFirst):
    """By the code that people gave: configured things, at most 200 a page."""

    ordering = "code"
