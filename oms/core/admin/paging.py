"""Pages of a table of any size: a count that never reads more than its cap."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property


class EstimatedCountPaginator(Paginator[Any]):
    """Counts exactly up to CAP rows and stops there: people search, they do not turn 200 pages."""

    CAP = 10_000
    template_name = "admin/oms/pagination.html"

    @cached_property
    def count(self) -> int:
        return min(self._seen, self.CAP)

    @property
    def is_capped(self) -> bool:
        return self._seen > self.CAP

    @cached_property
    def _seen(self) -> int:
        rows: Any = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[: self.CAP + 1].count()
