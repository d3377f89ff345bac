"""The page of a place: what it can promise and why, what takes from it, and how it came to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.admin import movements, place_blocks, reservations, scope
from inventory.selectors import stock, stock_page
from oms.core import clock
from oms.core.admin import cells, links
from oms.core.admin.charts import Step, Waterfall
from oms.core.admin.pages import Block, Facts, Figure, Figures, Page, Table
from oms.infra.accounts import selectors as accounts

#: Rows of each table on the page; the lists have the rest.
SHOWN = 25
FEWER = 10


def build(place: Any) -> Page:
    """This function will return the page of a place of `stock_page.list_places`."""
    subject = scope.of_place(place)
    return Page(
        name=subject.name,
        pills=[place_blocks.free_pill(place)],
        lead=_lead(place),
        top=[_figures(place, subject)],
        main=[_why(place, subject), place_blocks.chart(subject, [place.pk])],
        side=list(_side(place, subject)),
        across=[_live(place, subject), *_lots(place), _story(place, subject)],
    )


def _lead(place: Any) -> list[tuple[Any, Any]]:
    variant = cells.link(scope.variant_address(place.variant_id), place.variant.name)
    return [(_("Item"), variant), (_("Node"), place.node.code)]


def _figures(place: Any, subject: scope.Subject) -> Figures:
    units = stock_page.available_at(place)
    tone = place_blocks.tone_of(units) if place.is_open else ""
    return Figures(
        [
            Figure(_("can be promised"), cells.number(units), tone=tone),
            *(
                Figure(scope.BALANCES[name], subject.behind(getattr(place, name), name))
                for name in ("on_hand", "allocated", "held")
            ),
            Figure(_("safety stock"), place_blocks.safety(place), place_blocks.rule_name(place)),
            Figure(
                _("on its way"),
                place_blocks.inbound(place.inbound, node=place.node_id, variant=place.variant_id),
                place_blocks.next_day(place.inbound_on),
            ),
        ]
    )


def _why(place: Any, subject: scope.Subject) -> Waterfall:
    return Waterfall(
        title=_("Why %(n)s can be promised") % {"n": cells.figure(stock_page.available_at(place))},
        steps=[
            Step(_("on hand"), place.on_hand, subject.behind(place.on_hand, "on_hand")),
            *(
                Step(
                    _("− %(balance)s") % {"balance": scope.BALANCES[name]},
                    -getattr(place, name),
                    subject.behind(-getattr(place, name), name),
                )
                for name in ("allocated", "held", "earmarked")
            ),
            Step(
                _("− safety stock"),
                -place.safety_stock,
                place_blocks.safety(place, sign=-1),
                place_blocks.rule_name(place),
            ),
            *(step for step in _rarer(place, subject) if step.units),
        ],
        result=Step(_("= free"), place.free, cells.number(place.free)),
        notes=list(_notes(place)),
    )


def _rarer(place: Any, subject: scope.Subject) -> Iterator[Step]:
    """What bears on few places, and is said only where it does."""
    yield _plain(_("− lots and serial numbers not for sale"), -place.unfit)
    yield _plain(_("+ may be oversold"), place.oversell_limit)
    yield _plain(_("− oversold by single channels only"), -place.barred)
    yield Step(
        _("+ holds that ran out"),
        place.ran_out,
        links.figure(place.ran_out, subject.reservations(takes="nothing")),
        _("free again, though still counted as held"),
    )


def _plain(name: Any, units: int) -> Step:
    return Step(name, units, links.figure(units, None))


def _notes(place: Any) -> Iterator[Any]:
    if place.free < 0:
        yield _("Less than nothing is free, since a limit was tightened: nothing can be promised.")
    if not place.node.is_active:
        yield _("The node is switched off: nothing is sold from here.")
    elif not place.is_open:
        yield _("The node may not serve the owner of this item: nothing is sold from here.")
    if place.earmarked:
        yield _("A channel with units of its own can take those besides.")


def _side(place: Any, subject: scope.Subject) -> Iterator[Block]:
    aside = [
        (scope.BALANCES[name], subject.behind(getattr(place, name), name))
        for name in ("quarantined", "damaged", "returned")
    ]
    yield Facts(_("Beside it, not for sale"), aside)
    kept = stock_page.list_allotments(position_id=place.pk)
    if place.earmarked:
        yield Facts(
            _("Kept for channels"),
            [(cells.code(row.channel), cells.number(row.remaining)) for row in kept],
        )
    coming = stock_page.list_inbound(node_id=place.node_id, variant_id=place.variant_id)
    yield Table(
        _("On its way"),
        [_("expected"), _("from"), _("units")],
        [
            [
                cells.day(row.expected_on),
                cells.two_lines(row.get_kind_display(), row.document_ref),
                cells.number(row.open),
            ]
            for row in coming[:FEWER]
        ],
        _("Nothing is on its way."),
        frozenset({2}),
    )


def _live(place: Any, subject: scope.Subject) -> Table:
    rows = stock_page.list_live(position_id=place.pk)[:FEWER]
    more = cells.link(subject.reservations(), _("All reservations here"))
    return Table(
        _("Reservations that take from here"),
        [_("units"), _("status"), _("for"), _("lot"), _("channel"), _("needed"), _("expires")],
        [reservations.line(row) for row in rows],
        _("Nothing is reserved here."),
        frozenset({0}),
        more,
    )


def _lots(place: Any) -> Iterator[Table]:
    if place.variant.tracking == "none":
        return
    today = clock.today(place.node.timezone)
    yield Table(
        _("Lots"),
        [_("lot"), _("expires"), _("on hand"), _("allocated"), _("set aside")],
        [
            [
                _lot_name(row.lot, today),
                cells.day(row.lot.expires_on),
                cells.number(row.on_hand),
                cells.number(row.allocated),
                cells.number(row.quarantined + row.damaged + row.returned),
            ]
            for row in stock_page.list_lots(position_id=place.pk)[:SHOWN]
        ],
        _("No lot lies here."),
        frozenset({2, 3, 4}),
    )


def _lot_name(lot: Any, today: date) -> Any:
    last = lot.removal_on or lot.expires_on
    if lot.block:
        return cells.pills(cells.code(lot.code), cells.pill(lot.get_block_display(), "bad"))
    if last and last <= today:
        return cells.pills(cells.code(lot.code), cells.pill(gettext("Past its day"), "bad"))
    return cells.code(lot.code)


def _story(place: Any, subject: scope.Subject) -> Table:
    rows = list(stock.list_movements(position_id=place.pk)[:SHOWN])
    names = accounts.names_of(actors={row.actor for row in rows})
    return Table(
        _("Movements"),
        [_("what"), _("change"), _("why"), _("who"), _("when")],
        [movements.line(row, names) for row in rows],
        _("No movement yet."),
        note=cells.link(subject.movements(), _("All movements")),
    )
