"""Takes single protections against oversell away, to prove that each of them is needed.

Only in a database that is thrown away: everywhere else it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from django.db import connection, transaction

from oms.cockpit.simulation import isolation
from oms.core.errors import Forbidden

_TABLE, _CHECK = "inventory_stockposition", "inventory_no_oversell"


class NotScratch(Forbidden):
    """This database is somebody's; its protections stay."""

    code = "proof.not_scratch"


class NotFoundToWeaken(RuntimeError):
    """The protection does not look as it did: a control that changes nothing proves nothing."""


class Protection(Enum):
    """What stands between two buyers of one unit."""

    #: Rows are locked before they are read.
    LOCK = "lock"
    #: One demand is decided by one session at a time.
    ONCE = "once"
    #: Rows are locked in one order, so that no two callers wait for each other.
    ORDER = "order"
    #: The UPDATE takes only what is free.
    GUARD = "guard"
    #: The table refuses more promises than units.
    CHECK = "check"


#: What makes it possible to sell a unit twice.
AGAINST_OVERSELL = (Protection.LOCK, Protection.GUARD, Protection.CHECK)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Where a protection stands in a function of the database, and what remains without it."""

    function: str
    pattern: str
    weak: str = ""


_TAKING = ("inventory_look", "inventory_take_plenty")

#: Each stands in both ways of taking stock.
_EDITS = {
    Protection.LOCK: [_Edit(name, r"FOR NO KEY UPDATE OF p\b") for name in _TAKING],
    Protection.ONCE: [
        _Edit(name, r"PERFORM pg_advisory_xact_lock\(14, h\.key\)", "PERFORM h.key")
        for name in _TAKING
    ],
    Protection.ORDER: [
        _Edit(
            name,
            r"ORDER BY p\.node_id, p\.variant_id(?= FOR NO KEY UPDATE)",
            "ORDER BY random()",
        )
        for name in _TAKING
    ],
    Protection.GUARD: [
        _Edit("inventory_book", r"(?s)(?<=WHERE p\.id = d\.id)\s+AND \(.*?\)(?=;)"),
        _Edit("inventory_take_plenty", r"(?s)(?<=WHERE p\.id = d\.id)\s+AND .*?(?=;)"),
    ],
}


@contextmanager
def without(*protections: Protection) -> Iterator[None]:
    """This function will take the protections away for the block.

    Where the table's own was among them, all stock is gone afterwards: no row that breaks the rule
    outlives the block.

    :raises NotScratch: this is no database to be thrown away.
    :raises NotFoundToWeaken: a protection is not where it was.
    """
    _require_scratch()
    with transaction.atomic():
        undo = [statement for protection in protections for statement in _weaken(protection)]
    try:
        yield
    finally:
        with transaction.atomic():
            for statement in reversed(undo):
                _execute(statement)


def _require_scratch() -> None:
    name = str(_value("SELECT current_database()"))
    #: Only the settings of tests name a database for tests.
    of_tests = connection.settings_dict["TEST"].get("NAME")
    if name != isolation.PROOF.database and not (of_tests and name.startswith(of_tests)):
        raise NotScratch(f"{name} is not a scratch database; its protections stay.")


def _weaken(protection: Protection) -> list[str]:
    """Takes one protection away and returns the statements that put it back."""
    if protection is Protection.CHECK:
        return [_drop_check()]
    return [_edited(edit, protection) for edit in _EDITS[protection]]


def _edited(edit: _Edit, protection: Protection) -> str:
    strong = str(_value(f"SELECT pg_get_functiondef('{edit.function}'::regproc)"))
    weak, count = re.subn(edit.pattern, edit.weak, strong)
    if count != 1:
        raise NotFoundToWeaken(f"{edit.function} has {count} times the {protection.value}")
    _execute(weak)
    return strong


def _drop_check() -> str:
    rule = _value(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        f" WHERE conname = '{_CHECK}' AND conrelid = '{_TABLE}'::regclass"
    )
    if rule is None:
        raise NotFoundToWeaken(f"{_TABLE} has no {_CHECK}")
    _execute(f"ALTER TABLE {_TABLE} DROP CONSTRAINT {_CHECK}")
    return f"TRUNCATE {_TABLE} CASCADE; ALTER TABLE {_TABLE} ADD CONSTRAINT {_CHECK} {rule}"


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _value(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row else None
