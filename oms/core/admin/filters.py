"""List filters that open a list on what needs doing, not on the archive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from oms.core.admin.cells import Text


class StateFilter(admin.SimpleListFilter):
    """Always has a value: the first of `states` unless another is asked for."""

    states: tuple[tuple[str, Text], ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.states)

    @property
    def state(self) -> str:
        """The chosen state; a value nobody offers is the first."""
        value = self.value()
        return value if value in dict(self.states) else self.states[0][0]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, title in self.lookup_choices:
            yield {
                "selected": self.state == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }
