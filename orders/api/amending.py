"""Changes of orders over the API: begun with a preview, then confirmed or discarded."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.errors import FieldError, Invalid
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from orders.api import rendering
from orders.api.amending_serializers import AmendmentConfirmIn, AmendmentIn, AmendmentOut
from orders.models import Amendment
from orders.selectors import orders as selectors
from orders.services.amending import amendments

_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The order's ETag, instead of `version`."
)
_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="16 to 255 characters; a repeat with the same body gets the first answer.",
)
_TAG = re.compile(r'^(?:W/)?"?(\d{1,9})"?$')


class VersionRequired(Invalid):
    """Without the version it was seen at, a change could undo somebody else's."""

    code = "orders.version_required"


def _find(request: Request, public_id: str, amendment: str) -> Amendment:
    return amendments.get_for(
        organization_id=organization_of(request), order_ref=public_id, public_id=amendment
    )


class Amendments(APIView):
    """Begins a change of an order."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="amendments_begin",
        summary="Change an order: begin and preview",
        description="Nothing about the order changes before you confirm. One at a time per order.",
        request=AmendmentIn,
        responses={201: AmendmentOut},
        parameters=[_KEY],
    )
    def post(self, request: Request, public_id: str) -> Response:
        serializer = AmendmentIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        order = selectors.get_for(organization_id=organization_of(request), public_id=public_id)

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            begun = amendments.begin(
                order_id=order.pk,
                actions=serializer.to_actions(),
                reason=serializer.validated_data["reason"],
                within=lambda found: store(201, _body(found)),
            )
            return 201, _body(begun)

        return run_once(request, "orders.amend", work)


def _body(found: Amendment) -> dict[str, Any]:
    return dict(AmendmentOut(rendering.amendment(found)).data)


class AmendmentDetail(APIView):
    """One change of an order."""

    required_scope = {"GET": "orders:read", "PUT": "orders:write"}

    @extend_schema(
        operation_id="amendments_get", summary="One change of an order", responses=AmendmentOut
    )
    def get(self, request: Request, public_id: str, amendment: str) -> Response:
        return Response(_body(_find(request, public_id, amendment)))

    @extend_schema(
        operation_id="amendments_replace",
        summary="Put other actions in its place and preview them",
        request=AmendmentIn,
        responses=AmendmentOut,
    )
    def put(self, request: Request, public_id: str, amendment: str) -> Response:
        serializer = AmendmentIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        found = _find(request, public_id, amendment)
        changed = amendments.change(
            public_id=found.public_id,
            actions=serializer.to_actions(),
            reason=serializer.validated_data["reason"],
        )
        return Response(_body(changed))


class AmendmentPreview(APIView):
    """Computes again what a change does."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="amendments_preview",
        summary="What it would do now: money, stock, promise",
        request=None,
        responses=AmendmentOut,
    )
    def post(self, request: Request, public_id: str, amendment: str) -> Response:
        found = _find(request, public_id, amendment)
        return Response(_body(amendments.preview(public_id=found.public_id)))


class AmendmentConfirm(APIView):
    """Does what the preview showed."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="amendments_confirm",
        summary="Do exactly what the preview showed",
        description=(
            "409 `orders.changed` when the order has another version, with that version and what "
            "may be done; 409 `orders.outcome_changed` when it would do something else by now, "
            "with the fresh preview. Nothing changes in either case."
        ),
        request=AmendmentConfirmIn,
        responses=AmendmentOut,
        parameters=[_IF_MATCH],
    )
    def post(self, request: Request, public_id: str, amendment: str) -> Response:
        serializer = AmendmentConfirmIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        found = _find(request, public_id, amendment)
        done = amendments.confirm(
            public_id=found.public_id,
            version=_version(request, data.get("version")),
            token=data["token"],
            reason=data["reason"],
        )
        return Response(_body(done))


def _version(request: Request, given: int | None) -> int:
    match = _TAG.match(request.headers.get("If-Match", "").strip())
    if given is not None:
        return given
    if match is None:
        detail = "Give the order's version, or its ETag as If-Match."
        raise VersionRequired(detail, errors=[FieldError("/version", "required", detail)])
    return int(match[1])


class AmendmentDiscard(APIView):
    """Closes a change without doing it."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="amendments_discard",
        summary="Leave the order as it is",
        request=None,
        responses=AmendmentOut,
    )
    def post(self, request: Request, public_id: str, amendment: str) -> Response:
        found = _find(request, public_id, amendment)
        return Response(_body(amendments.discard(public_id=found.public_id)))
