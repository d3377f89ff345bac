"""New instances of models past their constructor, where thousands are made for set-based writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.db import models
from django.db.models.base import ModelState

M = TypeVar("M", bound=models.Model)
_Defaults = tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...]]


def make(model: type[M], **values: Any) -> M:
    """This function will return what `model(**values)` returns, at a fraction of its cost: no
    signal is sent, and the values are by column attribute (`order_id`, never `order`).

    :raises TypeError: the model has no such column.
    """
    constants, callables = _defaults_beside(model, tuple(values))
    made = model.__new__(model)
    columns = made.__dict__
    columns.update(constants)
    columns.update(values)
    for name, default in callables:
        columns[name] = default()
    made._state = ModelState()
    return made


@cache
def _defaults_beside(model: type[models.Model], given: tuple[str, ...]) -> _Defaults:
    """The defaults of the columns that are not given: those that never change, and the others."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    if unknown := set(given) - fields.keys():
        raise TypeError(f"{model.__name__} has no column {min(unknown)!r}")
    constants: dict[str, Any] = {}
    callables = []
    for name, field in fields.items():
        if name in given:
            continue
        if _is_constant(field):
            constants[name] = field.get_default()
        else:
            callables.append((name, field.get_default))
    return constants, tuple(callables)


def _is_constant(field: models.Field[Any, Any]) -> bool:
    has_own = type(field).get_default is not models.Field.get_default
    return not has_own and not (field.has_default() and callable(field.default))
