"""The order API: one view per operation, one service call in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api.pagination import NewestFirst, OldestFirst
from oms.core.api.queries import filtered, require_known
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from orders.api import rendering
from orders.api.filters import OrderFilter
from orders.api.serializers import (
    OrderCancelIn,
    OrderCancelledOut,
    OrderOut,
    OrderPlacedOut,
    OrderPlaceIn,
    OrderSummaryOut,
    TimelineEntryOut,
)
from orders.billing.selectors import STATES
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.models import Cancellation
from orders.selectors import orders as selectors
from orders.services import cancellation, placement
from orders.types import OrderDraft, Placed

_IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="16 to 255 characters; a repeat with the same body gets the first answer.",
)


class Orders(APIView):
    """Places an order, or lists the organization's orders."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="orders_place",
        summary="Place an order",
        description="The same external_ref, or the same Idempotency-Key, is the same order.",
        request=OrderPlaceIn,
        responses={201: OrderPlacedOut, 200: OrderPlacedOut},
        parameters=[_IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        serializer = OrderPlaceIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        channel = channels.get_facts(
            organization_id=organization_of(request),
            code=serializer.validated_data["channel"],
        )
        draft = serializer.to_draft()
        return run_once(request, "orders.place", lambda store: _place(channel, draft, store))

    @extend_schema(
        operation_id="orders_list",
        summary="Your orders, newest first",
        description="Any number of filters narrows the list.",
        responses=OrderSummaryOut(many=True),
        parameters=[
            OpenApiParameter("status", str),
            OpenApiParameter("number", int),
            OpenApiParameter("external_ref", str),
            OpenApiParameter("at_risk", bool, description="Will it miss its ship time?"),
            OpenApiParameter("payment", str, enum=list(STATES.values)),
            OpenApiParameter("placed_after", str, description="RFC 3339."),
            OpenApiParameter("placed_before", str, description="RFC 3339."),
        ],
    )
    def get(self, request: Request) -> Response:
        orders = selectors.list_for(organization_id=organization_of(request))
        page = self.pagination_class()
        rows = page.paginate_queryset(filtered(request, orders, OrderFilter), request, view=self)
        return page.get_paginated_response([rendering.summary(order) for order in rows or []])


def _place(channel: ChannelFacts, draft: OrderDraft, store: Store) -> tuple[int, dict[str, Any]]:
    def within(answers: Sequence[Placed]) -> None:
        if answers[0].is_placed:
            store(*_answer(answers[0]))

    answer = placement.place(channel=channel, drafts=[draft], within=within)[0]
    if answer.error is not None:
        raise answer.error
    return _answer(answer)


def _answer(answer: Placed) -> tuple[int, dict[str, Any]]:
    return (200 if answer.is_replay else 201), rendering.placed(answer)


class OrderDetail(APIView):
    """One order with its lines, holds and work."""

    required_scope = "orders:read"

    @extend_schema(operation_id="orders_get", summary="One order", responses=OrderOut)
    def get(self, request: Request, public_id: str) -> Response:
        order = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        return Response(rendering.full(order), headers={"ETag": rendering.etag(order)})


class OrderCancel(APIView):
    """Cancels an order, lines of it, or units of lines."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_cancel",
        summary="Cancel an order or a part of it",
        description=(
            "What nobody has picked yet is cancelled at once. For units in somebody's hands the "
            "floor is asked: the answer says `pending`, and the order shows what became of it. "
            "What has left answers 409."
        ),
        request=OrderCancelIn,
        responses=OrderCancelledOut,
        parameters=[_IDEMPOTENCY],
    )
    def post(self, request: Request, public_id: str) -> Response:
        serializer = OrderCancelIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        organization_id = organization_of(request)
        order = selectors.get_for(organization_id=organization_id, public_id=public_id)

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            def rendered(answers: Sequence[Cancellation]) -> dict[str, Any]:
                fresh = selectors.get_for(organization_id=organization_id, public_id=public_id)
                return rendering.cancelled(fresh, answers[0])

            answer = cancellation.cancel_lines(
                order_id=order.pk,
                quantities=serializer.quantities(),
                reason=serializer.validated_data["reason_code"],
                text=serializer.validated_data["reason"],
                request_key=request.headers.get("Idempotency-Key", ""),
                within=lambda answers: store(200, rendered(answers)),
            )
            return 200, rendered([answer])

        return run_once(request, "orders.cancel", work)


class OrderTimeline(APIView):
    """What happened to an order, oldest first."""

    required_scope = "orders:read"
    pagination_class = OldestFirst

    @extend_schema(
        operation_id="orders_timeline",
        summary="What happened to an order",
        responses=TimelineEntryOut(many=True),
    )
    def get(self, request: Request, public_id: str) -> Response:
        order = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        require_known(request, ())
        page = self.pagination_class()
        entries = selectors.list_timeline(order_id=order.pk)
        rows = page.paginate_queryset(entries, request, view=self)
        return page.get_paginated_response(TimelineEntryOut(rows or [], many=True).data)
