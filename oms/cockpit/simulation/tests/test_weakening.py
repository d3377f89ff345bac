"""Protections can be taken away in a database for tests only, and come back."""

from __future__ import annotations

import pytest
from django.db import connection

from inventory.models import StockPosition
from inventory.tests.factories import make_world
from oms.cockpit.simulation.proving import weakening
from oms.cockpit.simulation.proving.weakening import Protection

pytestmark = pytest.mark.django_db


def _protections() -> list[str | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_functiondef('inventory_look'::regproc),"
            " pg_get_functiondef('inventory_book'::regproc), (SELECT pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE conname = 'inventory_no_oversell')"
        )
        return list(cursor.fetchone())


@pytest.mark.parametrize("protection", Protection)
def test_a_protection_is_gone_within_the_block_and_back_after_it(protection: Protection) -> None:
    before = _protections()

    with weakening.without(protection):
        changed = [now != then for now, then in zip(_protections(), before, strict=True)]

    assert sum(changed) == 1
    assert _protections() == before


@pytest.mark.django_db(transaction=True)
def test_protections_come_back_after_an_error_and_stock_that_broke_the_rule_is_gone() -> None:
    before = _protections()
    world = make_world()
    world.receive("reno", "TENT", 1)

    with pytest.raises(ZeroDivisionError), weakening.without(*weakening.AGAINST_OVERSELL):
        StockPosition.objects.update(allocated=2)
        raise ZeroDivisionError

    assert _protections() == before
    assert not StockPosition.objects.exists()


def test_a_database_that_is_not_for_tests_keeps_its_protections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _protections()
    monkeypatch.setitem(connection.settings_dict, "TEST", {"NAME": None})

    with pytest.raises(weakening.NotScratch), weakening.without(*Protection):
        pytest.fail("it was weakened")

    assert _protections() == before


def test_a_protection_that_looks_otherwise_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _protections()
    other = weakening._Edit("inventory_book", "no such text", "")
    monkeypatch.setitem(weakening._EDITS, Protection.GUARD, [other])

    both = weakening.without(Protection.LOCK, Protection.GUARD)
    with pytest.raises(weakening.NotFoundToWeaken), both:
        pytest.fail("it was weakened")

    assert _protections() == before
