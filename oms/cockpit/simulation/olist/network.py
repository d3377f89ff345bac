"""Sellers become a network of nodes: at most 200, by clustering where they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2

from oms.cockpit.simulation.olist.tables import Tables, prefix

MAX_NODES = 200

#: Time zones by state where they differ from Brasília's.
_ZONES = {
    "AC": "America/Rio_Branco",
    "AM": "America/Manaus",
    "RR": "America/Boa_Vista",
    "RO": "America/Porto_Velho",
    "MT": "America/Cuiaba",
    "MS": "America/Campo_Grande",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One node to be: where it is, and what it is called after."""

    code: str
    city: str
    state: str
    zip_prefix: str
    latitude: float
    longitude: float

    @property
    def timezone(self) -> str:
        return _ZONES.get(self.state, "America/Sao_Paulo")


def cluster(tables: Tables) -> tuple[list[Cluster], dict[str, str]]:
    """This function will return the nodes and the node code of each seller that sold something.

    k-means on positions with a fixed seed; sellers whose prefix has no position go to the largest
    node. The same tables give the same network.
    """
    sold = Counter(item["seller_id"] for items in tables.items.values() for item in items)
    located = sorted(seller for seller in sold if _position(tables, seller) is not None)
    points = np.array([_position(tables, seller) for seller in located])
    count = min(MAX_NODES, len({tuple(point) for point in points}))
    _, labels = kmeans2(points, count, minit="++", seed=20_180_601)
    members: dict[int, list[str]] = {}
    for seller, label in zip(located, labels, strict=True):
        members.setdefault(int(label), []).append(seller)
    clusters = []
    code_of: dict[str, str] = {}
    for number, label in enumerate(sorted(members), start=1):
        node = _describe(tables, f"br-{number:03d}", members[label], sold)
        clusters.append(node)
        code_of |= dict.fromkeys(members[label], node.code)
    largest = Counter(code_of.values()).most_common(1)[0][0]
    return clusters, {seller: code_of.get(seller, largest) for seller in sold}


def _position(tables: Tables, seller: str) -> tuple[float, float] | None:
    row = tables.sellers.get(seller)
    return tables.places.get(prefix(row, "seller_zip_code_prefix")) if row else None


def _describe(tables: Tables, code: str, sellers: list[str], sold: Mapping[str, int]) -> Cluster:
    busiest = max(sellers, key=lambda seller: (sold[seller], seller))
    row = tables.sellers[busiest]
    position = _position(tables, busiest)
    assert position is not None
    return Cluster(
        code=code,
        city=row["seller_city"].title(),
        state=row["seller_state"],
        zip_prefix=prefix(row, "seller_zip_code_prefix"),
        latitude=position[0],
        longitude=position[1],
    )
