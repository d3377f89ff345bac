"""Pages of the board and of tracking: complete without scripts, kept live by the sockets."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from oms.cockpit.dashboards import access, error_pages, rate_limits
from oms.cockpit.dashboards.access import Sight
from oms.cockpit.dashboards.selectors import board as board_selectors
from oms.cockpit.dashboards.selectors import tracking_page
from orders import tracking_links

#: Requests a minute from one address to tracking pages.
TRACK_LIMIT = 60

#: A link to an order is a secret: not kept, not indexed, not told to the next page.
_SECRET_PAGE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@never_cache
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The operations board, for staff."""
    sight = access.sight_of(request.user)
    if sight is None:
        return redirect_to_login(request.get_full_path())
    return render(request, "dashboards/board.html", {"data": _board(sight)})


@never_cache
@require_safe
def board_data(request: HttpRequest) -> HttpResponse:
    """The same as data, for a page that missed something."""
    sight = access.sight_of(request.user)
    if sight is None:
        return JsonResponse({"code": "not_logged_in"}, status=401)
    return _copy(_board(sight))


def _board(sight: Sight) -> dict[str, Any]:
    return board_selectors.snapshot(node_codes=sight.node_codes)


def _copy(data: dict[str, Any]) -> JsonResponse:
    # Frames are numbered per process and this may be another one: 0 lets every frame that waits
    # at the page be shown after the copy.
    return JsonResponse({"seq": 0, "data": data})


Page = Callable[[HttpRequest, str], HttpResponse]


def _public(view: Page) -> Page:
    """Limits an address and marks every answer, also the refusals, as a secret page."""

    @require_safe
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        wait_s = rate_limits.take(
            name="track", who=request.META.get("REMOTE_ADDR", ""), limit=TRACK_LIMIT
        )
        answer = error_pages.too_many(request, wait_s) if wait_s else view(request, token)
        for name, value in _SECRET_PAGE.items():
            answer[name] = value
        return answer

    return guarded


@_public
def track(request: HttpRequest, token: str) -> HttpResponse:
    """One order's page; a link that leads nowhere looks the same whatever is wrong with it."""
    data = _track(token)
    if data is None:
        return error_pages.not_found(request)
    return render(request, "dashboards/tracking.html", {"data": data})


@_public
def track_data(_request: HttpRequest, token: str) -> HttpResponse:
    """The same as data, for a page that missed something."""
    data = _track(token)
    if data is None:
        return JsonResponse({"code": "not_found"}, status=404)
    return _copy(data)


def _track(token: str) -> dict[str, Any] | None:
    # Malformed tokens are looked up too: no difference in time tells them apart.
    return tracking_page.find(tracking_hash=tracking_links.hash_of(token))
