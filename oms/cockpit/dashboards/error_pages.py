"""Error pages in words, without the database, the session or the manifest of static files."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from oms.core.context import current


def not_found(_request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """This function will answer 404, with the same bytes for everything that is not here."""
    return _page(404)


def bad_request(_request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(400)


def forbidden(_request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(403)


def csrf_failure(_request: HttpRequest, reason: str = "") -> HttpResponse:
    """This function will answer 403 to a form without its proof, saying no more."""
    return _page(403)


def server_error(_request: HttpRequest) -> HttpResponse:
    """This function will answer 500 with the reference that the log has too."""
    return _page(500, request_id=current().request_id)


def too_many(_request: HttpRequest, wait_s: int) -> HttpResponse:
    """This function will answer 429 and say when to come again."""
    answer = _page(429)
    answer["Retry-After"] = str(wait_s)
    return answer


def _page(status: int, **context: str) -> HttpResponse:
    html = render_to_string(f"errors/{status}.html", context)
    return HttpResponse(html, status=status, headers={"Cache-Control": "no-store"})
