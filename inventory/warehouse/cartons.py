"""Chooses a carton: the smallest one that holds the volume and whose sides hold the longest item.

A table, not a packing solver: cubes waste a quarter of the room on average, so a carton counts as
full at three quarters. What fits none goes by the largest. Measures are outer ones, in millimeters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

#: Carton, tape and filling.
TARE_G = 120

#: Share of a carton's volume that mixed boxes fill.
FILL = 0.75


class Carton(NamedTuple):
    length_mm: int
    width_mm: int
    height_mm: int

    @property
    def volume_mm3(self) -> int:
        return self.length_mm * self.width_mm * self.height_mm


class Packed(NamedTuple):
    """Units of one variant in a parcel."""

    quantity: int
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


#: Ascending by volume.
CARTONS = (
    Carton(220, 160, 60),
    Carton(260, 200, 120),
    Carton(320, 240, 160),
    Carton(400, 300, 200),
    Carton(450, 350, 300),
    Carton(600, 400, 300),
    Carton(600, 400, 400),
    Carton(800, 600, 500),
    Carton(1200, 800, 800),
)


def choose(items: Iterable[Packed]) -> Carton:
    """This function will return the smallest carton for the items, or the largest there is."""
    volume, longest = 0, 0
    for item in items:
        volume += item.quantity * item.length_mm * item.width_mm * item.height_mm
        longest = max(longest, item.length_mm, item.width_mm, item.height_mm)
    for carton in CARTONS:
        if carton.volume_mm3 * FILL >= volume and carton.length_mm >= longest:
            return carton
    return CARTONS[-1]


def weigh(items: Iterable[Packed]) -> int:
    """This function will return the closed parcel's weight in grams."""
    return TARE_G + sum(item.quantity * item.weight_g for item in items)
