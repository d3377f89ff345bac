"""What an edit or a draft would do, as a page shows it: before and after side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from oms.core.admin import cells
from oms.core.admin.pages import Facts, Table
from orders.models import Hold

Outcome = Mapping[str, Any]


def blocks(outcome: Outcome) -> list[Any]:
    """This function will return the blocks of a preview: money, lines, stock and promise."""
    return [_money(outcome), _lines(outcome), _rest(outcome)]


def _money(outcome: Outcome) -> Facts:
    money = outcome["money"]
    currency = money["currency"]

    def amount(name: str) -> Any:
        return cells.amount(Decimal(money[name]), currency)

    rows: list[tuple[Any, Any]] = [
        (_("total before"), amount("old_total")),
        (_("total after"), amount("new_total")),
    ]
    if Decimal(money["to_collect"]):
        rows.append((_("to collect"), amount("to_collect")))
    if Decimal(money["to_refund"]):
        rows.append((_("to refund"), amount("to_refund")))
    return Facts(_("Money"), rows)


def _lines(outcome: Outcome) -> Table:
    currency = outcome["money"]["currency"]
    rows = [
        [
            row["sku"],
            _change(row["old_units"], row["new_units"]),
            cells.amount(Decimal(row["old_amount"]), currency),
            cells.amount(Decimal(row["new_amount"]), currency),
        ]
        for row in outcome["lines"]
    ]
    headers = [_("item"), _("units"), _("before"), _("after")]
    empty = _("No line changes.")
    return Table(_("Items that change"), headers, rows, empty, numeric=frozenset({1, 2, 3}))


def _rest(outcome: Outcome) -> Facts:
    promise, stock, holds = outcome["promise"], outcome["stock"], outcome["holds"]
    rows: list[tuple[Any, Any]] = [
        (_("promised"), _change(_day(promise["old_on"]), _day(promise["new_on"]))),
    ]
    rows += [(_("set aside"), _spot(row)) for row in stock["reserved"]]
    rows += [(_("given back"), _spot(row)) for row in stock["released"]]
    if stock["waits"]:
        rows.append((_("waits for stock"), _signed(stock["waits"])))
    if stock["unallocated"]:
        rows.append((_("without stock"), _signed(stock["unallocated"])))
    names = dict(Hold.Type.choices)
    rows += [
        (_("goes on hold"), cells.pill(names.get(kind, kind), "hold")) for kind in holds["opened"]
    ]
    rows += [(_("hold ends"), cells.pill(names.get(kind, kind), "ok")) for kind in holds["lifted"]]
    if outcome["is_address_changed"]:
        rows.append((_("address"), gettext("another one")))
    return Facts(_("Stock and promise"), rows)


def _spot(row: Mapping[str, Any]) -> str:
    said = ngettext("%(n)d × %(sku)s in %(node)s", "%(n)d × %(sku)s in %(node)s", row["units"])
    return said % {"n": row["units"], "sku": row["sku"], "node": row["node"]}


def _signed(units: int) -> str:
    return f"{units:+d}"


def _change(old: Any, new: Any) -> Any:
    return new if old == new else f"{old} → {new}"


def _day(text: str | None) -> Any:
    return date_format(date.fromisoformat(text), "M j, Y") if text else gettext("unknown")
