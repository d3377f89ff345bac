"""The field that holds the status of a state machine."""

from __future__ import annotations

from typing import Any

from django_fsm import FSMField


class StatusField(FSMField):
    """The status of a machine, which only `oms.core.transitions` sets.

    Migrations see plain text: they take no step, and each model that one renders with a machine
    would leave a listener behind that hears of every model rendered later.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, protected=True, **kwargs)

    def deconstruct(self) -> Any:
        """This function will describe the column alone."""
        name, _path, args, kwargs = super().deconstruct()
        del kwargs["protected"]
        return name, "django.db.models.CharField", args, kwargs
