"""The only driver of state machines: django-fsm declares the steps, `apply` takes them.

A step is one guarded UPDATE (id, version and status must still be what was read), one history row
and the events of the change, all in the caller's transaction. Nothing is ever skipped in silence.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models
from django_fsm import TransitionNotAllowed

from oms.core import bulk, clock, events
from oms.core.context import current
from oms.core.errors import Conflict
from oms.core.transactions import needs_transaction

M = TypeVar("M", bound=models.Model)


#: Locks in the order of keys, so that two batches never wait for each other crosswise; writes only
#: when every row still is what was read, so that a caller who catches the error has no half of it.
_STEP_SQL = """
WITH d AS MATERIALIZED (SELECT * FROM {source}),
locked AS MATERIALIZED (
    SELECT t.id FROM "{table}" t JOIN d ON t.id = d.id
    WHERE t.version = d.version AND t.status = d.source
    ORDER BY t.id FOR UPDATE OF t
)
UPDATE "{table}" AS t SET status = d.target, version = t.version + 1{sets}
FROM d
WHERE t.id = d.id AND t.version = d.version AND t.status = d.source
  AND (SELECT count(DISTINCT id) FROM locked) = %s
"""


class IllegalTransition(Conflict):
    """The machine has no such step from where the object stands."""

    code = "state.illegal_transition"


class StaleObject(Conflict):
    """Somebody changed the object since it was read; read it again."""

    code = "state.stale"


@needs_transaction
def apply(
    obj: M,
    trigger: str,
    *,
    actor: str | None = None,
    now: datetime | None = None,
    reason: str = "",
    event: events.Event | None = None,
) -> M:
    """This function will take one step of `obj`'s machine: a batch of one, see `apply_many`."""
    apply_many(
        [obj],
        trigger,
        actor=actor,
        now=now,
        reason=reason,
        event_for=(lambda _obj: event) if event else None,
    )
    return obj


@needs_transaction
def apply_many(
    objects: Sequence[M],
    trigger: str,
    *,
    actor: str | None = None,
    now: datetime | None = None,
    reason: str = "",
    kwargs: Mapping[str, Any] | None = None,
    kwargs_for: Callable[[M], Mapping[str, Any]] | None = None,
    event_for: Callable[[M], events.Event | None] | None = None,
    at_for: Callable[[M], datetime] | None = None,
) -> None:
    """This function will take the same step on all objects: one UPDATE, one insert of history.

    The transition method may touch fields of its own row; they are saved with the step. It gets
    `kwargs`, those `kwargs_for` gives for its object, and the step's time where it takes `at`.
    `at_for` gives each object its own business time (bulk imports); otherwise `now` or the clock.

    :raises IllegalTransition: a machine has no such step from an object's status, or a condition
        fails; nothing is written and the objects are as before.
    :raises StaleObject: an object changed since it was read; nothing is written and the objects
        are as before.
    """
    if not objects:
        return
    moment = now or clock.now()
    actor = actor or current().actor
    time_of = at_for or (lambda _obj: moment)
    takes_at = _takes_at(type(objects[0]), trigger)
    steps: list[_Step] = []
    try:
        for obj in objects:
            timed = {"at": time_of(obj)} if takes_at else {}
            own = kwargs_for(obj) if kwargs_for else {}
            steps.append(_step(obj, trigger, {**timed, **(kwargs or {}), **own}))
        _guarded_update(objects, steps)
    except Exception:
        _undo(objects, steps)
        raise
    _record(objects, steps, trigger, actor, reason, time_of)
    if event_for:
        events.emit([event for obj in objects if (event := event_for(obj)) is not None])


def allowed_triggers(obj: models.Model) -> list[str]:
    """This function will return the names of the steps open to `obj` now, sorted."""
    field = obj._meta.get_field("status")
    return sorted(t.name for t in field.get_all_transitions(type(obj)) if _is_open(obj, t))  # type: ignore[union-attr]


def _is_open(obj: models.Model, transition: Any) -> bool:
    status = obj.status  # type: ignore[attr-defined]
    if transition.source not in (status, "*", "+"):
        return False
    return all(condition(obj) for condition in transition.conditions)


@cache
def _takes_at(model: type[models.Model], trigger: str) -> bool:
    method = getattr(model, trigger, None)
    return callable(method) and "at" in inspect.signature(method).parameters


class _Step:
    __slots__ = ("before", "changed", "source", "target")

    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.before = before
        self.source, self.target = before["status"], after["status"]
        self.changed = sorted(k for k, v in after.items() if k != "status" and before[k] != v)


def _step(obj: models.Model, trigger: str, kwargs: Mapping[str, Any]) -> _Step:
    source = obj.status  # type: ignore[attr-defined]
    method = getattr(obj, trigger, None)
    if method is None or not hasattr(method, "_django_fsm"):
        raise IllegalTransition(
            f"A {obj._meta.verbose_name} has no step {trigger!r}.", data=_standing(obj, trigger)
        )
    before = _fields(obj)
    try:
        method(**kwargs)
    except TransitionNotAllowed as error:
        raise IllegalTransition(
            f"A {obj._meta.verbose_name} that is '{source!s}' cannot {trigger.replace('_', ' ')}.",
            data=_standing(obj, trigger),
        ) from error
    except Exception:
        obj.__dict__.update(before)
        raise
    return _Step(before, _fields(obj))


def _standing(obj: models.Model, trigger: str) -> dict[str, Any]:
    # Not "status": that name is the HTTP status of a problem.
    return {
        "state": str(obj.status),  # type: ignore[attr-defined]
        "trigger": trigger,
        "allowed_actions": allowed_triggers(obj),
    }


def _fields(obj: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(obj, field.attname) for field in obj._meta.concrete_fields}


def _undo(objects: Sequence[models.Model], steps: Sequence[_Step]) -> None:
    # Past the descriptor of the protected status field, which refuses every assignment.
    for obj, step in reversed(list(zip(objects, steps, strict=False))):
        obj.__dict__.update(step.before)


def _guarded_update(objects: Sequence[models.Model], steps: Sequence[_Step]) -> None:
    model = type(objects[0])
    extra = sorted({name for step in steps for name in step.changed})
    columns = [bulk.column_of(model, name) for name in extra]
    source, body = bulk.recordset(
        [
            ("id", "bigint"),
            ("version", "bigint"),
            ("source", "text"),
            ("target", "text"),
            *((f"x{i}", kind) for i, (_, kind) in enumerate(columns)),
        ],
        (
            [obj.pk, obj.version, step.source, step.target, *(getattr(obj, n) for n in extra)]  # type: ignore[attr-defined]
            for obj, step in zip(objects, steps, strict=True)
        ),
    )
    sets = "".join(
        f', "{column}" = {bulk.column_value(kind, f"d.x{i}")}'
        for i, (column, kind) in enumerate(columns)
    )
    sql = _STEP_SQL.format(table=model._meta.db_table, source=source, sets=sets)
    with connection.cursor() as cursor:
        cursor.execute(sql, [body, len(objects)])
        if cursor.rowcount != len(objects):
            raise StaleObject("Somebody changed it meanwhile; read it again.")
    for obj in objects:
        obj.version += 1  # type: ignore[attr-defined]


def _record(
    objects: Sequence[Any],
    steps: Sequence[_Step],
    trigger: str,
    actor: str,
    reason: str,
    at_for: Callable[[Any], datetime],
) -> None:
    history = objects[0].STATUS_CHANGE
    bulk.insert_rows(
        history,
        [
            {
                "subject_id": obj.pk,
                "trigger": trigger,
                "from_status": step.source,
                "to_status": step.target,
                "actor": actor,
                "reason": reason[:200],
                "at": at_for(obj),
            }
            for obj, step in zip(objects, steps, strict=True)
        ],
    )
