"""The carton table: smallest that fits, never smaller than the longest side, clamped at the top."""

from __future__ import annotations

from itertools import pairwise

import pytest

from inventory.warehouse import cartons
from inventory.warehouse.cartons import CARTONS, Packed


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Packed(1, 100, 100, 80, 40), CARTONS[0]),
        (Packed(4, 100, 100, 80, 40), CARTONS[0]),
        (Packed(6, 100, 100, 80, 40), CARTONS[1]),
        # Flat and long: the volume is nothing, the side decides.
        (Packed(1, 100, 590, 10, 10), CARTONS[5]),
        (Packed(1, 100, 10, 10, 590), CARTONS[5]),
        (Packed(1, 100, 3_000, 100, 100), CARTONS[-1]),
        (Packed(10_000, 100, 500, 500, 500), CARTONS[-1]),
    ],
)
def test_choose(item: Packed, expected: cartons.Carton) -> None:
    assert cartons.choose([item]) == expected


def test_contents_add_up() -> None:
    items = [Packed(2, 300, 200, 150, 50), Packed(1, 150, 200, 150, 50)]

    assert cartons.choose(items) == CARTONS[1]
    assert cartons.weigh(items) == 120 + 600 + 150


def test_the_table_ascends() -> None:
    assert all(a.volume_mm3 < b.volume_mm3 for a, b in pairwise(CARTONS))
    assert all(a.length_mm <= b.length_mm for a, b in pairwise(CARTONS))
