"""Foreign keys point down: a lower app does not know that a higher one exists."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.db.models import Model

#: From the lowest up; apps of one line do not point at each other.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"auth", "contenttypes"}),
    frozenset({"accounts"}),
    frozenset({"contacts", "idempotency", "jobs", "outbox"}),
    frozenset({"carriers"}),
    frozenset({"catalog", "nodes"}),
    frozenset({"inventory"}),
    frozenset({"warehouse"}),
    frozenset({"routing"}),
    frozenset({"channels", "customers"}),
    frozenset({"billing"}),
    frozenset({"orders"}),
    frozenset({"returns"}),
    frozenset({"control_tower"}),
    frozenset({"dashboards"}),
    frozenset({"simulation"}),
)
RANK = {label: rank for rank, labels in enumerate(FLOORS) for label in labels}
_OURS = ("oms.", "orders", "inventory", "routing", "carriers", "returns")


def _models() -> list[type[Model]]:
    """Models of ours; a test that shares the process may have made up one of its own."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith(_OURS) and ".tests." not in model.__module__
    ]


def _keys() -> set[tuple[str, str]]:
    """(from app, to app) of every foreign key of ours, history included."""
    return {
        (model._meta.app_label, field.related_model._meta.app_label)
        for model in _models()
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model
    }


def _upward(keys: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(
        f"{source} -> {target}"
        for source, target in keys
        if source != target and not RANK.get(target, len(FLOORS)) < RANK.get(source, -1)
    )


def test_every_foreign_key_points_down() -> None:
    assert ("orders", "accounts") in _keys()
    assert _upward(_keys()) == []


def test_every_app_with_tables_has_its_floor() -> None:
    ours = {model._meta.app_label for model in _models()}

    assert ours - RANK.keys() == set()


def test_a_key_that_points_up_or_aside_is_found() -> None:
    keys = [("orders", "inventory"), ("inventory", "orders"), ("catalog", "nodes"), ("new", "auth")]

    assert _upward(keys) == ["catalog -> nodes", "inventory -> orders", "new -> auth"]
