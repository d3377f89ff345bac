"""Shapes of the shipment API; the recipient is on the label only."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from carriers.models import Shipment


class ShipmentSummaryOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    order = serializers.CharField(source="correlation_id", help_text="The order's id.")
    order_number = serializers.CharField()
    status = serializers.ChoiceField(choices=Shipment.Status.choices)
    carrier = serializers.CharField(source="service.carrier.code")
    service = serializers.CharField(source="service.code")
    node = serializers.CharField(source="origin_code")
    tracking_number = serializers.CharField(allow_blank=True)
    promised_on = serializers.DateField(allow_null=True)
    handed_over_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class ShipmentOut(ShipmentSummaryOut):
    fulfillment = serializers.CharField(source="demand_ref", help_text="The work's id.")
    parcel = serializers.CharField(source="parcel_ref")
    weight_g = serializers.IntegerField()
    length_mm = serializers.IntegerField()
    width_mm = serializers.IntegerField()
    height_mm = serializers.IntegerField()
    cost_amount = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    cost_currency = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    labeled_at = serializers.DateTimeField(allow_null=True)
    last_scan_at = serializers.DateTimeField(allow_null=True)
    labels = serializers.ListField(
        child=serializers.CharField(), help_text="Where to fetch the label, once it is bought."
    )


class TrackingEventOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField(source="occurred_at")
    status = serializers.CharField()
    carrier_code = serializers.CharField(help_text="The carrier's own word.")
    city = serializers.CharField(allow_blank=True)
    region = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)


class TrackingOut(serializers.Serializer[Any]):
    shipment = serializers.CharField()
    status = serializers.ChoiceField(choices=Shipment.Status.choices)
    carrier = serializers.CharField()
    tracking_number = serializers.CharField(allow_blank=True)
    promised_on = serializers.DateField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    events = TrackingEventOut(many=True, help_text="Oldest first.")
