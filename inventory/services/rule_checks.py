"""What is wrong with rules that somebody wants to set: every mistake, by its place in the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from inventory.catalog import selectors as catalog
from inventory.nodes import selectors as nodes
from inventory.types import SafetyLimit, SellingLimit
from oms.core.errors import FieldError
from oms.infra.accounts import selectors as accounts

#: A limit above this is a typing error.
MAX_LIMIT = 1_000_000
MAX_CHANNEL = 40
MAX_CATEGORY = 80


def in_safety(rules: Sequence[SafetyLimit]) -> list[FieldError]:
    """This function will return what is wrong with safety rules; two statements at most."""
    known = nodes.facts_by_id(node_ids={rule.node_id for rule in rules})
    owners = catalog.owners_of(variant_ids={r.variant_id for r in rules if r.variant_id})
    errors = _twice([(rule.node_id, rule.variant_id, rule.category) for rule in rules])
    for i, rule in enumerate(rules):
        errors += _units(f"/{i}/quantity", rule.quantity)
        if rule.node_id not in known:
            errors.append(FieldError(f"/{i}/node_id", "unknown", f"No node {rule.node_id}."))
        if rule.variant_id is not None and rule.variant_id not in owners:
            errors.append(_no_variant(i, rule.variant_id))
        if rule.variant_id is not None and rule.category:
            detail = "Name a variant or a category, not both."
            errors.append(FieldError(f"/{i}/category", "two_scopes", detail))
        errors += in_text(f"/{i}/category", rule.category, MAX_CATEGORY)
    return errors


def in_selling(rules: Sequence[SellingLimit]) -> list[FieldError]:
    """This function will return what is wrong with selling rules; two statements at most."""
    known = accounts.known_organizations(ids={rule.organization_id for rule in rules})
    owners = catalog.owners_of(variant_ids={r.variant_id for r in rules if r.variant_id})
    errors = _twice([(rule.organization_id, rule.variant_id, rule.channel) for rule in rules])
    for i, rule in enumerate(rules):
        errors += _units(f"/{i}/oversell_limit", rule.oversell_limit)
        errors += _limit(f"/{i}/backorder_limit", rule.backorder_limit)
        errors += _limit(f"/{i}/preorder_limit", rule.preorder_limit)
        errors += _day(i, rule)
        errors += in_text(f"/{i}/channel", rule.channel, MAX_CHANNEL)
        if rule.organization_id not in known:
            detail = f"No organization {rule.organization_id}."
            errors.append(FieldError(f"/{i}/organization_id", "unknown", detail))
        if rule.variant_id is not None and owners.get(rule.variant_id) != rule.organization_id:
            errors.append(_no_variant(i, rule.variant_id))
    return errors


def in_text(pointer: str, text: str, longest: int) -> Iterator[FieldError]:
    """This function will tell whether a name has spaces around it or is too long."""
    if text != text.strip() or len(text) > longest:
        detail = f"Give at most {longest} characters, without spaces around."
        yield FieldError(pointer, "invalid", detail)


def _units(pointer: str, value: object) -> Iterator[FieldError]:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_LIMIT:
        yield FieldError(pointer, "invalid", f"Give a whole number from 0 to {MAX_LIMIT}.")


def _limit(pointer: str, value: object) -> Iterator[FieldError]:
    if value is not None:
        yield from _units(pointer, value)


def _day(i: int, rule: SellingLimit) -> Iterator[FieldError]:
    day = rule.preorder_ships_on
    if day is None and rule.preorder_limit != 0:
        detail = "Say by which day preorders ship."
        yield FieldError(f"/{i}/preorder_ships_on", "required", detail)
    if day is not None and (isinstance(day, datetime) or not isinstance(day, date)):
        yield FieldError(f"/{i}/preorder_ships_on", "invalid", "Give a day.")


def _no_variant(i: int, variant_id: int) -> FieldError:
    return FieldError(f"/{i}/variant_id", "unknown", f"No variant {variant_id}.")


def _twice(scopes: Sequence[tuple[object, ...]]) -> list[FieldError]:
    times = Counter(scopes)
    return [
        FieldError(f"/{i}", "duplicate", "Two rules have the same scope.")
        for i, scope in enumerate(scopes)
        if times[scope] > 1
    ]
