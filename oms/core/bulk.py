"""Set-based writes: one statement for any number of rows, whatever the table.

One JSON document of all rows costs a fraction of one INSERT per row and keeps the number of
statements constant (docs/adr/0002).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
from django.db import connection, models

from oms.core.transactions import is_first, needs_transaction

#: What travels as another type: JSON has no bytes.
_TRANSPORT = {"bytea": "text"}
_LENGTH = re.compile(r"(?:varchar|character varying)\(\d+\)")


@cache
def column_of(model: type[models.Model], name: str) -> tuple[str, str]:
    """This function will return the column and the type of a field, by its name or attname."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    target: models.Field[Any, Any] = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    kind = target.rel_db_type(connection) if target is not field else target.db_type(connection)
    assert kind is not None and field.column is not None
    # A cast to varchar(n) would cut a longer text in silence; without n the column refuses it.
    return field.column, _LENGTH.sub("varchar", kind)


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """This function will reserve `count` primary keys in one statement, ascending."""
    if count == 0:
        return []
    with connection.cursor() as cursor:
        # The name that PostgreSQL gives the sequence of an identity column.
        sequence = f'"{model._meta.db_table}_id_seq"'
        cursor.execute(
            "SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, count]
        )
        return [row[0] for row in cursor.fetchall()]


def recordset(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> tuple[str, str]:
    """This function will return rows as one table function and its one parameter.

    `columns` are (name, type) pairs. Read the columns through `column_value`. JSON is by far the
    cheapest way in: the driver would quote every element of every array in Python.
    """
    names = [name for name, _ in columns]
    body = orjson.dumps(
        # Not strict: it would be asked of every row.
        [dict(zip(names, row)) for row in rows],  # noqa: B905
        default=_plain,
        option=orjson.OPT_NON_STR_KEYS,
    )
    shape = ", ".join(f"{name} {_TRANSPORT.get(kind, kind)}" for name, kind in columns)
    return f"json_to_recordset(%s::json) AS ({shape})", body.decode()


def column_value(kind: str, name: str) -> str:
    """This function will return the SQL that reads a recordset's column as its own type."""
    return f"decode({name}, 'hex')" if kind == "bytea" else name


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return value.hex()
    raise TypeError(f"{type(value).__name__} has no place in a row")


@needs_transaction
def insert_rows(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    names: Sequence[str] = (),
    on_conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """This function will insert all rows in one statement.

    Every row has the same keys: field names or attnames (`order_id`); `names` says which of them
    are written where a row has more, as the `__dict__` of an instance has. Fields left out are
    NULL: the database knows no defaults. `on_conflict` and `returning` are trusted SQL from the
    service.

    :returns: what RETURNING yields, else an empty list.
    """
    if not rows:
        return []
    names = names or list(rows[0])
    columns = [column_of(model, name) for name in names]
    source, body = _recordset_of(names, columns, rows)
    selects = ", ".join(column_value(kind, f"c{i}") for i, (_, kind) in enumerate(columns))
    aliases = ", ".join(f"c{i}" for i in range(len(names)))
    sql = (
        f'INSERT INTO "{model._meta.db_table}" '
        f"({', '.join(chr(34) + column + chr(34) for column, _ in columns)}) "
        f"SELECT {selects} FROM ROWS FROM ({source}) WITH ORDINALITY AS d({aliases}, o) ORDER BY o "
        f"{on_conflict} {'RETURNING ' + returning if returning else ''}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [body])
        return cursor.fetchall() if returning else []


@needs_transaction
def update_rows(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: str = "id",
    names: Sequence[str] = (),
) -> int:
    """This function will update each row by `key` in one statement; `names` as in `insert_rows`,
    the key among them.

    :returns: how many rows matched.
    """
    if not rows:
        return 0
    names = names or list(rows[0])
    columns = [column_of(model, name) for name in names]
    source, body = _recordset_of(names, columns, rows)
    key_index = names.index(key)
    sets = ", ".join(
        f'"{column}" = {column_value(kind, f"d.c{i}")}'
        for i, (column, kind) in enumerate(columns)
        if i != key_index
    )
    aliases = ", ".join(f"c{i}" for i in range(len(names)))
    sql = (
        f'UPDATE "{model._meta.db_table}" AS t SET {sets} '
        f"FROM ROWS FROM ({source}) AS d({aliases}) "
        f'WHERE t."{columns[key_index][0]}" = d.c{key_index}'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [body])
        return int(cursor.rowcount)


def _recordset_of(
    names: Sequence[str],
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Mapping[str, Any]],
) -> tuple[str, str]:
    shape = [(f"c{i}", kind) for i, (_, kind) in enumerate(columns)]
    return recordset(shape, map(_getter(tuple(names)), rows))


@cache
def _getter(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) == 1:
        [name] = names
        return lambda row: (row[name],)
    return itemgetter(*names)


@needs_transaction
def notify(channel: str) -> None:
    """This function will wake whoever LISTENs, when the transaction commits; twice is once."""
    if not is_first(f"notify {channel}"):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {connection.ops.quote_name(channel)}")
