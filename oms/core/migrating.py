"""What migrations are made of besides Django's own operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import CreateModel, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreateModels(Operation):
    """All tables of an app at once, whichever of them refer to each other.

    One after the other, each would render every model again that is related to it, however far
    off; here each is rendered once. Foreign keys are set when the migration's tables all stand.
    """

    serialization_expand_args = ["operations"]

    def __init__(self, operations: Sequence[CreateModel]) -> None:
        self.operations = operations

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """This function will describe the operation for a migration's file."""
        return self.__class__.__qualname__, [], {"operations": self.operations}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """This function will add the models; those that are there already learn of them."""
        rendered = state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)
        if rendered is not None:
            rendered.render_multiple(
                [state.models[app_label, operation.name_lower] for operation in self.operations]
            )
            state.__dict__["apps"] = rendered

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """This function will make the tables."""
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """This function will drop the tables, the last one first."""
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """This function will name the tables for whoever runs the migration."""
        return "Create models " + ", ".join(operation.name for operation in self.operations)


_DROP_LIKE = """
DO $$
DECLARE
    doomed text;
BEGIN
    FOR doomed IN
        SELECT i.indexrelid::regclass::text
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid AND c.relname LIKE '%\\_like'
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = '{table}'::regclass AND a.attname = '{column}'
    LOOP
        EXECUTE 'DROP INDEX ' || doomed;
    END LOOP;
END $$
"""


def drop_like_index(table: str, column: str = "public_id") -> RunSQL:
    """This function will return the operation that drops the second index of a unique column, the
    one for LIKE; there may be none."""
    return RunSQL(_DROP_LIKE.format(table=table, column=column), RunSQL.noop)
