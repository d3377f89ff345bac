"""Reads of cases for boards, commands and the admin."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, F, QuerySet

from oms.cockpit.control_tower.models import Case


def list_open() -> QuerySet[Case]:
    """This function will return what needs a person, most urgent first."""
    return Case.objects.filter(closed_at=None).order_by(F("due_at").asc(nulls_last=True), "pk")


def count_open() -> int:
    """This function will return how many cases need a person."""
    return Case.objects.filter(closed_at=None).count()


def count_open_by_kind() -> dict[str, int]:
    """This function will return how many open cases there are of each kind; none is absent."""
    open_cases = Case.objects.filter(closed_at=None).values_list("kind")
    return dict(open_cases.annotate(n=Count("id")).order_by())


def open_subjects(*, kind: str) -> set[str]:
    """This function will return the subjects of the open cases of one kind."""
    return set(Case.objects.filter(closed_at=None, kind=kind).values_list("subject_ref", flat=True))


def count_open_among(*, correlation_ids: Collection[str]) -> int:
    """This function will return how many of the orders have an open case."""
    cases = Case.objects.filter(closed_at=None, correlation_id__in=correlation_ids)
    return cases.values("correlation_id").distinct().count()
