"""What it costs: prices, discounts and taxes that make sense, credit, and who must approve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from orders.rules.answers import Finding
from orders.rules.facts import Facts, LineFacts
from orders.rules.settings import NoSettings, Range, Ranges, Switch, percent, setting

_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class PriceSettings:
    lowest_percent: Decimal = percent(
        "50", _("Lowest price, % of the catalog's"), _("A unit for less is a pricing error.")
    )
    highest_percent: Decimal = percent("200", _("Highest price, % of the catalog's"), high="10000")
    largest_discount_percent: Decimal = percent("80", _("Largest discount, %"), high="100")
    allows_free: bool = setting(
        False, Switch(), _("Units may be free"), _("Replacements always may.")
    )
    allows_below_cost: bool = setting(
        False, Switch(), _("May be sold below cost"), _("Where the cost is known.")
    )


def check_price(facts: Facts, settings: PriceSettings) -> list[Finding] | None:
    if facts.is_replacement:
        return None
    return [found for line in facts.lines for found in _prices_of(line, facts, settings)]


def _prices_of(line: LineFacts, facts: Facts, settings: PriceSettings) -> Iterator[Finding]:
    item, unit = line.variant, line.unit_amount
    if not unit:
        if not settings.allows_free and item.price_amount:
            yield Finding("free", f"{item.sku} costs nothing.", "/lines")
        return
    gross = unit * line.quantity
    share = _WHOLE * line.discount_amount / gross
    if share > settings.largest_discount_percent:
        yield Finding("large_discount", f"{item.sku} has {share:.0f} % discount.", "/lines")
    if item.price_currency != facts.currency:
        return
    yield from _compare(line, settings)


def _compare(line: LineFacts, settings: PriceSettings) -> Iterator[Finding]:
    item, unit = line.variant, line.unit_amount
    if item.price_amount and unit != item.price_amount:
        share = _WHOLE * unit / item.price_amount
        if not settings.lowest_percent <= share <= settings.highest_percent:
            detail = f"{item.sku} costs {share:.0f} % of its price in the catalog."
            yield Finding("unusual_price", detail, "/lines")
    cost = item.cost_amount
    if cost and not settings.allows_below_cost and line.net_amount < cost * line.quantity:
        yield Finding("below_cost", f"{item.sku} is sold below its cost.", "/lines")


@dataclass(frozen=True, slots=True)
class TaxSettings:
    rates: tuple[Range, ...] = setting(
        (Range((), Decimal(0), Decimal(30)),),
        Ranges(),
        _("Rates, % of the net price"),
        _("One group a line: countries, then from and to. A line without countries: all others."),
    )


def check_tax(facts: Facts, settings: TaxSettings) -> list[Finding]:
    allowed = _range_for(facts.country, settings)
    if allowed is None:
        return []
    low, high = allowed.low / _WHOLE, allowed.high / _WHOLE
    return [
        Finding(
            "unusual_tax",
            f"{line.variant.sku}: the tax is not between {allowed.low} and {allowed.high} %.",
            "/lines",
        )
        for line in facts.lines
        if not _is_taxed_within(line, low, high)
    ]


def _is_taxed_within(line: LineFacts, low: Decimal, high: Decimal) -> bool:
    tax, net = line.tax_amount, line.net_amount
    if tax < 0:
        return False
    # Half a cent a unit: taxes are rounded by unit in some shops, by line in others.
    slack = Decimal("0.005") * (line.quantity + 1)
    return low * net - slack <= tax <= high * net + slack


def _range_for(country: str, settings: TaxSettings) -> Range | None:
    others = None
    for one in settings.rates:
        if country in one.countries:
            return one
        if not one.countries:
            others = one
    return others


@dataclass(frozen=True, slots=True)
class CreditSettings:
    until_paid: bool = setting(
        False,
        Switch(),
        _("Orders take credit until they are paid"),
        _("Off: until they are delivered. On: payments must be reported to us."),
    )


def check_credit(facts: Facts, settings: CreditSettings) -> list[Finding] | None:
    credit = facts.credit
    if credit is None:
        return None
    if credit.is_other_currency:
        detail = f"The customer's credit is in {credit.currency}, the order is not."
        return [Finding("credit_currency", detail)]
    if credit.lacks > 0:
        detail = (
            f"{credit.lacks.normalize():f} {credit.currency} more than the customer's free credit."
        )
        return [Finding("over_limit", detail)]
    return []


def check_approval(facts: Facts, settings: NoSettings) -> list[Finding] | None:
    above = facts.approval_above_amount
    if not facts.is_auto_approved:
        return [Finding("approval_needed", "Orders of this channel are approved by a person.")]
    if above is None:
        return None
    if facts.total_amount > above:
        detail = f"Orders above {above.normalize():f} {facts.currency} are approved by a person."
        return [Finding("above_amount", detail)]
    return []
