"""Every failure of the API is one `application/problem+json` (RFC 9457) naming field and fix."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from oms.core.api.parsing import escape_pointer
from oms.core.context import current
from oms.core.errors import FieldError, OmsError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


def problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str = "",
    errors: Iterable[FieldError] = (),
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """This function will return a problem's body: type, title, status, code, detail, errors."""
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
        "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in errors],
        "request_id": current().request_id,
    }
    return {**(data or {}), **body}


def from_error(error: OmsError) -> dict[str, Any]:
    """This function will return the problem body of a typed error."""
    return problem(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        errors=error.errors,
        data=error.data,
    )


def respond(body: dict[str, Any], *, retry_after_s: int | None = None) -> Response:
    """This function will wrap a problem body into a response."""
    response = Response(body, status=body["status"], content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    if retry_after_s is not None:
        response["Retry-After"] = str(retry_after_s)
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """This function will turn any anticipated exception into a problem; others stay exceptions."""
    if isinstance(error, OmsError):
        return respond(from_error(error), retry_after_s=error.retry_after_s)
    if isinstance(error, exceptions.ValidationError):
        return respond(from_validation(error))
    if isinstance(error, exceptions.APIException):
        return _from_drf(error)
    if isinstance(error, Http404):
        return respond(problem(status=404, code="not_found", title="Not found"))
    if isinstance(error, PermissionDenied):
        return respond(problem(status=403, code="forbidden", title="Forbidden"))
    if isinstance(error, RequestDataTooBig):
        return respond(too_large())
    return None


def too_large() -> dict[str, Any]:
    """This function will return the problem of a body above the limit."""
    return problem(
        status=413,
        code="payload_too_large",
        title="Payload too large",
        detail="Send at most 5 MB, or split the orders over several requests.",
    )


def from_validation(error: exceptions.ValidationError) -> dict[str, Any]:
    """This function will return the problem of fields that a serializer refused."""
    return problem(
        status=422,
        code="invalid_fields",
        title="Invalid",
        detail="Some fields are wrong; see errors.",
        errors=_flatten(error.detail, ""),
    )


def _flatten(detail: Any, pointer: str) -> list[FieldError]:
    if isinstance(detail, Mapping):
        pairs: Iterable[tuple[Any, Any]] = detail.items()
    elif isinstance(detail, list):
        if all(isinstance(item, str) for item in detail):
            return [FieldError(pointer or "/", item.code, str(item)) for item in detail]
        pairs = enumerate(detail)
    else:
        return [FieldError(pointer or "/", getattr(detail, "code", "invalid"), str(detail))]
    found: list[FieldError] = []
    for key, value in pairs:
        child = pointer if key == "non_field_errors" else f"{pointer}/{escape_pointer(str(key))}"
        found += _flatten(value, child)
    return found


def _from_drf(error: exceptions.APIException) -> Response:
    status = error.status_code
    code = error.get_codes()
    response = respond(
        problem(
            status=status,
            code=code if isinstance(code, str) else "invalid",
            title=HTTPStatus(status).phrase,
            detail=str(error.detail),
        ),
        retry_after_s=math.ceil(error.wait) if getattr(error, "wait", None) else None,  # type: ignore[attr-defined]
    )
    return response
