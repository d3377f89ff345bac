"""Sets when the last unit of an order was picked, packed and shipped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson
from django.db import connection

from oms.core.transactions import needs_transaction
from orders.services import _milestones_sql


@needs_transaction
def mark(*, at: Mapping[int, datetime]) -> None:
    """This function will bring the milestones of orders (key → when the fact was) up to what their
    lines and works say, in one statement; call it after units moved, were cancelled or lost.

    An order that has shipped whole is not at risk any more.
    """
    if not at:
        return
    rows = [{"order_id": key, "at": moment} for key, moment in sorted(at.items())]
    with connection.cursor() as cursor:
        cursor.execute(_milestones_sql.MARK, [orjson.dumps(rows).decode()])
