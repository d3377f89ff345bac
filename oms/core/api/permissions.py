"""Deny by default: a view names the scope it needs, and a credential without it is refused."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from oms.core.errors import Forbidden, OmsError


class InvalidKey(OmsError):
    """No credential, or one that is not valid; why is not said."""

    status = 401
    title = "Give a valid API key: Authorization: Bearer oms_live_…"
    code = "auth.invalid_key"


class MissingScope(Forbidden):
    code = "auth.missing_scope"


class HasScope(BasePermission):
    """Reads `required_scope` of the view: one name, several of which one is enough, or a mapping of
    these by HTTP method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        scopes = getattr(request.auth, "scopes", None)
        if scopes is None:
            raise InvalidKey
        method = request.method or ""
        if not hasattr(view, method.lower()):
            return True  # no such operation: the view itself says 405
        needed = getattr(view, "required_scope", None)
        if isinstance(needed, dict):
            needed = needed.get("GET" if method == "HEAD" else method)
        if needed is None:
            raise MissingScope("This route is not open to API keys.")
        enough = (needed,) if isinstance(needed, str) else needed
        if not scopes.intersection(enough):
            named = " or ".join(repr(scope) for scope in enough)
            raise MissingScope(f"The key lacks the scope {named}.", data={"scope": enough[0]})
        return True
