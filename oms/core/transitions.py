"""The only driver of state machines: django-fsm declares the steps, `apply` takes them.

A step is one guarded UPDATE (id, version and status must still be what was read), one history row
and the events of the change, all in the caller's transaction. Nothing is ever skipped in silence.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
UPDATE "{table}" AS t SET status = d.target, version = t.version + %s{sets}
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
    taken = _Taken(kwargs or {}, kwargs_for, event_for, at_for, now, actor, reason)
    _take(objects, (trigger,), taken)


@needs_transaction
def apply_path(
    objects: Sequence[M],
    triggers: Sequence[str],
    *,
    actor: str | None = None,
    now: datetime | None = None,
    reason: str = "",
    at_for: Callable[[M], datetime] | None = None,
    saving: Sequence[str] = (),
) -> None:
    """This function will take the steps one after the other on all objects: one UPDATE, one insert
    of history with a row per step. Fields named in `saving`, which the caller has set, are written
    with them. All else is as in `apply_many`.

    :raises IllegalTransition: one of the steps is not open where the one before it leads.
    :raises StaleObject: an object changed since it was read.
    """
    _take(objects, triggers, _Taken({}, None, None, at_for, now, actor, reason, saving))


@needs_transaction
def begin(
    objects: Sequence[models.Model],
    trigger: str,
    *,
    reason: str = "",
    at_for: Callable[[Any], datetime],
) -> None:
    """This function will write the first line of the history of objects that were just inserted:
    from nothing to the status they stand in."""
    _write(objects, lambda obj: [(trigger, "", obj.status)], current().actor, reason, at_for)


@needs_transaction
def note(objects: Sequence[models.Model], trigger: str, *, reason: str = "", at: datetime) -> None:
    """This function will write into the history of objects what left their status as it is."""
    _write(
        objects,
        lambda obj: [(trigger, obj.status, obj.status)],
        current().actor,
        reason,
        lambda _obj: at,
    )


@dataclass(frozen=True, slots=True)
class _Taken:
    """What callers say about steps beside their names."""

    kwargs: Mapping[str, Any]
    kwargs_for: Callable[[Any], Mapping[str, Any]] | None
    event_for: Callable[[Any], events.Event | None] | None
    at_for: Callable[[Any], datetime] | None
    now: datetime | None
    actor: str | None
    reason: str
    saving: Sequence[str] = ()

    def values_for(self, obj: models.Model) -> dict[str, Any]:
        own = self.kwargs_for(obj) if self.kwargs_for else {}
        return {**self.kwargs, **own}


def _take(objects: Sequence[M], triggers: Sequence[str], taken: _Taken) -> None:
    if not objects:
        return
    moment = taken.now or clock.now()
    time_of = taken.at_for or (lambda _obj: moment)
    walks: list[_Walk] = []
    try:
        for obj in objects:
            walk = _Walk(dict(obj.__dict__))
            walks.append(walk)
            walk.take(obj, triggers, time_of, taken.values_for(obj))
        _guarded_update(objects, walks, len(triggers), taken.saving)
    except Exception:
        _undo(objects, walks)
        raise
    steps = {id(obj): walk.steps for obj, walk in zip(objects, walks, strict=True)}
    actor = taken.actor or current().actor
    _write(objects, lambda obj: steps[id(obj)], actor, taken.reason, time_of)
    if taken.event_for:
        told = [taken.event_for(obj) for obj in objects]
        events.emit([event for event in told if event is not None])


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


class _Walk:
    """One object's way: what it was like before, and (trigger, from, to) of each step."""

    __slots__ = ("before", "changed", "steps")

    def __init__(self, before: dict[str, Any]) -> None:
        self.before = before
        self.steps: list[tuple[str, str, str]] = []
        self.changed: list[str] = []

    def take(
        self,
        obj: models.Model,
        triggers: Sequence[str],
        time_of: Callable[[Any], datetime],
        values: Mapping[str, Any],
    ) -> None:
        for trigger in triggers:
            source = obj.status  # type: ignore[attr-defined]
            timed = {"at": time_of(obj)} if _takes_at(type(obj), trigger) else {}
            _step(obj, trigger, {**timed, **values})
            self.steps.append((trigger, source, obj.status))  # type: ignore[attr-defined]
        columns, before = _attnames(type(obj)), self.before
        self.changed = [
            name
            for name, value in obj.__dict__.items()
            if name in columns and (name not in before or before[name] != value)
        ]


@cache
def _attnames(model: type[models.Model]) -> frozenset[str]:
    return frozenset(field.attname for field in model._meta.concrete_fields) - {"status"}


def _step(obj: models.Model, trigger: str, kwargs: Mapping[str, Any]) -> None:
    method = getattr(obj, trigger, None)
    if method is None or not hasattr(method, "_django_fsm"):
        raise IllegalTransition(
            f"A {obj._meta.verbose_name} has no step {trigger!r}.", data=_standing(obj, trigger)
        )
    status = obj.status  # type: ignore[attr-defined]
    try:
        method(**kwargs)
    except TransitionNotAllowed as error:
        raise IllegalTransition(
            f"A {obj._meta.verbose_name} that is '{status!s}' cannot {trigger.replace('_', ' ')}.",
            data=_standing(obj, trigger),
        ) from error


def _standing(obj: models.Model, trigger: str) -> dict[str, Any]:
    # Not "status": that name is the HTTP status of a problem.
    return {
        "state": str(obj.status),  # type: ignore[attr-defined]
        "trigger": trigger,
        "allowed_actions": allowed_triggers(obj),
    }


def _undo(objects: Sequence[models.Model], walks: Sequence[_Walk]) -> None:
    # Past the descriptor of the protected status field, which refuses every assignment.
    for obj, walk in reversed(list(zip(objects, walks, strict=False))):
        obj.__dict__.update(walk.before)


def _guarded_update(
    objects: Sequence[models.Model],
    walks: Sequence[_Walk],
    step_count: int,
    saving: Sequence[str],
) -> None:
    model = type(objects[0])
    extra = sorted({*saving, *(name for walk in walks for name in walk.changed)})
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
            [
                obj.id,  # type: ignore[attr-defined]
                obj.version,  # type: ignore[attr-defined]
                walk.steps[0][1],
                walk.steps[-1][2],
                *(getattr(obj, name) for name in extra),
            ]
            for obj, walk in zip(objects, walks, strict=True)
        ),
    )
    sets = "".join(
        f', "{column}" = {bulk.column_value(kind, f"d.x{i}")}'
        for i, (column, kind) in enumerate(columns)
    )
    sql = _STEP_SQL.format(table=model._meta.db_table, source=source, sets=sets)
    with connection.cursor() as cursor:
        cursor.execute(sql, [body, step_count, len(objects)])
        if cursor.rowcount != len(objects):
            raise StaleObject("Somebody changed it meanwhile; read it again.")
    for obj in objects:
        obj.version += step_count  # type: ignore[attr-defined]


#: What a step is called, and its status before and after.
_Steps = Sequence[tuple[str, str, str]]


def _write(
    objects: Sequence[Any],
    steps_of: Callable[[Any], _Steps],
    actor: str,
    reason: str,
    time_of: Callable[[Any], datetime],
) -> None:
    if not objects:
        return
    bulk.insert_rows(
        objects[0].STATUS_CHANGE,
        [
            {
                "subject_id": obj.id,
                "trigger": trigger,
                "from_status": source,
                "to_status": target,
                "actor": actor,
                "reason": reason[:200],
                "at": time_of(obj),
            }
            for obj in objects
            for trigger, source, target in steps_of(obj)
        ],
    )
