"""The door for carriers' messages: proven on the raw bytes, kept, answered; read by a task."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from carriers import tasks
from carriers.services import webhooks
from oms.core.api.parsing import TooLarge
from oms.core.waking import wake

MAX_BODY_BYTES = 256 * 1024


class ReceiveWebhook(APIView):
    """No API key: the signature is the credential."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="carriers_webhook",
        summary="Take a carrier's tracking message",
        description="Signed after Standard Webhooks. Kept first, understood afterwards.",
        tags=["carriers"],
        auth=[],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, description="Kept before"),
            202: OpenApiResponse(OpenApiTypes.OBJECT, description="Kept"),
            401: OpenApiResponse(description="The signature does not fit"),
            404: OpenApiResponse(description="No such carrier"),
            413: OpenApiResponse(description="More than 256 kB"),
        },
    )
    def post(self, request: Request, code: str) -> Response:
        is_new = webhooks.receive(
            carrier_code=code, headers=dict(request.headers), body=_body(request)
        )
        if not is_new:
            return Response({"status": "duplicate"})
        wake(tasks.process_webhooks)
        return Response({"status": "accepted"}, status=status.HTTP_202_ACCEPTED)


def _body(request: Request) -> bytes:
    """The raw bytes, refused by their announced length before they are read."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise TooLarge("Send at most 256 kB.")
    body: bytes = request._request.body
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("Send at most 256 kB.")
    return body
