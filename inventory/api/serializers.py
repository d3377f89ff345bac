"""Shapes of the stock API: sums and coarse places, no balances."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.nodes.models import Node

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class NodeOfferOut(serializers.Serializer[Any]):
    node = serializers.CharField(help_text="The node's code.")
    available = serializers.IntegerField(min_value=0)


class OfferOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    is_active = serializers.BooleanField()
    total = serializers.IntegerField(min_value=0)
    nodes = NodeOfferOut(many=True)


class AvailabilityOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    results = OfferOut(many=True)


class NodeOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Node.Kind.choices)
    country = serializers.CharField()
    region = serializers.CharField()
    city = serializers.CharField()
    timezone = serializers.CharField()
    cutoff_time = serializers.TimeField(format="%H:%M", help_text="Local time of the node.")
    working_days = serializers.SerializerMethodField()
    ships = serializers.BooleanField(source="can_ship")
    pick_up = serializers.BooleanField(source="can_pick_up")
    takes_returns = serializers.BooleanField()

    def get_working_days(self, node: Node) -> list[str]:
        return [day for bit, day in enumerate(_WEEK) if node.working_days >> bit & 1]
