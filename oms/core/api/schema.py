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
    errors = FieldErrorOut(many=True)
    request_id = serializers.CharField(help_text="Also in the X-Request-Id header.")


class ApiSchema(AutoSchema):
    """Adds the scope to each description and one problem as the default answer."""

    def get_description(self) -> str:
        said = super().get_description() or ""
        scope = getattr(self.view, "required_scope", None)
        if isinstance(scope, dict):
            scope = scope.get(self.method)
        return "\n\n".join(filter(None, [said, scope and f"Scope: `{scope}`."]))

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemOut, "response")
        content = {CONTENT_TYPE: {"schema": problem.ref}}
        for status, body in bodies.items():
            if status.startswith("4"):
                body["content"] = content
        bodies["default"] = {"description": "What is wrong, and where.", "content": content}
        return bodies
