"""Why nothing could be planned, in words for people: SKUs and counts, no names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from routing.quotes import Network, Verdict
from routing.splits import Need

#: SKUs named in one text; the others are counted.
NAMED = 3

_NO_SERVICE = {
    Verdict.NOT_ALLOWED: _("No service may carry this there."),
    Verdict.OTHER_CARRIER: _("No carrier that the channel allows may carry this there."),
    Verdict.TOO_HEAVY: _("It is too heavy for every service."),
    Verdict.TOO_FAR: _("It is farther than any service goes."),
}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """More was asked of a variant than all nodes that ship have; `largest` has one of them."""

    variant_id: int
    asked: int
    free: int
    largest: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Missing stock; without any, how far the best service of the nodes with stock came."""

    has_nodes: bool
    short: tuple[Shortfall, ...]
    verdict: int


def examine(
    network: Network, verdict: NDArray[np.int8], need: Need, stock: NDArray[np.int64]
) -> Failure:
    """This function will find why no plan could be made at the moment it was tried."""
    ships = network.can_ship
    usable = np.where(ships, stock, 0)
    free, largest = usable.sum(axis=1), usable.max(axis=1, initial=0)
    short = tuple(
        Shortfall(need.variant_ids[row], *(int(x[row]) for x in (need.quantities, free, largest)))
        for row in np.flatnonzero(free < need.quantities).tolist()
    )
    has_some = (usable > 0).any(axis=0)
    return Failure(bool(ships.any()), short, int(verdict[has_some].max(initial=0)))


def in_words(failure: Failure, skus: Mapping[int, str]) -> str:
    """This function will say it in one to four sentences."""
    if not failure.has_nodes:
        return gettext("No node ships for this organization.")
    if failure.short:
        return _missing([(skus.get(s.variant_id, "?"), s) for s in failure.short])
    sentence = _NO_SERVICE.get(
        Verdict(failure.verdict), _("No set of nodes can send this in parcels.")
    )
    return str(sentence)


def _missing(short: Sequence[tuple[str, Shortfall]]) -> str:
    sentences = [_missing_one(sku, shortfall) for sku, shortfall in short[:NAMED]]
    more = len(short) - NAMED
    if more > 0:
        sentences.append(
            ngettext("%(n)d more SKU is short.", "%(n)d more SKUs are short.", more) % {"n": more}
        )
    return " ".join(sentences)


def _missing_one(sku: str, shortfall: Shortfall) -> str:
    values = {"asked": shortfall.asked, "sku": sku, "free": shortfall.free}
    if not shortfall.free:
        return gettext("No node has %(sku)s (%(asked)d asked).") % values
    if shortfall.free == shortfall.largest:
        return gettext("No node has %(asked)d × %(sku)s, only %(free)d.") % values
    return gettext("All nodes together have %(free)d of %(asked)d × %(sku)s.") % values
