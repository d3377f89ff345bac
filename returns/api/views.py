"""The return API: one view per operation, one service call in each."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.context import current
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from returns.api.serializers import ReturnCreateIn, ReturnOut, ReturnReceiptIn
from returns.models import Return
from returns.selectors import returns as selectors
from returns.services import receiving, requests

_IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="16 to 255 characters; a repeat with the same body gets the first answer.",
)


def _render(parent: Return) -> dict[str, Any]:
    fresh = selectors.get_for(organization_id=parent.organization_id, public_id=parent.public_id)
    return dict(ReturnOut(fresh).data)


class Returns(APIView):
    """Opens a return; the answer says whether it is approved or declined."""

    required_scope = "returns:write"

    @extend_schema(
        operation_id="returns_create",
        summary="Ask for a return",
        request=ReturnCreateIn,
        responses={201: ReturnOut},
        parameters=[_IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        serializer = ReturnCreateIn(data=request.data)
        serializer.is_valid(raise_exception=True)

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            opened = requests.request(
                organization_id=organization_of(request),
                order_ref=serializer.validated_data["order"],
                lines=serializer.to_lines(),
                reason=serializer.validated_data["reason"],
                actor=current().actor,
                within=lambda opened: store(201, _render(opened)),
            )
            return 201, _render(opened)

        return run_once(request, "returns.create", work)


class ReturnDetail(APIView):
    """One return with its lines."""

    required_scope = "returns:read"

    @extend_schema(operation_id="returns_get", summary="One return", responses=ReturnOut)
    def get(self, request: Request, public_id: str) -> Response:
        found = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        return Response(ReturnOut(found).data)


class ReturnReceipt(APIView):
    """Books what came back, by line: to stock, to quarantine, or missing."""

    required_scope = "returns:write"

    @extend_schema(
        operation_id="returns_receive",
        summary="Book what came back",
        request=ReturnReceiptIn,
        responses=ReturnOut,
        parameters=[_IDEMPOTENCY],
    )
    def post(self, request: Request, public_id: str) -> Response:
        serializer = ReturnReceiptIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        found = selectors.get_for(organization_id=organization_of(request), public_id=public_id)

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            received = receiving.receive(
                return_ref=found.public_id,
                lines=serializer.to_lines(found),
                actor=current().actor,
                within=lambda received: store(200, _render(received)),
            )
            return 200, _render(received)

        return run_once(request, f"returns.receipt:{public_id}", work)
