"""What lists of orders can be narrowed by; the same names everywhere."""

from __future__ import annotations

import django_filters as filters

from orders.models import Order


class OrderFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=Order.Status.choices)
    number = filters.NumberFilter(max_value=2**62)
    external_ref = filters.CharFilter(max_length=80)
    placed_after = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []
