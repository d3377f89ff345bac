"""What partners need to prepare a file of orders."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from oms.core.errors import NotFound
from orders.importing import formats, templates


class UnknownTemplate(NotFound):
    code = "orders.unknown_template"


class OrderImportTemplate(APIView):
    """A file with every column and two orders as an example."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_import_template",
        summary="Template of a file of orders",
        parameters=[
            OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=list(formats.FORMATS))
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, kind: str) -> HttpResponse:
        if kind not in formats.FORMATS:
            raise UnknownTemplate(f"Give one of {', '.join(formats.FORMATS)}.")
        response = HttpResponse(templates.render(kind), content_type=templates.MIME[kind])
        response["Content-Disposition"] = f'attachment; filename="{templates.name_of(kind)}"'
        return response
