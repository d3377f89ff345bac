"""Holds over the API: of one order, or of many at once with an answer for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api.fields import StrictCharField, StrictSerializer
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from orders.api import rendering
from orders.api.serializers import OrderOut
from orders.hold_terms import HoldTerms
from orders.models import Hold
from orders.selectors import orders as selectors
from orders.selectors.orders import UnknownOrder
from orders.services import holding, holds

#: Orders that one request may name.
MAX_ORDERS = 500

_TYPES = [kind for kind in Hold.Type.values if kind not in holding.ROUTED_HOLDS]
_IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="16 to 255 characters; a repeat with the same body gets the first answer.",
)


class HoldPlaceIn(StrictSerializer):
    type = serializers.ChoiceField(choices=_TYPES)
    reason = StrictCharField(max_length=200, help_text="No personal data.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Hold.Scope.values),
        required=False,
        help_text="What it stops; without it, everything.",
    )
    due_at = serializers.DateTimeField(required=False, help_text="When an answer is due.")
    releases_at = serializers.DateTimeField(required=False, help_text="When it ends by itself.")

    def to_terms(self) -> HoldTerms:
        data = self.validated_data
        return HoldTerms(
            data["type"],
            data["reason"],
            tuple(data.get("scopes", ())),
            data.get("due_at"),
            data.get("releases_at"),
        )


class HoldReleaseIn(StrictSerializer):
    reason = StrictCharField(max_length=200, help_text="No personal data.")


def _orders() -> serializers.ListField:
    return serializers.ListField(
        child=StrictCharField(max_length=40), min_length=1, max_length=MAX_ORDERS
    )


class HoldsPlaceIn(HoldPlaceIn):
    orders = _orders()


class HoldsReleaseIn(HoldReleaseIn):
    orders = _orders()
    type = serializers.ChoiceField(choices=_TYPES)


class HoldResultOut(serializers.Serializer[Any]):
    order = serializers.CharField()
    is_done = serializers.BooleanField()
    code = serializers.CharField(help_text="Why not; empty when it was done.")
    detail = serializers.CharField()


class HoldResultsOut(serializers.Serializer[Any]):
    results = HoldResultOut(many=True)


class OrderHolds(APIView):
    """Puts one order on hold."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_hold",
        summary="Put an order on hold",
        description="What its scopes name stops at once, also in the middle of a pick.",
        request=HoldPlaceIn,
        responses={201: OrderOut},
        parameters=[_IDEMPOTENCY],
    )
    def post(self, request: Request, public_id: str) -> Response:
        serializer = HoldPlaceIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        terms = serializer.to_terms()
        owner = organization_of(request)
        order = selectors.get_for(organization_id=owner, public_id=public_id)

        def place(store: Store) -> tuple[int, dict[str, Any]]:
            def within(answers: Sequence[holds.Answer]) -> None:
                if answers[0].error is not None:
                    raise answers[0].error
                fresh = selectors.get_for(organization_id=owner, public_id=public_id)
                store(201, rendering.full(fresh))

            holds.place_many(order_ids=[order.pk], terms=terms, within=within)
            fresh = selectors.get_for(organization_id=owner, public_id=public_id)
            return 201, rendering.full(fresh)

        return run_once(request, "orders.hold", place)


class OrderHoldRelease(APIView):
    """Lifts one hold of an order."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_release_hold",
        summary="Lift a hold",
        description="With its last hold lifted the order goes on where it stopped.",
        request=HoldReleaseIn,
        responses=OrderOut,
    )
    def post(self, request: Request, public_id: str, type: str) -> Response:
        serializer = HoldReleaseIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        owner = organization_of(request)
        order = selectors.get_for(organization_id=owner, public_id=public_id)
        holds.release_hold(order_id=order.pk, type=type, reason=serializer.validated_data["reason"])
        fresh = selectors.get_for(organization_id=owner, public_id=public_id)
        return Response(rendering.full(fresh))


class HoldsPlace(APIView):
    """Puts many orders on hold."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="holds_place",
        summary="Put many orders on hold",
        description="Each order gets an answer of its own; one that cannot be does not keep the "
        "others from it.",
        request=HoldsPlaceIn,
        responses=HoldResultsOut,
        parameters=[_IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        serializer = HoldsPlaceIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        references = serializer.validated_data["orders"]
        keys = _keys(request, references)

        def place(store: Store) -> tuple[int, dict[str, Any]]:
            answers = holds.place_many(
                order_ids=list(keys.values()),
                terms=serializer.to_terms(),
                within=lambda found: store(200, _results(references, keys, found)),
            )
            return 200, _results(references, keys, answers)

        return run_once(request, "holds.place", place)


class HoldsRelease(APIView):
    """Lifts the holds of one type of many orders."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="holds_release",
        summary="Lift the holds of many orders",
        description="Each order gets an answer of its own.",
        request=HoldsReleaseIn,
        responses=HoldResultsOut,
    )
    def post(self, request: Request) -> Response:
        serializer = HoldsReleaseIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        keys = _keys(request, data["orders"])
        answers = holds.release_many(
            order_ids=list(keys.values()), type=data["type"], reason=data["reason"]
        )
        return Response(_results(data["orders"], keys, answers))


def _keys(request: Request, references: Sequence[str]) -> dict[str, int]:
    owner = organization_of(request)
    return selectors.keys_by_ref(organization_id=owner, references=references)


def _results(
    references: Sequence[str], keys: dict[str, int], answers: Sequence[holds.Answer]
) -> dict[str, Any]:
    errors = {answer.order_id: answer.error for answer in answers}
    unknown = UnknownOrder("There is no such order.")
    found = [(ref, errors[keys[ref]] if ref in keys else unknown) for ref in references]
    rows = [
        {
            "order": ref,
            "is_done": error is None,
            "code": error.code if error else "",
            "detail": error.detail if error else "",
        }
        for ref, error in found
    ]
    return {"results": rows}
