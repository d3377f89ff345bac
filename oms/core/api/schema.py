"""What the OpenAPI document says of every operation: its scope, its failures, its pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from oms.core.api.problems import CONTENT_TYPE


class FieldErrorOut(serializers.Serializer[Any]):
    pointer = serializers.CharField(
        help_text="JSON pointer into the body, or ?name for a parameter."
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemOut(serializers.Serializer[Any]):
    """RFC 9457; some problems carry more members, such as the scope that is missing."""

    type = serializers.CharField(help_text="A relative address that names the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for machines.")
    detail = serializers.CharField()
    # The name is the RFC's; that of the serializer's own errors is not needed here.
    errors = FieldErrorOut(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(help_text="Also in the X-Request-Id header.")


class ApiSchema(AutoSchema):
    """Adds the scope to each description and one problem as the default answer."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        scope = getattr(self.view, "required_scope", None)
        if isinstance(scope, dict):
            scope = scope.get(self.method)
        if isinstance(scope, tuple):
            scope = "` or `".join(scope)
        if operation and scope:
            said = operation.get("description", "")
            operation["description"] = f"{said}\n\nScope: `{scope}`.".strip()
        return operation

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemOut, "response")
        content = {CONTENT_TYPE: {"schema": problem.ref}}
        for status, body in bodies.items():
            if status.startswith("4"):
                body["content"] = content
        bodies["default"] = {"description": "What is wrong, and where.", "content": content}
        return bodies
