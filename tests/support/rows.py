"""How many rows every table of ours has, so that a refusal can prove that it stored nothing."""

from __future__ import annotations

from django.apps import apps
from django.db import connection

_OURS = ("oms.", "orders", "inventory", "routing", "carriers", "returns")


def count_all() -> dict[str, int]:
    """This function will count the rows of each table of ours, in one statement."""
    tables = sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith(_OURS) and model._meta.managed
    )
    counts = " UNION ALL ".join(f'SELECT %s, count(*) FROM "{table}"' for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(counts, tables)
        return dict(cursor.fetchall())
