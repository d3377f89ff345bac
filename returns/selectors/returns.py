"""Reads of returns."""

from __future__ import annotations

from django.db.models import Case, F, Prefetch, QuerySet, Sum, When

from oms.core.errors import NotFound
from returns.models import Return, ReturnLine

#: Statuses in which things may still arrive.
OPEN = (Return.Status.REQUESTED, Return.Status.APPROVED, Return.Status.IN_PROGRESS)


class UnknownReturn(NotFound):
    code = "returns.unknown"


def list_for(*, organization_id: int) -> QuerySet[Return]:
    """This function will return an organization's returns, newest first."""
    return _complete().filter(organization_id=organization_id).order_by("-id")


def list_for_order(*, order_id: int) -> QuerySet[Return]:
    """This function will return the returns of one order, oldest first."""
    return _complete().filter(order_id=order_id).order_by("id")


def get_for(*, organization_id: int, public_id: str) -> Return:
    """This function will return one return with its lines and history.

    :raises UnknownReturn: the organization has none with this identifier.
    """
    found = _complete().filter(organization_id=organization_id, public_id=public_id).first()
    if found is None:
        raise UnknownReturn("There is no such return.")
    return found


def lock_with_lines(*, public_id: str) -> tuple[Return, list[ReturnLine]]:
    """This function will lock one return, then read its lines by primary key.

    :raises UnknownReturn: there is none with this identifier.
    """
    found = (
        Return.objects.select_for_update(of=("self",))
        .select_related("order")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise UnknownReturn("There is no such return.")
    return found, list(found.lines.order_by("pk"))


def claimed_units(*, order_id: int) -> dict[int, int]:
    """This function will return, by order line position, the units that came back or may still.

    A closed return claims what arrived; what was missing in it may be asked back again.
    """
    rows = (
        ReturnLine.objects.filter(
            parent__order_id=order_id, parent__status__in=[*OPEN, Return.Status.CLOSED]
        )
        .values_list("order_line__position")
        .annotate(
            units=Sum(
                Case(
                    When(parent__status__in=OPEN, then=F("quantity")),
                    default=F("restocked") + F("quarantined"),
                )
            )
        )
    )
    return dict(rows)


def count_open() -> int:
    """This function will return how many returns are not settled."""
    return Return.objects.filter(status__in=OPEN).count()


def _complete() -> QuerySet[Return]:
    return Return.objects.select_related("order", "node").prefetch_related(
        Prefetch("lines", ReturnLine.objects.select_related("order_line").order_by("pk")),
        "status_changes",
    )
