"""Abstract parts that every table shares: identifiers, versions, money columns, status history."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.functional import Promise

from oms.core import clock, ids


def _clock_now() -> Any:
    return clock.now()


class PublicIdField(models.CharField[str, str]):
    """The opaque identifier outsiders see; the prefix tells the kind."""

    def __init__(self, prefix: str = "", **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("unique", True)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["prefix"] = self.prefix
        # Said in full: the history of a row repeats its identifier, so there it is not unique.
        kwargs["unique"] = self.unique
        return name, path, args, kwargs

    def db_type(self, connection: Any) -> str:
        # Not "varchar": that gets a second index, for LIKE, which nobody asks of an identifier.
        return f"character varying({self.max_length})"

    def get_default(self) -> Any:
        return ids.public_id(self.prefix)

    def has_default(self) -> bool:
        return True


class AmountField(models.DecimalField[Any, Any]):
    """A money amount; its currency stands in a column beside it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)


class CurrencyField(models.CharField[str, str]):
    """An ISO 4217 code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 3)
        super().__init__(*args, **kwargs)


class Created(models.Model):
    """Adds the business time at which the row was made."""

    created_at = models.DateTimeField(default=_clock_now, editable=False)

    class Meta:
        abstract = True


class Versioned(models.Model):
    """Adds the counter that every change raises; a stale one is refused."""

    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True


class StatusChange(models.Model):
    """One step of a state machine: from where to where, by whom, why, when. Never changed."""

    trigger = models.CharField(max_length=40)
    from_status = models.CharField(max_length=40)
    to_status = models.CharField(max_length=40)
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True


def choices(*pairs: tuple[str, str | Promise]) -> list[tuple[str, str | Promise]]:
    """This function will return choice pairs typed for Django."""
    return list(pairs)
