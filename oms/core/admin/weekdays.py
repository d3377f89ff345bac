"""Days of the week as people tick them, as bits as rows keep them (Monday is bit 0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget


class WeekdaysField(forms.TypedMultipleChoiceField):
    """A row of seven boxes over one number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=[(day, name) for day, name in WEEKDAYS.items()],
            coerce=int,
            widget=UnfoldAdminCheckboxSelectMultipleWidget(),
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        return days_of(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int:
        return sum(1 << day for day in super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed([str(day) for day in days_of(initial or 0)], data)


def days_of(bits: int) -> Sequence[int]:
    """This function will return the days, 0 for Monday, whose bits are set."""
    return [day for day in range(7) if bits >> day & 1]


def names_of(bits: int) -> str:
    """This function will return the days in words."""
    return ", ".join(str(WEEKDAYS[day]) for day in days_of(bits))
