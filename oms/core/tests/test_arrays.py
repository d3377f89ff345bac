"""What goes into an array of the database comes out of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from oms.core import arrays

pytestmark = pytest.mark.django_db


def _read(text: str, kind: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [text])
        return cursor.fetchone()[0]


def test_texts_come_back_whatever_they_contain() -> None:
    given = ["plain", "", "NULL", "a,b", "{c}", 'say "x"', "back\\slash", "\\", " é\n\t'%s"]

    assert _read(arrays.texts(given), "text") == given
    assert _read(arrays.texts([]), "text") == []


def test_numbers_days_and_times_come_back_and_none_is_null() -> None:
    moment = datetime(2026, 3, 2, 12, 30, 15, 123456, tzinfo=UTC)

    assert _read(arrays.bare([1, -(2**62)]), "bigint") == [1, -(2**62)]
    assert _read(arrays.bare([None, date(2026, 3, 2)]), "date") == [None, date(2026, 3, 2)]
    assert _read(arrays.bare([moment]), "timestamptz") == [moment]
    assert _read(arrays.bare([]), "bigint") == []
