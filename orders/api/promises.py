"""What an order was promised over time."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.infra.accounts.authentication import organization_of
from orders.selectors import orders as selectors
from orders.selectors import promises


class OrderPromiseOut(serializers.Serializer[Any]):
    sequence = serializers.IntegerField()
    at = serializers.DateTimeField(source="created_at")
    promised_on = serializers.DateField(allow_null=True)
    ship_by = serializers.DateTimeField(source="latest_ship_at", allow_null=True)
    cause = serializers.CharField(
        help_text="placed, routed, rerouted, backorder, edited or hours (the node's changed)."
    )
    inputs = serializers.SerializerMethodField()

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_inputs(self, promise: Any) -> dict[str, Any]:
        """Nodes with their hours, services and days, the decision; or what it waits for."""
        return dict(promise.inputs)


class OrderPromises(APIView):
    """Every promise of an order with what it was computed from, oldest first; none is changed."""

    required_scope = "orders:read"

    @extend_schema(
        operation_id="orders_promises",
        summary="What an order was promised over time",
        responses=OrderPromiseOut(many=True),
    )
    def get(self, request: Request, public_id: str) -> Response:
        organization_id = organization_of(request)
        key = selectors.get_key(organization_id=organization_id, public_id=public_id)
        rows = promises.list_of(order_id=key)
        return Response(OrderPromiseOut(rows, many=True).data)
