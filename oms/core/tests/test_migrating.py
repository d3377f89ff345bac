"""Tables made at once: they and their relations are what they are when made one by one."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState

from oms.core.migrating import CreateModels
from oms.core.state_fields import StatusField

APP = "harbor"


def _model(name: str, **refers_to: str) -> CreateModel:
    fields: list[tuple[str, models.Field]] = [("id", models.BigAutoField(primary_key=True))]
    fields += [
        (field, models.ForeignKey(f"{APP}.{to}", models.PROTECT, null=True))
        for field, to in refers_to.items()
    ]
    return CreateModel(name, fields)


def _before(is_rendered: bool = True) -> ProjectState:
    state = ProjectState()
    _model("Pier").state_forwards(APP, state)
    if is_rendered:
        assert state.apps
    return state


SHIPS = CreateModels([_model("Ship", lies_at="pier", flag="captain"), _model("Captain", of="ship")])


def _relations(state: ProjectState) -> dict[str, set[str]]:
    return {
        model._meta.model_name: {field.name for field in model._meta.get_fields()}
        for model in state.apps.get_models()
    }


def test_models_know_each_other_as_if_all_were_rendered_again():
    state = _before()
    SHIPS.state_forwards(APP, state)
    anew = _before(is_rendered=False)
    SHIPS.state_forwards(APP, anew)

    assert "apps" in vars(state)
    assert _relations(state) == _relations(anew)
    assert _relations(state)["pier"] == {"id", "ship"}


@pytest.mark.django_db
def test_tables_that_refer_to_each_other_are_made_and_dropped():
    old = _before()
    new = old.clone()
    SHIPS.state_forwards(APP, new)

    with connection.schema_editor() as editor:
        editor.create_model(old.apps.get_model(APP, "pier"))
        SHIPS.database_forwards(APP, editor, old, new)
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "harbor_ship").values()
    assert {c["foreign_key"] for c in constraints} - {None} == {
        ("harbor_pier", "id"),
        ("harbor_captain", "id"),
    }

    with connection.schema_editor() as editor:
        SHIPS.database_backwards(APP, editor, new, old)
    found = {t for t in connection.introspection.table_names() if t.startswith("harbor_")}
    assert found == {"harbor_pier"}


def test_operation_names_its_tables():
    assert SHIPS.describe() == "Create models Ship, Captain"
    assert SHIPS.deconstruct() == ("CreateModels", [], {"operations": SHIPS.operations})


def test_status_is_plain_text_to_migrations():
    field = StatusField("status", default="new", choices=[("new", "New")])
    field.name = "status"

    _name, path, _args, kwargs = field.deconstruct()

    assert path == "django.db.models.CharField"
    assert "protected" not in kwargs
    assert field.clone().protected
