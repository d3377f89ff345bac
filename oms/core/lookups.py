"""Lookups for long lists: one array instead of one parameter per value.

`filter(sku__among=skus)` finds what `sku__in` finds; the driver has one text to send, and the
statement is the same for any number of values, so nobody parses it anew.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from django.db.models import CharField, ForeignKey, IntegerField, Lookup

from oms.core import arrays


class _Among(Lookup[Any]):
    lookup_name = "among"
    prepare_rhs = False
    kind: ClassVar[str]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """This method will compare the column with any of the array."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::{self.kind})", (*parameters, self.written())

    @abstractmethod
    def written(self) -> str:
        """The values as the database reads them."""


@CharField.register_lookup
class AmongTexts(_Among):
    kind = "text[]"

    def written(self) -> str:
        return arrays.texts(self.rhs)


@IntegerField.register_lookup
@ForeignKey.register_lookup
class AmongNumbers(_Among):
    kind = "bigint[]"

    def written(self) -> str:
        return arrays.bare(self.rhs)
