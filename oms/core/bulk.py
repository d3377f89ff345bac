"""Set-based writes: one statement for any number of rows, whatever the table.

`unnest()` over one array per column costs a fraction of one INSERT per row and keeps the number of
statements constant (docs/adr/0002).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection, models
from psycopg.types.json import Jsonb

from oms.core.transactions import needs_transaction

_JSON_TYPES = {"jsonb"}
_LENGTH = re.compile(r"varchar\(\d+\)")


@cache
def column_of(model: type[models.Model], name: str) -> tuple[str, str]:
    """This function will return the column and the type of a field, by its name or attname."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    target: models.Field[Any, Any] = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    kind = target.rel_db_type(connection) if target is not field else target.db_type(connection)
    assert kind is not None
    # A cast to varchar(n) would cut a longer text in silence; without n the column refuses it.
    return field.column, _LENGTH.sub("varchar", kind)


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


def spread(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[list[str], list[Any]]:
    """This function will return what `unnest()` needs for rows of the given column types.

    One typed placeholder and one parameter per column. Array columns cannot be unnested (that
    flattens them): they travel as JSON, see `column_value`.
    """
    placeholders = [f"%s::{'jsonb' if _is_array(kind) else kind}[]" for kind in columns]
    params = [[_prepare(row[index], kind) for row in rows] for index, kind in enumerate(columns)]
    return placeholders, params


def column_value(kind: str, name: str) -> str:
    """This function will return the SQL that reads an unnested column as its own type."""
    if not _is_array(kind):
        return name
    elements = f"SELECT jsonb_array_elements_text({name})"
    return f"CASE WHEN {name} IS NOT NULL THEN ARRAY({elements})::{kind} END"


def _prepare(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if _is_array(kind):
        return Jsonb(list(value))
    return Jsonb(value) if kind in _JSON_TYPES else value


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

    Every row has the same keys: field names or attnames (`order_id`). Fields left out are NULL:
    the database knows no defaults. `on_conflict` and `returning` are trusted SQL from the service.

    :returns: what RETURNING yields, else an empty list.
    """
    if not rows:
        return []
    names = list(rows[0])
    columns = [column_of(model, name) for name in names]
    kinds = [kind for _, kind in columns]
    arrays, params = spread(kinds, [[row[name] for name in names] for row in rows])
    selects = [column_value(kind, f"c{index}") for index, kind in enumerate(kinds)]
    sql = (
        f'INSERT INTO "{model._meta.db_table}" '
        f"({', '.join(chr(34) + column + chr(34) for column, _ in columns)}) "
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
    columns = [column_of(model, name) for name in names]
    kinds = [kind for _, kind in columns]
    arrays, params = spread(kinds, [[row[name] for name in names] for row in rows])
    aliases = ", ".join(f"c{i}" for i in range(len(names)))
    key_index = names.index(key)
    sets = ", ".join(
        f'"{column}" = {column_value(kind, f"d.c{i}")}'
        for i, (column, kind) in enumerate(columns)
        if i != key_index
    )
    sql = (
        f'UPDATE "{model._meta.db_table}" AS t SET {sets} '
        f"FROM unnest({', '.join(arrays)}) AS d({aliases}) "
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
