"""Replacement orders over the API."""

from __future__ import annotations

from collections import Counter
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api.fields import (
    AmountField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from oms.core.quantities import MAX_LINE_QUANTITY
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from orders.api import rendering
from orders.api.serializers import OrderPlacedOut
from orders.drafting import MAX_LINES
from orders.selectors import orders as selectors
from orders.services import replacing
from orders.types import Placed


class ReplacementLineIn(StrictSerializer):
    line = StrictIntegerField(min_value=1, help_text="The line's position in the first order.")
    quantity = StrictIntegerField(min_value=1, max_value=MAX_LINE_QUANTITY)
    unit_amount = AmountField(required=False, help_text="Default: free of charge.")


class ReplacementIn(StrictSerializer):
    reason = StrictCharField(max_length=200)
    external_ref = StrictCharField(
        max_length=80,
        required=False,
        default="",
        help_text="Your own reference; the same reference is the same order.",
    )
    lines = ReplacementLineIn(many=True, min_length=1, max_length=MAX_LINES)  # type: ignore[call-arg]


class Replacements(APIView):
    """Sends units of an order again."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_replace",
        summary="Send units of an order again, in an order of their own",
        description="At most the units that were shipped and not replaced yet, to the same person.",
        request=ReplacementIn,
        responses={201: OrderPlacedOut},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request, public_id: str) -> Response:
        serializer = ReplacementIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        order = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        data = serializer.validated_data
        units: Counter[int] = Counter()
        for line in data["lines"]:
            units[line["line"]] += line["quantity"]
        prices = {x["line"]: x["unit_amount"] for x in data["lines"] if "unit_amount" in x}

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            answer = replacing.replace(
                order_id=order.pk,
                units=units,
                reason=data["reason"],
                prices=prices,
                external_ref=data["external_ref"],
                within=lambda placed: store(*_answer(placed)),
            )
            return _answer(answer)

        return run_once(request, "orders.replace", work)


def _answer(placed: Placed) -> tuple[int, dict[str, Any]]:
    return (200 if placed.is_replay else 201), rendering.placed(placed)
