"""Places of the demo world: real cities, rounded positions; streets and people are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    name: str
    state: str
    postcode: str
    latitude: float
    longitude: float


CITIES = tuple(
    City(name, state, postcode, latitude, longitude)
    for name, state, postcode, latitude, longitude in (
        ("New York", "NY", "10001", 40.75, -73.99),
        ("Buffalo", "NY", "14202", 42.89, -78.88),
        ("Boston", "MA", "02108", 42.36, -71.06),
        ("Philadelphia", "PA", "19103", 39.95, -75.17),
        ("Pittsburgh", "PA", "15222", 40.44, -79.99),
        ("Washington", "DC", "20001", 38.91, -77.02),
        ("Baltimore", "MD", "21202", 39.29, -76.61),
        ("Richmond", "VA", "23219", 37.54, -77.43),
        ("Raleigh", "NC", "27601", 35.78, -78.64),
        ("Charlotte", "NC", "28202", 35.23, -80.84),
        ("Atlanta", "GA", "30303", 33.75, -84.39),
        ("Jacksonville", "FL", "32202", 30.33, -81.66),
        ("Miami", "FL", "33130", 25.77, -80.20),
        ("Tampa", "FL", "33602", 27.95, -82.46),
        ("Nashville", "TN", "37203", 36.15, -86.79),
        ("Memphis", "TN", "38103", 35.14, -90.05),
        ("Louisville", "KY", "40202", 38.25, -85.76),
        ("Columbus", "OH", "43215", 39.96, -83.00),
        ("Cleveland", "OH", "44114", 41.51, -81.69),
        ("Detroit", "MI", "48226", 42.33, -83.05),
        ("Indianapolis", "IN", "46204", 39.77, -86.16),
        ("Chicago", "IL", "60602", 41.88, -87.63),
        ("Milwaukee", "WI", "53202", 43.04, -87.91),
        ("Minneapolis", "MN", "55401", 44.98, -93.27),
        ("Des Moines", "IA", "50309", 41.59, -93.62),
        ("St. Louis", "MO", "63101", 38.63, -90.20),
        ("Kansas City", "MO", "64105", 39.10, -94.58),
        ("Omaha", "NE", "68102", 41.26, -95.93),
        ("New Orleans", "LA", "70112", 29.95, -90.07),
        ("Houston", "TX", "77002", 29.76, -95.37),
        ("Dallas", "TX", "75201", 32.78, -96.80),
        ("Austin", "TX", "78701", 30.27, -97.74),
        ("Oklahoma City", "OK", "73102", 35.47, -97.52),
        ("Denver", "CO", "80202", 39.74, -104.99),
        ("Albuquerque", "NM", "87102", 35.08, -106.65),
        ("Phoenix", "AZ", "85003", 33.45, -112.07),
        ("Salt Lake City", "UT", "84101", 40.76, -111.89),
        ("Las Vegas", "NV", "89101", 36.17, -115.14),
        ("Reno", "NV", "89501", 39.53, -119.81),
        ("Boise", "ID", "83702", 43.62, -116.20),
        ("Seattle", "WA", "98101", 47.61, -122.34),
        ("Portland", "OR", "97204", 45.52, -122.68),
        ("Sacramento", "CA", "95814", 38.58, -121.49),
        ("San Francisco", "CA", "94103", 37.77, -122.41),
        ("Los Angeles", "CA", "90012", 34.06, -118.24),
        ("San Diego", "CA", "92101", 32.72, -117.16),
    )
)


@dataclass(frozen=True, slots=True)
class Site:
    """One node of the demo network."""

    code: str
    name: str
    kind: str
    city: str
    street: str
    timezone: str
    daily_capacity: int
    #: Smaller sites carry a part of the range.
    range_share: float


PACIFIC = "America/Los_Angeles"
CENTRAL = "America/Chicago"
EASTERN = "America/New_York"
MOUNTAIN = "America/Denver"

SITES = (
    Site("reno", "Reno", "warehouse", "Reno", "100 Depot Way", PACIFIC, 900, 1.0),
    Site("dallas", "Dallas", "warehouse", "Dallas", "20 Freight Road", CENTRAL, 900, 1.0),
    Site("columbus", "Columbus", "warehouse", "Columbus", "7 Dock Street", EASTERN, 900, 1.0),
    Site("atlanta", "Atlanta", "warehouse", "Atlanta", "31 Cargo Lane", EASTERN, 600, 0.9),
    Site("newark", "New York", "mfc", "New York", "5 Market Row", EASTERN, 300, 0.6),
    Site("la-store", "Los Angeles", "store", "Los Angeles", "12 Palm Court", PACIFIC, 120, 0.4),
    Site("chicago-dark", "Chicago", "dark_store", "Chicago", "8 Lake Walk", CENTRAL, 200, 0.5),
    Site("seattle-store", "Seattle", "store", "Seattle", "3 Harbor Steps", PACIFIC, 120, 0.4),
    Site("denver-hub", "Denver", "pickup_hub", "Denver", "44 Ridge Street", MOUNTAIN, 80, 0.0),
    Site("miami-locker", "Miami", "locker", "Miami", "9 Bay Arcade", EASTERN, 60, 0.0),
)

#: The sandbox organization's own site: its test orders never reach a real floor.
SANDBOX_SITE = Site(
    "sandbox-depot", "Sandbox depot", "warehouse", "Kansas City", "1 Test Street",
    CENTRAL, 1000, 1.0,
)  # fmt: skip


def city(name: str) -> City:
    """This function will return a city by its name."""
    return next(place for place in CITIES if place.name == name)
