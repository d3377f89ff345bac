"""Instances past the constructor: equal to what the constructor makes, column by column."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from oms.core import instances
from orders.models import FulfillmentOrder, Order, OrderLine


def _columns(obj: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(obj, field.attname) for field in obj._meta.concrete_fields}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (Order, {"public_id": "ord_1", "number": 4, "status": "received", "tags": ["a"]}),
        (OrderLine, {"order_id": 3, "ordered": 2}),
        (FulfillmentOrder, {"order_id": 3, "public_id": "ful_1"}),
    ],
)
def test_an_instance_is_as_the_constructor_makes_it(
    model: type[models.Model], given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oms.core.models._clock_now", lambda: None)
    made, constructed = instances.make(model, **given), model(**given)

    times = {
        field.attname
        for field in model._meta.concrete_fields
        if isinstance(field, models.DateTimeField)
    }
    for name, value in _columns(constructed).items():
        if name not in times:
            assert _columns(made)[name] == value, name
    assert made._state.adding
    assert made._state.db is None
    assert made.pk is None


def test_what_is_made_anew_is_made_for_each() -> None:
    first, second = instances.make(Order), instances.make(Order)

    assert first.public_id != second.public_id
    assert first.tags is not second.tags


def test_a_wrong_name_is_refused() -> None:
    with pytest.raises(TypeError, match="no column 'order'"):
        instances.make(OrderLine, order=None)
