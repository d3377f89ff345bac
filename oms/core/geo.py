"""Distances on the globe, for arrays of points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.0088  # IUGG mean radius


def distances_km(
    lat: float | NDArray[np.float64],
    lon: float | NDArray[np.float64],
    lats: NDArray[np.float64],
    lons: NDArray[np.float64],
) -> NDArray[np.float64]:
    """This function will return great-circle distances (haversine), broadcasting its arguments."""
    phi1, phi2 = np.radians(lat), np.radians(lats)
    half_phi = (phi2 - phi1) / 2
    half_lambda = np.radians(np.asarray(lons) - np.asarray(lon)) / 2
    a: Any = np.sin(half_phi) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_lambda) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(a, 0.0, 1.0))))
