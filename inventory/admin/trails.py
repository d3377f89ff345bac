"""The movements of a lot or a numbered unit, as pages tell them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from inventory.admin import scoping
from inventory.models import StockMovement
from inventory.reasons import REASONS
from oms.core.admin import cells, links
from oms.core.admin.pages import Table
from oms.infra.accounts import selectors as accounts

#: Movements told on a page, the newest first.
SHOWN = 50

_BALANCES = (
    ("on_hand_delta", _("on hand")),
    ("allocated_delta", _("set aside")),
    ("quarantined_delta", _("quarantined")),
    ("damaged_delta", _("damaged")),
    ("returned_delta", _("returned")),
)


def trail(request: HttpRequest, movements: QuerySet[StockMovement]) -> Table:
    """This function will return the newest movements at the nodes a person may see."""
    rows = scoping.mine(request, movements, "position__node__code")
    found = list(rows.select_related("position__node").order_by("-pk")[:SHOWN])
    names = accounts.names_of(actors={movement.actor for movement in found})
    headers = [_("what"), _("node"), _("change"), _("why"), _("who"), _("when")]
    lines = [_line(movement, names) for movement in found]
    return Table(_("Movements"), headers, lines, _("No movement yet."), frozenset({2}))


def document(kind: str, ref: str) -> SafeString:
    """This function will return a link to what a movement was booked for."""
    return links.order_link(ref, _("Order")) if kind == "order" else cells.code(ref)


def _line(movement: StockMovement, names: dict[str, str]) -> list[Any]:
    return [
        cells.pill(movement.get_kind_display()),
        movement.position.node.name,
        _change(movement),
        _why(movement),
        names.get(movement.actor, ""),
        cells.moment(movement.occurred_at),
    ]


def _why(movement: StockMovement) -> Any:
    """A reason of the table in words, with what was noted beside it; else the document."""
    if not movement.reason:
        return document(movement.document_kind, movement.document_ref)
    code, mark, note = movement.reason.partition("; ")
    return f"{REASONS[code].words}{mark}{note}" if code in REASONS else movement.reason


def _change(movement: StockMovement) -> str:
    changed = [(getattr(movement, name), label) for name, label in _BALANCES]
    return ", ".join(f"{delta:+d} {label}".replace("-", "−") for delta, label in changed if delta)
