"""The door of the API: bearer keys only, one 401, scopes denied by default."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.context import acting, current
from oms.infra.accounts.services import keys, organizations

pytestmark = pytest.mark.django_db


class WhoAmI(APIView):
    required_scope: Any = "orders:read"

    def get(self, request: Any) -> Response:
        return Response(
            {
                "organization": request.auth.organization_id,
                "actor": current().actor,
                "is_person": request.user.is_authenticated,
            }
        )

    post = get


def _get(header: str | None, method: str = "get", **attributes: Any) -> HttpResponse:
    extra = {} if header is None else {"HTTP_AUTHORIZATION": header}
    request = getattr(RequestFactory(), method)("/api/v1/whoami", **extra)
    with acting(actor="anonymous", request_id="req_test"):
        response = WhoAmI.as_view(**attributes)(request)
        response.render()
    return response


@pytest.fixture
def made() -> keys.NewKey:
    return keys.create(
        organization_id=organizations.ensure_operator().pk,
        name="Shop",
        scopes=["orders:read"],
        created_by="staff:1",
    )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_opens_the_door_and_becomes_the_actor(made: keys.NewKey, scheme: str) -> None:
    response = _get(f"{scheme} {made.text}")
    assert response.status_code == 200
    assert json.loads(response.content) == {
        "organization": made.key.organization_id,
        "actor": f"key:{made.key.key_id}",
        "is_person": False,
    }


def test_the_actor_is_gone_after_the_request(made: keys.NewKey) -> None:
    _get(f"Bearer {made.text}")
    assert current().actor != f"key:{made.key.key_id}"


def test_every_failure_is_one_answer(made: keys.NewKey) -> None:
    headers = [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        f"Bearer {made.text}x",
        f"Bearer {made.text} {made.text}",
        f"Basic {made.text}",
        f"Token {made.text}",
        made.text,
        "Bearer \u00e9",
    ]
    answers = [_get(header) for header in headers]
    keys.revoke(key_id=made.key.key_id, actor="staff:1")
    answers.append(_get(f"Bearer {made.text}"))
    assert {a.status_code for a in answers} == {401}
    assert {a["WWW-Authenticate"] for a in answers} == {"Bearer"}
    assert {a["Content-Type"] for a in answers} == {"application/problem+json"}
    assert len({a.content for a in answers}) == 1
    assert json.loads(answers[0].content)["code"] == "auth.invalid_key"


def test_the_key_is_read_from_the_header_only(made: keys.NewKey) -> None:
    request = RequestFactory().get(
        f"/api/v1/whoami?key={made.text}&access_token={made.text}", HTTP_X_API_KEY=made.text
    )
    assert WhoAmI.as_view()(request).status_code == 401


@pytest.mark.parametrize(
    ("needed", "method", "status", "code"),
    [
        ("orders:read", "get", 200, None),
        ("orders:write", "get", 403, "auth.missing_scope"),
        (None, "get", 403, "auth.missing_scope"),
        ({"GET": "orders:read", "POST": "orders:write"}, "get", 200, None),
        ({"GET": "orders:read", "POST": "orders:write"}, "post", 403, "auth.missing_scope"),
        ({"GET": "orders:read"}, "post", 403, "auth.missing_scope"),
    ],
)
def test_a_view_is_closed_without_its_scope(
    made: keys.NewKey, needed: Any, method: str, status: int, code: str | None
) -> None:
    response = _get(f"Bearer {made.text}", method, required_scope=needed)
    assert response.status_code == status
    assert json.loads(response.content).get("code") == code
