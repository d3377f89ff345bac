"""Which columns a channel's files have: remembered from one import to the next."""

from __future__ import annotations

from collections.abc import Mapping

from oms.core.transactions import needs_transaction
from orders.importing.columns import fold
from orders.models import ImportMapping


def saved(*, channel_id: int) -> dict[str, str]:
    """This function will return the field of each folded column name that the channel used."""
    row = ImportMapping.objects.filter(channel_id=channel_id).first()
    return dict(row.columns) if row else {}


@needs_transaction
def save(*, channel_id: int, mapping: Mapping[str, str]) -> None:
    """This function will remember fields by column; columns of other files are kept."""
    row, _ = ImportMapping.objects.select_for_update().get_or_create(channel_id=channel_id)
    row.columns = {**row.columns, **{fold(column): field for column, field in mapping.items()}}
    row.save(update_fields=["columns"])
