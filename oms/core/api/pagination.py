"""Cursor pages: stable under writes, as fast on the last page as on the first, size clamped."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from oms.core.errors import OmsError


class InvalidCursor(OmsError):
    status = 400
    title = "Invalid cursor"
    code = "invalid_cursor"


class NewestFirst(CursorPagination):
    """Newest first by primary key; at most 200 a page."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"

    def decode_cursor(self, request: Any) -> Any:
        try:
            return super().decode_cursor(request)
        except NotFound:
            raise InvalidCursor("Start again without a cursor.") from None
