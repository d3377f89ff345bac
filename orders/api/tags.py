"""Tags over the API: many orders in one request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api.fields import StrictCharField, StrictSerializer
from oms.infra.accounts.authentication import organization_of
from orders.api.holds import MAX_ORDERS
from orders.selectors import orders as selectors
from orders.services import tags


def _words() -> serializers.ListField:
    return serializers.ListField(
        child=StrictCharField(max_length=40), max_length=tags.MAX_TAGS, required=False
    )


class TagsChangeIn(StrictSerializer):
    orders = serializers.ListField(
        child=StrictCharField(max_length=40), min_length=1, max_length=MAX_ORDERS
    )
    add = _words()
    remove = _words()


class TagsChangeOut(serializers.Serializer[Any]):
    changed = serializers.ListField(child=serializers.CharField())


class TagsChange(APIView):
    """Puts tags on orders and takes others off."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="tags_change",
        summary="Tag many orders",
        description="Answers with the orders that changed. Unknown orders are passed over.",
        request=TagsChangeIn,
        responses=TagsChangeOut,
    )
    def post(self, request: Request) -> Response:
        serializer = TagsChangeIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        keys = selectors.keys_by_ref(
            organization_id=organization_of(request), references=data["orders"]
        )
        changed = tags.change(
            order_ids=list(keys.values()), add=data.get("add", ()), remove=data.get("remove", ())
        )
        return Response({"changed": [ref for ref, key in keys.items() if key in changed]})
