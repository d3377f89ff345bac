"""What lists of orders can be narrowed by; the same names everywhere."""

from __future__ import annotations

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet

from orders.billing.selectors import STATES
from orders.models import Order
from orders.selectors.payments import is_in_payment_state


class WholeNumberFilter(filters.NumberFilter):
    """Refuses 1.5 instead of finding 1."""

    field_class = forms.IntegerField


class OrderFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=Order.Status.choices)
    number = WholeNumberFilter(min_value=1, max_value=2**62)
    external_ref = filters.CharFilter(max_length=80)
    payment = filters.ChoiceFilter(choices=STATES.choices, method="filter_payment")
    at_risk = filters.BooleanFilter(
        method="filter_at_risk", help_text="Whether it will miss its last moment to ship."
    )
    placed_after = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    def filter_payment(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return orders.filter(is_in_payment_state(value))

    def filter_at_risk(self, orders: QuerySet[Order], name: str, value: bool) -> QuerySet[Order]:
        risky = ~Q(at_risk_of="")
        return orders.filter(risky if value else ~risky)

    class Meta:
        model = Order
        fields: list[str] = []
