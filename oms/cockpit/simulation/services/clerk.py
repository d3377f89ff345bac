"""A clerk who works the floor: takes what is next, picks, packs, hands over. The demo's hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from inventory.warehouse.services import floor
from oms.core.context import acting

At = Callable[[Sequence[str]], dict[str, datetime]]
Step = Callable[[list[str], dict[str, datetime] | None], object]


def work_once(*, limit: int, name: str = "floor:clerk", at: At | None = None) -> int:
    """This function will move up to `limit` work orders one step at each station.

    The last station first, so that one call moves a work order one step only.

    :returns: how many steps were taken.
    """
    with acting(actor=name):
        return sum(
            _station(status, step, limit, at)
            for status, step in (
                ("labeled", lambda refs, times: floor.hand_over(work_refs=refs, at=times)),
                ("picked", lambda refs, times: floor.pack(work_refs=refs, packer=name, at=times)),
                ("open", lambda refs, times: floor.pick(work_refs=refs, picker=name, at=times)),
            )
        )


def _station(status: str, step: Step, limit: int, at: At | None) -> int:
    refs = floor.claim_next(status=status, limit=limit)
    if refs:
        step(refs, at(refs) if at else None)
    return len(refs)
