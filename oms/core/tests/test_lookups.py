"""`among` finds what `in` finds, with one parameter."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db


def _keys(**wanted: object) -> set[int]:
    return set(Permission.objects.filter(**wanted).values_list("pk", flat=True))


@pytest.mark.parametrize("name", ["id", "content_type_id", "codename"])
def test_among_finds_what_in_finds(name: str) -> None:
    values = list(Permission.objects.order_by("?").values_list(name, flat=True)[:40])

    assert _keys(**{f"{name}__among": values}) == _keys(**{f"{name}__in": values}) != set()


def test_nothing_is_among_nothing() -> None:
    assert _keys(codename__among=[]) == set()


def test_a_text_is_compared_as_it_is() -> None:
    odd = 'add_"{quoted}", \\ and {more}'
    permission = Permission.objects.order_by("pk")[0]
    Permission.objects.filter(pk=permission.pk).update(codename=odd)

    assert _keys(codename__among=["x", odd]) == {permission.pk}


def test_any_number_is_the_same_statement() -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        _keys(codename__among=["a"])
    with CaptureQueriesContext(connection) as many:
        _keys(codename__among=["a"] * 500)

    assert len(many[0]["sql"]) < len(few[0]["sql"]) + 500 * 5
