"""What a person sees of stock: their nodes' rows, whole or narrowed to a place or a variant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from inventory.admin.scoping import mine
from inventory.models import StockPosition
from oms.core.admin import cells, links
from oms.core.admin.cells import Text

#: What people call the balances, in the order they are read.
BALANCES: dict[str, Text] = {
    "on_hand": _("on hand"),
    "allocated": _("allocated"),
    "held": _("held"),
    "earmarked": _("kept for channels"),
    "quarantined": _("quarantined"),
    "damaged": _("damaged"),
    "returned": _("returned"),
}
#: Balances that are the sum of live reservations.
TAKEN = ("allocated", "held")


def my_places(request: HttpRequest) -> QuerySet[StockPosition]:
    """This function will return the places a person may see, with node and variant."""
    places = StockPosition.objects.select_related("node", "variant")
    return mine(request, places, "node__code")


def variant_address(variant_id: int) -> str:
    """This function will return the address of a variant's stock over all nodes."""
    return reverse("admin:inventory_stockposition_variant", args=(variant_id,))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a list of movements or reservations is narrowed to. `query` narrows the movements to
    it, `taken` the reservations."""

    name: str
    page: SafeString
    places: QuerySet[StockPosition]
    query: dict[str, int]
    taken: dict[str, int]

    def behind(self, units: int, balance: str, **more: Any) -> SafeString:
        """This method will return a number that opens the movements it is the sum of."""
        return links.figure(units, self.movements(balance=balance, **more))

    def movements(self, **more: Any) -> str:
        return links.list_address("inventory.stockmovement", **self.query, **more)

    def reservations(self, **more: Any) -> str:
        return links.list_address("inventory.reservation", **self.taken, **more)


def of_place(place: Any) -> Subject:
    """This function will return a place as the subject of lists."""
    name = f"{place.variant.sku} · {place.node.name}"
    return Subject(
        name=name,
        page=links.row_link("inventory.stockposition", place.pk, _("The place")),
        places=StockPosition.objects.filter(pk=place.pk),
        query={"position": place.pk},
        taken={"position": place.pk},
    )


def of_variant(variant: Any, places: QuerySet[StockPosition]) -> Subject:
    """This function will return a variant at `places` as the subject of lists."""
    return Subject(
        name=f"{variant.sku} · {variant.name}",
        page=cells.link(variant_address(variant.pk), _("All nodes")),
        places=places.filter(variant_id=variant.pk),
        query={"position__variant": variant.pk},
        taken={"variant": variant.pk},
    )


def asked_for(request: HttpRequest, *, variant_key: str) -> Subject | None:
    """This function will return what a list is narrowed to, where a person may see it."""
    key, path = request.GET.get("position"), "pk"
    if key is None:
        key, path = request.GET.get(variant_key), "variant_id"
    if key is None or not (key.isascii() and key.isdigit()):
        return None
    places = my_places(request)
    found = places.filter(**{path: int(key)}).first()
    if found is None:
        return None
    return of_place(found) if path == "pk" else of_variant(found.variant, places)


def is_whole(request: HttpRequest, allowed: Iterable[str]) -> bool:
    """This function will tell whether nothing but the `allowed` parameters narrows a list."""
    return not set(request.GET) - {*allowed, "p", "o"}
