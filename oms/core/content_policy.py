"""One content policy for every page; the admin alone may evaluate its own attributes.

The admin theme's Alpine compiles the expressions in its markup, which needs `unsafe-eval`. Scripts
still come from this host only, and no inline script runs anywhere.
"""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

ADMIN = "/admin/"


class ContentPolicyMiddleware(CSPMiddleware):
    """Adds to the policy under /admin/ what its theme cannot do without."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts: PolicyParts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(ADMIN):
            parts.update = {**(parts.update or {}), "script-src": ["'unsafe-eval'"]}
        return parts
