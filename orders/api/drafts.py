"""Draft orders over the API: stored without an effect, edited freely, submitted like all others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api.fields import (
    AmountField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from oms.core.api.pagination import NewestFirst
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from orders.api import rendering
from orders.api.serializers import OrderLineIn, OrderPlacedOut, ShipToIn, recipient_from
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.drafting import MAX_LINES
from orders.models import Order
from orders.selectors import orders as selectors
from orders.services import drafts
from orders.types import LineDraft, OrderDraft

_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class DraftLineIn(OrderLineIn):
    discount_amount = AmountField(
        required=False, default=Decimal(0), help_text="For all units of the line together."
    )
    tax_amount = AmountField(
        required=False, default=Decimal(0), help_text="For all units of the line together."
    )


class DraftIn(StrictSerializer):
    external_ref = StrictCharField(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="Your own reference. Default: one of ours.",
    )
    channel = StrictCharField(max_length=40, required=False, default="api")
    currency = StrictCharField(min_length=3, max_length=3)
    tier = StrictCharField(max_length=20, required=False, allow_blank=True, default="")
    customer_ref = StrictCharField(max_length=80, required=False, allow_blank=True, default="")
    shipping_amount = AmountField(required=False, default=Decimal(0))
    shipping_tax_amount = AmountField(required=False, default=Decimal(0))
    is_partial_allowed = serializers.BooleanField(required=False, default=False)
    ship_to = ShipToIn()
    lines = DraftLineIn(many=True, min_length=1, max_length=MAX_LINES)  # type: ignore[call-arg]

    def to_draft(self) -> OrderDraft:
        """The validated data as services take it."""
        data = dict(self.validated_data)
        del data["channel"]
        recipient, lines = recipient_from(data.pop("ship_to")), data.pop("lines")
        return OrderDraft(
            **data, recipient=recipient, lines=tuple(LineDraft(**line) for line in lines)
        )


class DraftSaveIn(DraftIn):
    version = StrictIntegerField(min_value=0, help_text="The draft's, as you know it.")

    def to_draft(self) -> OrderDraft:
        """The validated data as services take it."""
        self.validated_data.pop("version")
        return super().to_draft()


class DraftSubmitIn(StrictSerializer):
    version = StrictIntegerField(min_value=0, help_text="The draft's, as you know it.")


class DraftLineOut(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_amount = serializers.CharField()
    discount_amount = serializers.CharField()
    tax_amount = serializers.CharField()


class DraftOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    external_ref = serializers.CharField()
    version = serializers.IntegerField()
    channel = serializers.CharField()
    tier = serializers.CharField()
    currency = serializers.CharField()
    total_amount = serializers.CharField()
    shipping_amount = serializers.CharField()
    shipping_tax_amount = serializers.CharField()
    is_partial_allowed = serializers.BooleanField()
    country = serializers.CharField()
    created_at = serializers.DateTimeField()
    lines = DraftLineOut(many=True)


class DraftPreviewOut(serializers.Serializer[Any]):
    preview = serializers.DictField(
        help_text="What submitting would do now: money, lines, stock, promise and holds."
    )


def _body(order: Order) -> dict[str, Any]:
    return dict(DraftOut(rendering.draft(order)).data)


def _fresh(organization_id: int, public_id: str) -> dict[str, Any]:
    return _body(drafts.get_for(organization_id=organization_id, public_id=public_id))


def _channel(request: Request, serializer: DraftIn) -> ChannelFacts:
    return channels.get_facts(
        organization_id=organization_of(request), code=serializer.validated_data["channel"]
    )


class Drafts(APIView):
    """Stores a draft, or lists the organization's drafts."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="drafts_create",
        summary="Store a draft order",
        description="It has a number, and no effect on stock until you submit it.",
        request=DraftIn,
        responses={201: DraftOut},
        parameters=[_KEY],
    )
    def post(self, request: Request) -> Response:
        serializer = DraftIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        channel, draft = _channel(request, serializer), serializer.to_draft()

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            made: dict[str, Any] = {}

            def within(order: Order) -> None:
                made.update(_fresh(channel.organization_id, order.public_id))
                store(201, made)

            drafts.create(channel=channel, draft=draft, within=within)
            return 201, made

        return run_once(request, "orders.draft", work)

    @extend_schema(
        operation_id="drafts_list",
        summary="Your drafts, newest first",
        responses=DraftOut(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = selectors.list_drafts(organization_id=organization_of(request))
        page = self.pagination_class()
        found = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response([_body(order) for order in found or []])


class DraftDetail(APIView):
    """One draft."""

    required_scope = {"GET": "orders:read", "PUT": "orders:write", "DELETE": "orders:write"}

    @extend_schema(operation_id="drafts_get", summary="One draft", responses=DraftOut)
    def get(self, request: Request, public_id: str) -> Response:
        order = drafts.get_for(organization_id=organization_of(request), public_id=public_id)
        return Response(_body(order), headers={"ETag": rendering.etag(order)})

    @extend_schema(
        operation_id="drafts_save",
        summary="Write a draft anew",
        request=DraftSaveIn,
        responses=DraftOut,
    )
    def put(self, request: Request, public_id: str) -> Response:
        serializer = DraftSaveIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        organization_id = organization_of(request)
        order = drafts.get_for(organization_id=organization_id, public_id=public_id)
        version = serializer.validated_data["version"]
        channel = _channel(request, serializer)
        drafts.save(
            order_id=order.pk, version=version, channel=channel, draft=serializer.to_draft()
        )
        return Response(_fresh(organization_id, public_id))

    @extend_schema(operation_id="drafts_discard", summary="Delete a draft", responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        order = drafts.get_for(organization_id=organization_of(request), public_id=public_id)
        drafts.discard(order_id=order.pk)
        return Response(status=204)


class DraftPreview(APIView):
    """What submitting a draft would do."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="drafts_preview",
        summary="What it would cost, hold and promise now",
        request=None,
        responses=DraftPreviewOut,
    )
    def post(self, request: Request, public_id: str) -> Response:
        order = drafts.get_for(organization_id=organization_of(request), public_id=public_id)
        return Response({"preview": drafts.preview(order_id=order.pk)})


class DraftSubmit(APIView):
    """Makes a draft an order."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="drafts_submit",
        summary="Submit a draft",
        description="From here on it is verified, planned and confirmed like every order.",
        request=DraftSubmitIn,
        responses={201: OrderPlacedOut},
        parameters=[_KEY],
    )
    def post(self, request: Request, public_id: str) -> Response:
        serializer = DraftSubmitIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        organization_id, version = organization_of(request), serializer.validated_data["version"]

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            order = drafts.get_for(organization_id=organization_id, public_id=public_id)
            answer = drafts.submit(
                order_id=order.pk,
                version=version,
                within=lambda placed: store(201, rendering.placed(placed)),
            )
            return 201, rendering.placed(answer)

        return run_once(request, "orders.submit", work)
