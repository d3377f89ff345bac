"""The reservation API: stock kept for a cart or quote while its buyer decides."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.catalog import selectors as catalog
from inventory.selectors.carts import Wanted
from inventory.selectors.offers import UnknownSku
from inventory.services import carts
from inventory.types import CartHold
from oms.core.api.fields import StrictCharField, StrictIntegerField, StrictSerializer
from oms.core.errors import FieldError
from oms.core.quantities import MAX_LINE_QUANTITY
from oms.infra.accounts.authentication import organization_of

MAX_LINES = 100


class ReservationLineIn(StrictSerializer):
    sku = StrictCharField(max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=MAX_LINE_QUANTITY)


class ReservationTermIn(StrictSerializer):
    minutes = StrictIntegerField(
        min_value=1, max_value=10_080, required=False, default=15, help_text="From now."
    )


class ReservationIn(ReservationTermIn):
    reference = StrictCharField(
        max_length=40, help_text="Your own; the same reference is the same cart."
    )
    channel = StrictCharField(max_length=40, required=False, default="")
    lines = ReservationLineIn(many=True, min_length=1, max_length=MAX_LINES)  # type: ignore[call-arg]


class ReservedLineOut(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="Of the request, counted from 1.")
    sku = serializers.CharField(help_text="Of a kit, its parts.")
    node = serializers.CharField()
    quantity = serializers.IntegerField()


class ReservationOut(serializers.Serializer[Any]):
    reference = serializers.CharField()
    channel = serializers.CharField()
    expires_at = serializers.DateTimeField()
    lines = ReservedLineOut(many=True)


class ReservationReleasedOut(serializers.Serializer[Any]):
    units = serializers.IntegerField(help_text="Given back; 0 when nothing was held.")


class Reservations(APIView):
    """Keeps stock for carts."""

    required_scope = "reservations:write"

    @extend_schema(
        operation_id="reservations_create",
        summary="Keep stock for a cart or quote, all of it or nothing",
        description="Name the reference as `reservation` when you place the order.",
        tags=["reservations"],
        request=ReservationIn,
        responses={201: ReservationOut},
    )
    def post(self, request: Request) -> Response:
        serializer = ReservationIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        data, organization_id = serializer.validated_data, organization_of(request)
        held = carts.hold(
            organization_id=organization_id,
            reference=data["reference"],
            lines=_wanted(organization_id, data["lines"]),
            minutes=data["minutes"],
            channel=data["channel"],
        )
        return _answer(held, status=201)


class ReservationDetail(APIView):
    required_scope = "availability:read"

    @extend_schema(
        operation_id="reservations_get",
        summary="What a cart holds",
        tags=["reservations"],
        responses=ReservationOut,
    )
    def get(self, request: Request, reference: str) -> Response:
        return _answer(carts.get(organization_id=organization_of(request), reference=reference))


class ReservationExtend(APIView):
    required_scope = "reservations:write"

    @extend_schema(
        operation_id="reservations_extend",
        summary="Keep it longer",
        tags=["reservations"],
        request=ReservationTermIn,
        responses=ReservationOut,
    )
    def post(self, request: Request, reference: str) -> Response:
        serializer = ReservationTermIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        held = carts.extend(
            organization_id=organization_of(request),
            reference=reference,
            minutes=serializer.validated_data["minutes"],
        )
        return _answer(held)


class ReservationRelease(APIView):
    required_scope = "reservations:write"

    @extend_schema(
        operation_id="reservations_release",
        summary="Give it back",
        tags=["reservations"],
        request=None,
        responses=ReservationReleasedOut,
    )
    def post(self, request: Request, reference: str) -> Response:
        units = carts.release(organization_id=organization_of(request), reference=reference)
        return Response(ReservationReleasedOut({"units": units}).data)


def _wanted(organization_id: int, lines: list[dict[str, Any]]) -> list[Wanted]:
    skus = [line["sku"] for line in lines]
    found = catalog.facts_by_sku(organization_id=organization_id, skus=skus)
    unknown = [
        FieldError(f"/lines/{index}/sku", "unknown_sku", f"There is no SKU {sku!r} to sell.")
        for index, sku in enumerate(skus)
        if sku not in found or not found[sku].is_active
    ]
    if unknown:
        raise UnknownSku("Some SKUs are not in the catalog.", errors=unknown)
    return [
        Wanted(str(number), found[line["sku"]].id, line["quantity"])
        for number, line in enumerate(lines, 1)
    ]


def _answer(held: CartHold, status: int = 200) -> Response:
    return Response(ReservationOut(held).data, status=status, headers={"Cache-Control": "no-store"})
