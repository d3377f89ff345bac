"""Problems: one shape for every failure, naming the field, never a stack trace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from oms.core.api import problems
from oms.core.context import acting
from oms.core.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    OmsError,
    Unavailable,
)


class _LineIn(serializers.Serializer):
    sku = serializers.CharField(max_length=5)
    quantity = serializers.IntegerField(min_value=1)


class _OrderIn(serializers.Serializer):
    tier = serializers.ChoiceField(choices=["standard", "economy"])
    lines = _LineIn(many=True, allow_empty=False)

    def validate(self, attrs: Any) -> Any:
        if attrs["tier"] == "economy":
            raise serializers.ValidationError("Not today.", code="not_today")
        return attrs


def _answer(error: Exception, **request: Any) -> Any:
    class Raises(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request: Any) -> None:
            raise error

    with acting(request_id="req_test"):
        response = Raises.as_view()(APIRequestFactory().get("/api/v1/x", **request))
        response.render()
    return response


def _errors(data: Any) -> dict[str, str]:
    with pytest.raises(exceptions.ValidationError) as caught:
        _OrderIn(data=data).is_valid(raise_exception=True)
    body = json.loads(_answer(caught.value).content)
    assert (body["status"], body["code"]) == (422, "invalid_fields")
    return {error["pointer"]: error["code"] for error in body["errors"]}


@pytest.mark.parametrize(
    ("kind", "status"),
    [(Invalid, 422), (NotFound, 404), (Forbidden, 403), (Conflict, 409), (Unavailable, 503)],
)
def test_the_five_kinds_have_their_status(kind: type[OmsError], status: int) -> None:
    response = _answer(
        kind(
            "Look again.",
            code="orders.moved",
            errors=[FieldError("/lines/0", "gone", "Choose another.")],
            data={"sku": "A"},
            retry_after_s=7,
        )
    )
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert (response["Cache-Control"], response["Retry-After"]) == ("no-store", "7")
    assert json.loads(response.content) == {
        "type": "/problems/orders.moved",
        "title": kind.title,
        "status": status,
        "code": "orders.moved",
        "detail": "Look again.",
        "errors": [{"pointer": "/lines/0", "code": "gone", "detail": "Choose another."}],
        "request_id": "req_test",
        "sku": "A",
    }


def test_an_error_without_words_says_its_title() -> None:
    class Gone(NotFound):
        code = "orders.gone"
        title = "The order is gone"

    error = Gone()
    assert (error.detail, error.code, str(error)) == (
        "The order is gone",
        "orders.gone",
        "orders.gone: The order is gone",
    )
    assert (Gone.is_retryable, Unavailable.is_retryable) == (False, True)


def test_data_of_an_error_never_hides_the_problem_s_own_members() -> None:
    body = problems.from_error(
        Conflict("No.", data={"status": "shipped", "code": "x", "type": "y"})
    )
    assert (body["status"], body["code"], body["type"]) == (409, "conflict", "/problems/conflict")


def test_each_wrong_field_has_its_pointer() -> None:
    assert _errors({"tier": "now", "lines": [{"sku": "A", "quantity": 1}, {"sku": "TOOLONG"}]}) == {
        "/tier": "invalid_choice",
        "/lines/1/sku": "max_length",
        "/lines/1/quantity": "required",
    }


def test_missing_empty_and_wrongly_shaped_lists_have_theirs() -> None:
    assert _errors({"tier": "standard"}) == {"/lines": "required"}
    assert _errors({"tier": "standard", "lines": []}) == {"/lines": "empty"}
    assert _errors({"tier": "standard", "lines": "A"}) == {"/lines": "not_a_list"}
    assert _errors({"tier": "standard", "lines": [7]}) == {"/lines/0": "invalid"}
    assert _errors([]) == {"/": "invalid"}


def test_a_rule_of_the_whole_points_at_the_whole() -> None:
    body = {"tier": "economy", "lines": [{"sku": "A", "quantity": 1}]}
    assert _errors(body) == {"/": "not_today"}


def test_keys_are_escaped_in_pointers() -> None:
    error = exceptions.ValidationError({"a/b": {"c~d": ["Wrong."]}})
    [found] = json.loads(_answer(error).content)["errors"]
    assert found == {"pointer": "/a~1b/c~0d", "code": "invalid", "detail": "Wrong."}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/xml"), 415, "unsupported_media_type"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.NotFound(), 404, "not_found"),
        (Http404("secret"), 404, "not_found"),
        (PermissionDenied("secret"), 403, "forbidden"),
        (RequestDataTooBig(), 413, "payload_too_large"),
    ],
)
def test_the_framework_s_own_errors_have_the_same_shape(
    error: Exception, status: int, code: str
) -> None:
    response = _answer(error)
    body = json.loads(response.content)
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert body["request_id"] == "req_test"
    assert b"secret" not in response.content


def test_a_limit_says_when_to_come_back() -> None:
    response = _answer(exceptions.Throttled(wait=30.2))
    assert (response.status_code, response["Retry-After"]) == (429, "31")


def test_an_unexpected_error_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        _answer(ZeroDivisionError())
