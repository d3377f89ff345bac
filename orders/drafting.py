"""Checks a draft by itself: everything that is wrong with it, each naming its field and the fix."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from inventory.catalog.types import VariantFacts
from oms.core import money
from oms.core.addresses import Verdict, judge
from oms.core.errors import FieldError, Invalid
from oms.core.quantities import MAX_LINE_QUANTITY
from oms.infra.contacts.hashing import keyed_hash
from orders import amounts
from orders.billing import services as billing
from orders.channels.types import ChannelFacts
from orders.tiers import Level
from orders.types import LineDraft, OrderDraft

MAX_LINES = 500
MAX_PAYMENTS = 20
#: What may have happened to the money before the order comes.
INTAKE_KINDS = ("authorized", "captured")
MAX_AMOUNT = Decimal("99999999.9999")


#: A mail, a name with a space, an international phone number.
_PERSONAL = re.compile(r"@|\s|^\+")


class InvalidOrder(Invalid):
    code = "orders.invalid"
    title = "The order cannot be placed"


@dataclass(frozen=True, slots=True)
class CleanLine:
    position: int
    variant: VariantFacts
    quantity: int
    unit_amount: Decimal
    discount_amount: Decimal = Decimal(0)
    tax_amount: Decimal = Decimal(0)
    #: The line of an earlier order whose units these replace.
    replaces_id: int | None = None


@dataclass(frozen=True, slots=True)
class CleanDraft:
    """A draft with its SKUs resolved, equal SKUs merged, its address judged."""

    draft: OrderDraft
    lines: tuple[CleanLine, ...]
    address: Verdict
    level: Level

    @property
    def customer_reference(self) -> str:
        if self.draft.known_customer:
            return self.draft.known_customer
        reference = self.draft.customer_ref
        if _PERSONAL.search(reference):
            # Some shops know buyers by mail, phone or name: only the vault may hold these.
            return f"buyer:{keyed_hash('email', reference)}"
        return reference or f"guest:{self.draft.external_ref}"

    @property
    def total_amount(self) -> Decimal:
        lines = sum((amounts.of_line(line) for line in self.lines), Decimal(0))
        return lines + self.draft.shipping_amount + self.draft.shipping_tax_amount

    @property
    def unit_count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def content_hash(self) -> str:
        return content_hash_of((line.variant.sku, line.quantity) for line in self.lines)


def content_hash_of(pairs: Iterable[tuple[str, int]]) -> str:
    """This function will return the hash of an order's (SKU, quantity) pairs, in any order."""
    return hashlib.blake2b(repr(sorted(pairs)).encode(), digest_size=16).hexdigest()


def clean(
    draft: OrderDraft, *, channel: ChannelFacts, catalog: Mapping[str, VariantFacts]
) -> CleanDraft:
    """This function will return the draft ready to be placed.

    Two lines of one SKU become one, before anything is counted or reserved.

    :raises InvalidOrder: with every wrong field at once.
    """
    tier = draft.tier or channel.default_tier
    address = _judge_address(draft, channel)
    errors = [
        *_check_head(draft),
        *_check_tier(tier, channel),
        *_check_country(address),
        *_check_lines(draft, catalog),
        *_check_payments(draft),
    ]
    if errors:
        raise InvalidOrder(_summary(errors), errors=errors)
    return CleanDraft(
        draft=draft, lines=_merge(draft, catalog), address=address, level=channel.levels[tier]
    )


def _summary(errors: list[FieldError]) -> str:
    first = errors[0]
    more = f" And {len(errors) - 1} more; see errors." if len(errors) > 1 else ""
    return f"{first.pointer}: {first.detail}{more}"


def _judge_address(draft: OrderDraft, channel: ChannelFacts) -> Verdict:
    return judge(draft.recipient.address, needs_street=channel.needs_street)


def _check_head(draft: OrderDraft) -> list[FieldError]:
    errors = []
    if not draft.external_ref.strip() or len(draft.external_ref) > 80:
        errors.append(
            FieldError("/external_ref", "required", "Give your own reference, 1 to 80 characters.")
        )
    if len(draft.customer_ref) > 80:
        errors.append(FieldError("/customer_ref", "too_long", "Give at most 80 characters."))
    return errors + _check_money(draft)


def _check_tier(tier: str, channel: ChannelFacts) -> list[FieldError]:
    if tier in channel.offered:
        return []
    offered = f"Give one of {', '.join(channel.offered)}."
    if tier in channel.levels:
        return [FieldError("/tier", "tier_not_offered", f"The channel lacks {tier}. {offered}")]
    return [FieldError("/tier", "unknown_tier", offered)]


def _check_money(draft: OrderDraft) -> list[FieldError]:
    try:
        unit = money.exponent(draft.currency)
    except money.UnknownCurrency:
        return [FieldError("/currency", "unknown_currency", "Give an ISO 4217 code.")]
    given = [
        ("/shipping_amount", draft.shipping_amount),
        ("/shipping_tax_amount", draft.shipping_tax_amount),
    ]
    for i, line in enumerate(draft.lines):
        given += [
            (f"/lines/{i}/{name}", amount)
            for name in ("unit_amount", "discount_amount", "tax_amount")
            if (amount := getattr(line, name)) is not None
        ]
    return [
        FieldError(pointer, "invalid_amount", f"Give an amount from 0 in steps of {unit}.")
        for pointer, amount in given
        if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT or amount % unit
    ]


def _check_country(address: Verdict) -> list[FieldError]:
    # The other address errors open a hold; without a country there is nothing to verify against.
    return [e for e in address.errors if e.code == "unknown_country"]


def _check_lines(draft: OrderDraft, catalog: Mapping[str, VariantFacts]) -> list[FieldError]:
    if not draft.lines:
        return [FieldError("/lines", "empty_order", "Give at least one line.")]
    if len(draft.lines) > MAX_LINES:
        return [
            FieldError(
                "/lines",
                "too_many_lines",
                f"{len(draft.lines)} lines; give at most {MAX_LINES}, or split the order.",
            )
        ]
    errors = []
    for index, line in enumerate(draft.lines):
        errors += _check_line(index, line, catalog)
    return errors


def _check_line(
    index: int, line: LineDraft, catalog: Mapping[str, VariantFacts]
) -> list[FieldError]:
    errors = []
    variant = catalog.get(line.sku)
    if variant is None:
        errors.append(
            FieldError(f"/lines/{index}/sku", "unknown_sku", "There is no such SKU; check it.")
        )
    elif not variant.is_active:
        errors.append(
            FieldError(f"/lines/{index}/sku", "inactive_sku", "This SKU is no longer sold.")
        )
    price = (
        line.unit_amount
        if line.unit_amount is not None or variant is None
        else (variant.price_amount)
    )
    if price is not None and line.discount_amount > price * max(0, line.quantity):
        errors.append(
            FieldError(
                f"/lines/{index}/discount_amount",
                "discount_too_large",
                "Give at most what the units of the line cost.",
            )
        )
    if not 1 <= line.quantity <= MAX_LINE_QUANTITY:
        errors.append(
            FieldError(
                f"/lines/{index}/quantity",
                "invalid_quantity",
                f"Give a whole number from 1 to {MAX_LINE_QUANTITY}.",
            )
        )
    return errors


def _check_payments(draft: OrderDraft) -> list[FieldError]:
    if not draft.payments or not money.is_currency(draft.currency):
        return []
    if len(draft.payments) > MAX_PAYMENTS:
        return [FieldError("/payments", "too_many", f"Give at most {MAX_PAYMENTS}.")]
    errors, seen = [], dict[tuple[str, str], Decimal]()
    for index, payment in enumerate(draft.payments):
        at = f"/payments/{index}"
        found = billing.check(payment, currency=draft.currency)
        errors += [FieldError(f"{at}{e.pointer}", e.code, e.detail) for e in found]
        if payment.kind not in INTAKE_KINDS:
            hint = f"Give one of {', '.join(INTAKE_KINDS)}; report others later."
            errors.append(FieldError(f"{at}/kind", "unknown_kind", hint))
        key = (payment.kind, payment.reference)
        if payment.reference and seen.setdefault(key, payment.amount) != payment.amount:
            hint = "Two amounts have this reference; correct one."
            errors.append(FieldError(f"{at}/reference", "taken", hint))
    return errors


def _merge(draft: OrderDraft, catalog: Mapping[str, VariantFacts]) -> tuple[CleanLine, ...]:
    merged: dict[tuple[str, Decimal, int | None], list[LineDraft]] = {}
    for line in draft.lines:
        amount = catalog[line.sku].price_amount if line.unit_amount is None else line.unit_amount
        merged.setdefault((line.sku, amount, line.replaces_id), []).append(line)
    return tuple(
        CleanLine(
            position,
            catalog[sku],
            sum(line.quantity for line in lines),
            amount,
            sum((line.discount_amount for line in lines), Decimal(0)),
            sum((line.tax_amount for line in lines), Decimal(0)),
            replaces_id,
        )
        for position, ((sku, amount, replaces_id), lines) in enumerate(merged.items(), start=1)
    )
