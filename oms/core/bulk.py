"""Set-based writes: one statement for any number of rows, whatever the table.

`unnest()` over one array per column costs a fraction of one INSERT per row and keeps the number of
statements constant (docs/adr/0002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection, models
from psycopg.types.json import Jsonb

from oms.core.transactions import needs_transaction

_JSON_TYPES = {"jsonb"}


@cache
def _column(model: type[models.Model], name: str) -> tuple[str, str, models.Field[Any, Any]]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    target: models.Field[Any, Any] = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    kind = target.rel_db_type(connection) if target is not field else target.db_type(connection)
    assert kind is not None
    return field.column, kind, field


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """This function will reserve `count` primary keys in one statement, ascending."""
    if count == 0:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def _prepare(value: Any, kind: str) -> Any:
    return Jsonb(value) if kind in _JSON_TYPES and value is not None else value


def _is_array(kind: str) -> bool:
    return kind.endswith("[]")


@needs_transaction
def insert_rows(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """This function will insert all rows in one statement.

    Every row has the same keys: field names or attnames (`order_id`). Fields left out take the
    model's plain default, computed once per row by the caller's choice; pass what matters.
    `on_conflict` and `returning` are trusted SQL from the calling service.

    :returns: what RETURNING yields, else an empty list.
    """
    if not rows:
        return []
    names = list(rows[0])
    columns = [_column(model, name) for name in names]
    # Array columns cannot be unnested (unnest flattens them): they travel as JSON.
    selects, arrays, params = [], [], []
    for index, (name, (_, kind, _field)) in enumerate(zip(names, columns, strict=True)):
        values = [row[name] for row in rows]
        if _is_array(kind):
            base = kind.removesuffix("[]")
            selects.append(f"ARRAY(SELECT jsonb_array_elements_text(c{index}))::{base}[]")
            arrays.append("%s::jsonb[]")
            params.append([Jsonb(list(value or [])) for value in values])
        else:
            selects.append(f"c{index}")
            arrays.append(f"%s::{kind}[]")
            params.append([_prepare(value, kind) for value in values])
    sql = (
        f'INSERT INTO "{model._meta.db_table}" '
        f"({', '.join(chr(34) + column + chr(34) for column, _, _ in columns)}) "
        f"SELECT {', '.join(selects)} FROM unnest({', '.join(arrays)}) "
        f"WITH ORDINALITY AS t({', '.join(f'c{i}' for i in range(len(names)))}, o) ORDER BY o "
        f"{on_conflict} {'RETURNING ' + returning if returning else ''}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if returning else []


@needs_transaction
def update_rows(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: str = "id",
) -> int:
    """This function will update each row by `key` in one statement.

    :returns: how many rows matched.
    """
    if not rows:
        return 0
    names = list(rows[0])
    columns = [_column(model, name) for name in names]
    arrays = ", ".join(f"%s::{kind}[]" for _, kind, _ in columns)
    aliases = ", ".join(f"c{i}" for i in range(len(names)))
    key_index = names.index(key)
    sets = ", ".join(
        f'"{column}" = d.c{i}' for i, (column, _, _) in enumerate(columns) if i != key_index
    )
    params = [
        [_prepare(row[name], kind) for row in rows]
        for name, (_, kind, _field) in zip(names, columns, strict=True)
    ]
    sql = (
        f'UPDATE "{model._meta.db_table}" AS t SET {sets} '
        f"FROM unnest({arrays}) AS d({aliases}) "
        f'WHERE t."{columns[key_index][0]}" = d.c{key_index}'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


@needs_transaction
def notify(channel: str) -> None:
    """This function will wake whoever LISTENs, when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {connection.ops.quote_name(channel)}")
