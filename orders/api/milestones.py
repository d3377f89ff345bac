"""Where an order stands on its way."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core import clock
from oms.infra.accounts.authentication import organization_of
from orders.milestones import Milestone, WhyNot
from orders.selectors import milestones
from orders.selectors import orders as selectors


class OrderMilestoneOut(serializers.Serializer[Any]):
    milestone = serializers.CharField(help_text=", ".join(Milestone))
    target = serializers.DateTimeField(
        allow_null=True, help_text="When it is due; null while nothing is promised."
    )
    reached_at = serializers.DateTimeField(allow_null=True)
    why_not = serializers.CharField(
        allow_null=True, help_text=f"Of one that is not reached: {', '.join(WhyNot)}."
    )
    is_late = serializers.BooleanField()


class OrderMilestonesOut(serializers.Serializer[Any]):
    at_risk_of = serializers.CharField(
        allow_null=True, help_text="The milestone that keeps it from leaving in time."
    )
    at_risk_at = serializers.DateTimeField(allow_null=True)
    milestones = OrderMilestoneOut(many=True)


class OrderMilestones(APIView):
    """The order's milestones, each with its target and when it was reached, or why not."""

    required_scope = "orders:read"

    @extend_schema(
        operation_id="orders_milestones",
        summary="Where an order stands on its way",
        responses=OrderMilestonesOut,
    )
    def get(self, request: Request, public_id: str) -> Response:
        order = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        view = {
            "at_risk_of": order.at_risk_of or None,
            "at_risk_at": order.at_risk_at,
            "milestones": milestones.clock_of(order, now=clock.now()),
        }
        return Response(OrderMilestonesOut(view).data)
