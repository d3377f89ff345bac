"""The stock feeds of partners: messages in, availability out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.api.queries import MAX_PAGE, feed_of
from inventory.api.sync_serializers import (
    FeedOut,
    SyncAnswerOut,
    SyncAnswersOut,
    SyncDeltaIn,
    SyncMessagesIn,
    SyncSnapshotIn,
)
from inventory.selectors import syncing as selectors
from inventory.services import syncing
from inventory.types import SyncAnswer
from oms.core.errors import FieldError, Invalid
from oms.infra.accounts.authentication import organization_of


class InvalidBatch(Invalid):
    code = "inventory.invalid_batch"


class SyncMessages(APIView):
    """Takes numbered messages of another system's stock."""

    required_scope = "stock:write"

    @extend_schema(
        operation_id="stock_messages_send",
        summary="Send stock messages",
        description=(
            "One message, or up to 1,000 as `messages`. Number them from 1 without gaps: a message "
            "after a gap waits for it, a repeated one is answered as duplicate, so anything may "
            "be sent again. One message that is refused answers with its problem; of a batch "
            "each message has its own result, and the others are taken."
        ),
        tags=["stock"],
        request=PolymorphicProxySerializer(
            component_name="SyncMessagesSendIn",
            serializers=[SyncDeltaIn, SyncSnapshotIn, SyncMessagesIn],
            resource_type_field_name=None,
        ),
        responses=PolymorphicProxySerializer(
            component_name="SyncMessagesSendOut",
            serializers=[SyncAnswerOut, SyncAnswersOut],
            resource_type_field_name=None,
        ),
    )
    def post(self, request: Request, code: str) -> Response:
        body = cast(Mapping[str, Any], request.data)
        items = _items(body)
        answers = syncing.deliver(
            organization_id=organization_of(request),
            source=code,
            items=[body] if items is None else items,
        )
        if items is not None:
            return Response({"results": [_result(i, a) for i, a in enumerate(answers)]})
        [answer] = answers
        if answer.error is not None:
            raise answer.error
        return Response(_result(None, answer))


class StockFeed(APIView):
    """What a channel may sell, as it changes."""

    required_scope = "availability:read"

    @extend_schema(
        operation_id="stock_feed",
        summary="What a channel may sell, as it changes",
        description=(
            "Everything that changed after `since`, oldest first, each SKU once with its latest "
            "number. Begin with 0, then ask again with `next`; nothing is missed."
        ),
        tags=["stock"],
        responses=FeedOut,
        parameters=[
            OpenApiParameter("channel", OpenApiTypes.STR, required=True),
            OpenApiParameter("since", OpenApiTypes.INT64, description="0 without it."),
            OpenApiParameter("limit", OpenApiTypes.INT, description=f"1 to {MAX_PAGE}."),
        ],
    )
    def get(self, request: Request) -> Response:
        asked = feed_of(request)
        items = selectors.list_feed(
            organization_id=organization_of(request),
            channel=asked.channel,
            since=asked.since,
            limit=asked.limit + 1,
        )
        page = items[: asked.limit]
        body = FeedOut(
            {
                "channel": asked.channel,
                "items": page,
                "next": page[-1].sequence if page else asked.since,
                "has_more": len(items) > len(page),
            }
        ).data
        return Response(body, headers={"Cache-Control": "no-store"})


def _items(body: Mapping[str, Any]) -> Sequence[object] | None:
    """The messages of a batch; None: the body is one message."""
    if "messages" not in body:
        return None
    items = body["messages"]
    most = syncing.MAX_MESSAGES
    if not isinstance(items, list) or not 0 < len(items) <= most:
        raise _refused("/messages", "invalid_list", f"Give a list of 1 to {most} messages.")
    for name in body:
        if name != "messages":
            raise _refused(f"/{name[:40]}", "unknown_field", "There is no such field.")
    return items


def _refused(pointer: str, code: str, detail: str) -> InvalidBatch:
    return InvalidBatch(detail, errors=[FieldError(pointer, code, detail)])


def _result(index: int | None, answer: SyncAnswer) -> dict[str, Any]:
    return SyncAnswerOut(
        {
            "sequence": answer.sequence,
            "outcome": answer.outcome,
            "problem": answer.problem,
            "error": None if answer.error is None else _error(index, answer),
        }
    ).data


def _error(index: int | None, answer: SyncAnswer) -> dict[str, Any]:
    """A refusal within a batch; its pointers lead into the body of the request."""
    error = answer.error
    assert error is not None
    return {
        "code": error.code,
        "status": error.status,
        "detail": error.detail,
        "expected": error.data.get("expected"),
        "errors": [
            {"pointer": f"/messages/{index}{e.pointer}", "code": e.code, "detail": e.detail}
            for e in error.errors
        ],
    }
