"""A clerk who works the floor: takes what is next, picks, packs, hands over. The demo's hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from inventory.warehouse.services import floor
from oms.core.context import acting
from oms.core.transactions import unit

At = Callable[[Sequence[str]], dict[str, datetime]]


def work_once(*, limit: int, name: str = "clerk", at: At | None = None) -> int:
    """This function will move up to `limit` work orders one step at each station.

    The last station first, so that one call moves a work order one step only.

    :returns: how many steps were taken.
    """
    with acting(actor=f"floor:{name}"):
        return sum(
            _station(status, step, limit, name, at)
            for status, step in (
                ("labeled", "hand_over"),
                ("picked", "pack"),
                ("open", "pick"),
            )
        )


def _station(status: str, step: str, limit: int, name: str, at: At | None) -> int:
    with unit():
        refs = floor.claim_next(status=status, limit=limit)
        if not refs:
            return 0
        times = at(refs) if at else None
        if step == "pick":
            floor.pick(work_refs=refs, picker=name, at=times)
        elif step == "pack":
            floor.pack(work_refs=refs, packer=name, at=times)
        else:
            floor.hand_over(work_refs=refs, at=times)
        return len(refs)
