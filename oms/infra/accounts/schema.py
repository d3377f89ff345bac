"""Tells the OpenAPI document about API keys."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Registers itself by being imported."""

    target_class = "oms.infra.accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "oms_live_… or oms_test_…",
            "description": "A partner's API key; each route names the scope it needs.",
        }
