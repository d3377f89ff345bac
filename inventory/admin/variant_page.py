"""The page of a variant's stock: what can be sold of it in all, and at each node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from inventory.admin import place_blocks, scope
from inventory.catalog.types import VariantFacts
from inventory.models import StockPosition
from inventory.selectors import stock_page
from oms.core.admin import cells, links
from oms.core.admin.pages import Figure, Figures, Page, Table

_HEADERS = (
    _("node"), _("ATP"), *scope.BALANCES.values(), _("safety"), _("on its way"),
)  # fmt: skip


def build(variant: Any, places: Sequence[Any], mine: QuerySet[StockPosition]) -> Page:
    """This function will return the page of a variant at `places` of `stock_page.list_places`;
    `mine` are all the places a person may see."""
    subject = scope.of_variant(variant, mine)
    total = sum(stock_page.available_at(place) for place in places)
    return Page(
        name=subject.name,
        pills=_pills(variant),
        lead=_lead(variant),
        top=[_figures(subject, places, total)] if places else [],
        main=[_table(subject, places, total), *_chart(subject, places)],
    )


def build_kit(variant: Any, parts: Sequence[tuple[VariantFacts, int]]) -> Page:
    """This function will return the page of a kit: it is sold as one and stocked as its parts."""
    rows = [
        [
            cells.link(scope.variant_address(part.id), part.sku),
            part.name,
            cells.number(quantity),
        ]
        for part, quantity in parts
    ]
    return Page(
        name=f"{variant.sku} · {variant.name}",
        pills=_pills(variant),
        lead=_lead(variant),
        main=[
            Table(
                _("Made of"),
                [_("SKU"), _("item"), _("in one kit")],
                rows,
                "",
                frozenset({2}),
                _("A kit has no stock of its own: a node has as many as its parts there make up."),
            )
        ],
    )


def _pills(variant: Any) -> list[Any]:
    return [] if variant.is_active else [cells.pill(_("Not sold"))]


def _lead(variant: Any) -> list[tuple[Any, Any]]:
    product = links.row_link("catalog.variant", variant.pk, _("The item in the catalog"))
    barcode = [(_("Barcode"), cells.code(variant.barcode))] if variant.barcode else []
    return [(_("SKU"), cells.code(variant.sku)), *barcode, (_("Catalog"), product)]


def _figures(subject: scope.Subject, places: Sequence[Any], total: int) -> Figures:
    coming = [place.inbound_on for place in places if place.inbound_on]
    return Figures(
        [
            Figure(
                _("can be sold, all nodes"), cells.number(total), tone=place_blocks.tone_of(total)
            ),
            *(
                Figure(scope.BALANCES[name], subject.behind(_sum(places, name), name))
                for name in ("on_hand", "allocated", "held")
            ),
            Figure(_("safety stock"), cells.number(_sum(places, "safety_stock"))),
            Figure(
                _("on its way"),
                place_blocks.inbound(_sum(places, "inbound"), **subject.taken),
                place_blocks.next_day(min(coming, default=None)),
            ),
        ]
    )


def _table(subject: scope.Subject, places: Sequence[Any], total: int) -> Table:
    foot = [
        _("All nodes"),
        cells.number(total),
        *(subject.behind(_sum(places, name), name) for name in scope.BALANCES),
        cells.number(_sum(places, "safety_stock")),
        place_blocks.inbound(_sum(places, "inbound"), **subject.taken),
    ]
    return Table(
        _("At each node"),
        _HEADERS,
        [_row(place) for place in places],
        _("No stock yet. It appears here when the first units are received."),
        frozenset(range(1, len(_HEADERS))),
        _("ATP, available to promise, is never below zero at a node, and so in all."),
        foot if len(places) > 1 else (),
        is_dense=True,
    )


def _row(place: Any) -> list[Any]:
    here = scope.of_place(place)
    return [
        links.row_link("inventory.stockposition", place.pk, place.node.name),
        _atp(place),
        *(here.behind(getattr(place, name), name) for name in scope.BALANCES),
        place_blocks.safety(place),
        place_blocks.coming(place),
    ]


def _atp(place: Any) -> Any:
    text = place_blocks.free_pill(place)
    return links.row_link("inventory.stockposition", place.pk, text)


def _chart(subject: scope.Subject, places: Sequence[Any]) -> list[Any]:
    return [place_blocks.chart(subject, [place.pk for place in places])] if places else []


def _sum(places: Sequence[Any], name: str) -> int:
    return sum(getattr(place, name) for place in places)
