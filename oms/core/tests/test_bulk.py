"""Set-based writes: every kind of column arrives as it was, nothing is cut, one statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import DataError, IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from oms.core import bulk
from oms.core.models import AmountField
from oms.core.transactions import TransactionRequired, unit

pytestmark = pytest.mark.django_db
AT = datetime(2018, 3, 4, 12, 30, 15, 123456, tzinfo=UTC)


class Parcel(models.Model):
    """A throwaway table with a column of every kind."""

    text = models.CharField(max_length=8)
    number = models.BigIntegerField()
    amount = AmountField(null=True)
    share = models.FloatField(null=True)
    at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    is_open = models.BooleanField(null=True)
    sealed = models.BinaryField(null=True)
    ref = models.UUIDField(null=True)
    payload = models.JSONField(null=True)
    tags = ArrayField(models.CharField(max_length=20), null=True)
    counts = ArrayField(models.IntegerField(), null=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, db_constraint=False)

    objects: ClassVar[Any]

    class Meta:
        app_label = "core"
        managed = False
        db_table = "core_test_parcel"


@pytest.fixture(autouse=True)
def table(db: None) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Parcel)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Parcel)


@pytest.fixture(scope="module", autouse=True)
def unregistered() -> Iterator[None]:
    yield
    apps.all_models["core"].pop("parcel")
    apps.clear_cache()


def _row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "text": "text",
        "number": number,
        "amount": None,
        "share": None,
        "at": None,
        "day": None,
        "is_open": None,
        "sealed": None,
        "ref": None,
        "payload": None,
        "tags": None,
        "counts": None,
        "parent_id": None,
        **changes,
    }


FULL = {
    "text": 'é"\\\n\t{}',
    "amount": Decimal("12345678901234.5678"),
    "share": 0.1 + 0.2,
    "at": AT,
    "day": AT.date(),
    "is_open": False,
    "sealed": bytes(range(256)),
    "ref": UUID(int=1),
    "payload": {"a": [1, 2.5, None, "é", {"b": True}], "": "", "1": "x"},
    "tags": ["a,b", '"c"', "{d}", "", "NULL"],
    "counts": [3, -1, 0],
    "parent_id": 7,
}


def _insert(*rows: dict[str, Any], **options: Any) -> list[tuple[Any, ...]]:
    with unit():
        return bulk.insert_rows(Parcel, rows, **options)


def _values(number: int) -> dict[str, Any]:
    [values] = Parcel.objects.filter(number=number).values()
    if values["sealed"] is not None:
        values["sealed"] = bytes(values["sealed"])
    return {name: value for name, value in values.items() if name not in ("id", "number")}


def test_every_kind_of_value_arrives_as_it_was() -> None:
    _insert(_row(1, **FULL), _row(2))
    assert _values(1) == FULL
    assert _values(2) == {**dict.fromkeys(FULL), "text": "text"}


@pytest.mark.parametrize("payload", [{}, [], "text", "", 0, True, {"x": None}, [[]], {1: 2}])
def test_json_of_every_shape_arrives(payload: Any) -> None:
    _insert(_row(1, payload=payload))
    expected = {"1": 2} if payload == {1: 2} else payload
    stored = Parcel.objects.get().payload
    assert (stored, type(stored)) == (expected, type(expected))


def test_an_empty_array_is_not_null() -> None:
    _insert(_row(1, tags=[], counts=[]), _row(2))
    assert list(Parcel.objects.order_by("number").values_list("tags", "counts")) == [
        ([], []),
        (None, None),
    ]


def test_rows_are_inserted_in_order() -> None:
    ids = _insert(*(_row(number) for number in range(500)), returning="id, number")
    assert [number for _, number in ids] == list(range(500))
    assert ids == sorted(ids)


def test_too_long_a_text_is_refused_not_cut() -> None:
    with pytest.raises(DataError), transaction.atomic():
        _insert_in_block(_row(1, text="x" * 9))
    with pytest.raises(DataError), transaction.atomic():
        _insert_in_block(_row(1, tags=["x" * 21]))
    assert not Parcel.objects.exists()


def _insert_in_block(row: dict[str, Any]) -> None:
    # A failed statement ends its savepoint; the unit stands outside of it in real life.
    bulk.insert_rows.__wrapped__(Parcel, [row])  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [object(), timedelta(seconds=1), 2**70, "\ud800"])
def test_what_has_no_place_in_a_row_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError):
        _insert(_row(1, payload=value))
    assert not Parcel.objects.exists()


def test_a_conflict_is_answered_as_the_service_says() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX core_test_once ON core_test_parcel (number)")
    _insert(_row(1, text="first"))
    answer = _insert(
        _row(1, text="second"),
        _row(2, text="third"),
        on_conflict="ON CONFLICT (number) DO NOTHING",
        returning="number",
    )
    assert answer == [(2,)]
    assert sorted(Parcel.objects.values_list("number", "text")) == [(1, "first"), (2, "third")]


def test_foreign_keys_hold() -> None:
    history = apps.get_model("jobs", "JobStatusChange")
    row = {"trigger": "start", "from_status": "", "to_status": "", "actor": "", "reason": ""}
    with pytest.raises(IntegrityError), unit():
        bulk.insert_rows(history, [{**row, "at": AT, "subject": 999_999}])
        connection.check_constraints()


def test_each_row_is_updated_by_its_key() -> None:
    ids = _insert(*(_row(number) for number in range(3)), returning="id")
    with unit():
        changed = bulk.update_rows(
            Parcel,
            [
                {"id": ids[0][0], **FULL},
                {"id": ids[2][0], **dict.fromkeys(FULL), "text": "b"},
                {"id": -1, **FULL},
            ],
        )
    assert changed == 2
    assert _values(0) == FULL
    assert _values(1)["text"] == "text"
    assert _values(2) == {**dict.fromkeys(FULL), "text": "b"}


def test_another_column_can_be_the_key() -> None:
    _insert(_row(5), _row(6))
    with unit():
        assert bulk.update_rows(Parcel, [{"text": "six", "number": 6}], key="number") == 1
    assert sorted(Parcel.objects.values_list("number", "text")) == [(5, "text"), (6, "six")]


def test_any_number_of_rows_is_one_statement() -> None:
    rows = [_row(number, ref=uuid4()) for number in range(300)]
    with CaptureQueriesContext(connection) as queries, unit():
        bulk.insert_rows(Parcel, rows)
        bulk.update_rows(Parcel, [{"number": n, "text": "x"} for n in range(300)], key="number")
    statements = [q["sql"].split()[0] for q in queries if "SAVEPOINT" not in q["sql"]]
    assert statements == ["INSERT", "UPDATE"]


def test_nothing_to_do_is_no_statement() -> None:
    with CaptureQueriesContext(connection) as queries, unit():
        assert bulk.insert_rows(Parcel, []) == []
        assert bulk.update_rows(Parcel, []) == 0
        assert bulk.next_ids(Parcel, 0) == []
    assert [q for q in queries if "SAVEPOINT" not in q["sql"]] == []


def test_reserved_keys_are_ascending_and_never_given_twice() -> None:
    first, second = bulk.next_ids(Parcel, 3), bulk.next_ids(Parcel, 2)
    assert first + second == sorted({*first, *second})
    assert len(first + second) == 5
    [(given,)] = _insert(_row(1), returning="id")
    assert given > second[-1]


def test_writing_needs_a_transaction() -> None:
    for call in (
        lambda: bulk.insert_rows(Parcel, [_row(1)]),
        lambda: bulk.update_rows(Parcel, [{"id": 1, "text": "x"}]),
        lambda: bulk.notify("outbox"),
    ):
        with pytest.raises(TransactionRequired):
            call()
    assert not Parcel.objects.exists()
