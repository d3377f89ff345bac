"""What the list of shipments can be narrowed by."""

from __future__ import annotations

import django_filters as filters

from carriers.models import Shipment


class ShipmentFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=Shipment.Status.choices)
    order = filters.CharFilter(field_name="correlation_id", max_length=60)
    tracking_number = filters.CharFilter(max_length=60)
    handed_over_after = filters.IsoDateTimeFilter(field_name="handed_over_at", lookup_expr="gte")
    handed_over_before = filters.IsoDateTimeFilter(field_name="handed_over_at", lookup_expr="lt")

    class Meta:
        model = Shipment
        fields: list[str] = []
