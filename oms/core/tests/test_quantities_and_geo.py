"""Quantities are whole and bounded, weights bill as carriers bill, distances are on the globe."""

from __future__ import annotations

import numpy as np
import pytest

from oms.core import geo, quantities


@pytest.mark.parametrize("value", [1, 2, 100_000])
def test_whole_quantities_pass(value: int) -> None:
    assert quantities.require_quantity(value) == value


@pytest.mark.parametrize("value", [0, -1, 100_001, True, False, 1.0, "1", "١", None, [1]])
def test_everything_else_is_refused(value: object) -> None:
    with pytest.raises(quantities.InvalidQuantity):
        quantities.require_quantity(value)


def test_a_smaller_maximum_can_be_asked_for() -> None:
    assert quantities.require_quantity(5, maximum=5) == 5
    with pytest.raises(quantities.InvalidQuantity, match="from 1 to 5"):
        quantities.require_quantity(6, maximum=5)


def test_the_larger_of_weight_and_volume_is_billed() -> None:
    volume = quantities.volume_cm3(500, 400, 300)
    assert volume == 60_000
    assert quantities.billable_weight_g(2_000, volume) == 12_000
    assert quantities.billable_weight_g(20_000, volume) == 20_000
    assert quantities.billable_weight_g(0, volume, divisor=6000) == 10_000


def test_distances_of_known_pairs() -> None:
    # São Paulo to Rio, New York, itself and the other side of the globe.
    lats = np.array([-22.9068, 40.7128, -23.5505, 23.5505])
    lons = np.array([-43.1729, -74.0060, -46.6333, 133.3667])
    found = geo.distances_km(-23.5505, -46.6333, lats, lons)
    assert found == pytest.approx([360.7, 7685.6, 0.0, 20015.1], abs=1.0)


def test_points_and_places_broadcast_to_a_matrix() -> None:
    points = np.array([[0.0], [10.0]])
    found = geo.distances_km(points, points, np.array([0.0, 10.0]), np.array([0.0, 10.0]))
    assert found.shape == (2, 2)
    assert found[0, 0] == found[1, 1] == 0
    assert found[0, 1] == pytest.approx(found[1, 0])
