"""Units off the shelf that nobody wants any more: somebody lays them back and says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from inventory.warehouse.models import PutBack, WorkOrder
from oms.core import bulk, clock, ids
from oms.core.context import current
from oms.core.errors import Conflict, NotFound
from oms.core.transactions import needs_transaction, use_case


class UnknownPutBack(NotFound):
    code = "warehouse.unknown_put_back"


class PutBackDone(Conflict):
    code = "warehouse.put_back_done"


@needs_transaction
def ask(*, work: WorkOrder, units: Mapping[int, int], at: datetime) -> None:
    """This function will ask for units (by variant) to be laid back where they came from."""
    bulk.insert_rows(
        PutBack,
        [
            {
                "public_id": ids.public_id("put", at=at),
                "work_order_id": work.pk,
                "node_id": work.node_id,
                "variant_id": variant_id,
                "quantity": quantity,
                "done_by": "",
                "created_at": at,
            }
            for variant_id, quantity in units.items()
            if quantity
        ],
    )


@use_case
def finish(*, public_id: str) -> None:
    """This function will note that the units lie on the shelf again.

    :raises UnknownPutBack: there is none.
    :raises PutBackDone: somebody did it before.
    """
    row = PutBack.objects.select_for_update().filter(public_id=public_id).first()
    if row is None:
        raise UnknownPutBack(f"There is no put-back {public_id}.")
    if row.done_at is not None:
        raise PutBackDone("The units were laid back before.")
    row.done_at, row.done_by = clock.now(), current().actor
    row.save(update_fields=["done_at", "done_by"])
