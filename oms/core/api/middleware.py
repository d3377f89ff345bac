"""Gives each request an identifier and its actor's context, and API failures problem+json."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from oms.core import clock
from oms.core.api import problems
from oms.core.api.rendering import JsonRenderer
from oms.core.context import acting, new_request_id

logger = logging.getLogger("oms.request")

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,80}$")


def is_api(request: HttpRequest) -> bool:
    """This function will tell whether the caller expects JSON whatever happens."""
    return request.path.startswith("/api/v1/")


def problem_response(body: dict[str, object]) -> HttpResponse:
    """This function will return a problem outside DRF's own rendering."""
    return HttpResponse(
        JsonRenderer().render(body),
        status=int(str(body["status"])),
        content_type=problems.CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )


class RequestContextMiddleware:
    """Sets the request id, answers oversized bodies early, logs one line per request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID.match(given) else new_request_id()
        started = clock.monotonic()
        with acting(request_id=request_id, actor="anonymous"):
            response = self._answer(request)
            response["X-Request-Id"] = request_id
            self._log(request, response, started)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        request.get_host()  # refuses foreign Host headers on every path, not only where it is read
        # No database takes NUL, and no row has this name: the route answers as for any unknown one.
        request.path_info = request.path_info.replace("\x00", "\ufffd")
        try:
            response = self.get_response(request)
        except RequestDataTooBig:
            return problem_response(problems.too_large())
        if is_api(request) and response.status_code >= 400 and not _is_json(response):
            return problem_response(
                problems.problem(
                    status=response.status_code,
                    code=_CODES.get(response.status_code, "error"),
                    title=response.reason_phrase or "Error",
                )
            )
        return response

    def _log(self, request: HttpRequest, response: HttpResponseBase, started: float) -> None:
        # Paths of tracking pages carry a secret; the route is enough.
        path = "/track/…" if request.path.startswith("/track/") else request.path
        level = logging.WARNING if response.status_code >= 500 else logging.DEBUG
        logger.log(
            level,
            "request",
            extra={
                "status": response.status_code,
                "method": request.method,
                "path": path,
                "duration_ms": round((clock.monotonic() - started) * 1000, 1),
            },
        )


_CODES = {400: "malformed_request", 404: "not_found", 405: "method_not_allowed", 500: "internal"}


def _is_json(response: HttpResponseBase) -> bool:
    return "json" in response.headers.get("Content-Type", "")
