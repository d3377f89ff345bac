"""The stock API: one view per operation, one read in each."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.api.filters import NodeFilter
from inventory.api.queries import MAX_SKUS, skus_of
from inventory.api.serializers import AvailabilityOut, NodeOut
from inventory.nodes import selectors as nodes
from inventory.nodes.models import Node
from inventory.selectors import offers
from oms.core import clock
from oms.core.api.pagination import ByCode
from oms.core.api.queries import filtered
from oms.infra.accounts.authentication import organization_of


class AvailabilityList(APIView):
    """What the organization can sell now."""

    required_scope = "availability:read"

    @extend_schema(
        operation_id="availability_list",
        summary="What can be sold now, in total and per node",
        tags=["availability"],
        responses=AvailabilityOut,
        parameters=[
            OpenApiParameter(
                "sku",
                OpenApiTypes.STR,
                many=True,
                required=True,
                description=f"Repeat it for several, at most {MAX_SKUS}.",
            )
        ],
    )
    def get(self, request: Request) -> Response:
        found = offers.list_for(organization_id=organization_of(request), skus=skus_of(request))
        body = AvailabilityOut({"at": clock.now(), "results": found}).data
        return Response(body, headers={"Cache-Control": "no-store"})


class NodeList(APIView):
    """The places that may serve the organization."""

    required_scope = "nodes:read"
    pagination_class = ByCode

    @extend_schema(
        operation_id="nodes_list",
        summary="The nodes that may serve you, by code",
        tags=["nodes"],
        responses=NodeOut(many=True),
        parameters=[
            OpenApiParameter("kind", OpenApiTypes.STR, enum=Node.Kind.values),
            OpenApiParameter("country", OpenApiTypes.STR, description="ISO 3166-1 alpha-2."),
        ],
    )
    def get(self, request: Request) -> Response:
        found = nodes.list_nodes_for(organization_id=organization_of(request))
        page = self.pagination_class()
        rows = page.paginate_queryset(filtered(request, found, NodeFilter), request, view=self)
        return page.get_paginated_response(NodeOut(rows or [], many=True).data)
