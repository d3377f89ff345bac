"""Limits that people set: safety stock, selling beyond the shelf, units kept for one channel.

Rules change one at a time (an advisory lock), and the positions they hold for change in the same
transaction: what can be sold is never worked out from yesterday's rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, Q
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from inventory.catalog import selectors as catalog
from inventory.models import ChannelAllotment, SafetyRule, SellingRule
from inventory.models.stock import StockMovement
from inventory.nodes import selectors as nodes
from inventory.services import balances, expiring, rule_checks
from inventory.services.balances import Entry, Oversold, Place, Position
from inventory.services.stock import UnknownPlace
from inventory.types import ChannelReserve, SafetyLimit, SellingLimit
from oms.core import clock, locks
from oms.core.context import current
from oms.core.errors import Conflict, FieldError, Invalid, NotFound
from oms.core.locks import LockSpace
from oms.core.quantities import require_quantity
from oms.core.transactions import needs_transaction

M = TypeVar("M", bound=Model)
#: (node or organization, variant, category or channel)
Scope = tuple[int, int | None, str]

#: Places named in one refusal.
_NAMED = 20


class InvalidRule(Invalid):
    code = "inventory.invalid_rule"


class InvalidReserve(Invalid):
    code = "inventory.invalid_reserve"


class NotEnoughFree(Conflict):
    """Fewer units are free on the shelf than a channel should get."""

    code = "inventory.not_enough_free"


class NotEnoughKept(Conflict):
    """Fewer units are left of what is kept for a channel than it should give up."""

    code = "inventory.not_enough_kept"


class UnknownRule(NotFound):
    code = "inventory.unknown_rule"


class OversoldBeyondLimit(Conflict):
    """More is oversold already than the rules would allow; first stock must come."""

    code = "inventory.oversold_beyond_limit"


@needs_transaction
def set_safety_rules(*, rules: Sequence[SafetyLimit]) -> dict[Scope, int]:
    """This function will keep back units at nodes from now on, each rule in place of the one of
    the same scope. Edits are kept as history. Constant statements.

    :returns: primary keys by (node, variant, category).
    :raises InvalidRule: a rule is wrong or occurs twice; nothing is written.
    """
    _refuse(rule_checks.in_safety(rules))
    locks.hold(LockSpace.STOCK_RULES, 0)
    wanted = {(rule.node_id, rule.variant_id, rule.category): rule for rule in rules}
    scope = Q(variant__in={r.variant_id for r in rules}) | Q(
        variant=None, category__in={r.category for r in rules}
    )
    rows = SafetyRule.objects.filter(scope, node__in={rule.node_id for rule in rules})
    stored = {(row.node_id, row.variant_id, row.category): row for row in rows}
    kept = _write(SafetyRule, wanted, stored, ("node_id", "variant_id", "category", "quantity"))
    _bring_up(node_ids={rule.node_id for rule in rules}, variant_ids=_variants(rules))
    return kept


@needs_transaction
def remove_safety_rules(*, rule_ids: Collection[int]) -> None:
    """This function will end the rules; wider ones hold again. Their history stays.

    :raises UnknownRule: one does not exist; none is removed.
    """
    locks.hold(LockSpace.STOCK_RULES, 0)
    rows = _remove(SafetyRule, rule_ids)
    _bring_up(node_ids={row.node_id for row in rows}, variant_ids=_variants(rows))


@needs_transaction
def set_selling_rules(*, rules: Sequence[SellingLimit]) -> dict[Scope, int]:
    """This function will let variants be sold beyond the shelf, each rule in place of the one of
    the same scope. Edits are kept as history. Constant statements.

    :returns: primary keys by (organization, variant, channel).
    :raises InvalidRule: a rule is wrong or occurs twice; nothing is written.
    :raises OversoldBeyondLimit: places have oversold more than the rules allow from now on.
    """
    _refuse(rule_checks.in_selling(rules))
    locks.hold(LockSpace.STOCK_RULES, 0)
    wanted = {(rule.organization_id, rule.variant_id, rule.channel): rule for rule in rules}
    scope = Q(variant__in={rule.variant_id for rule in rules}) | Q(variant=None)
    rows = SellingRule.objects.filter(
        scope,
        organization__in={rule.organization_id for rule in rules},
        channel__in={rule.channel for rule in rules},
    )
    stored = {(row.organization_id, row.variant_id, row.channel): row for row in rows}
    fields = ("organization_id", "variant_id", "channel", "oversell_limit", "backorder_limit",
              "preorder_limit", "preorder_ships_on")  # fmt: skip
    kept = _write(SellingRule, wanted, stored, fields)
    _bring_up(
        organization_ids={rule.organization_id for rule in rules}, variant_ids=_variants(rules)
    )
    return kept


@needs_transaction
def remove_selling_rules(*, rule_ids: Collection[int]) -> None:
    """This function will end the rules; wider ones hold again. Their history stays.

    :raises UnknownRule: one does not exist; none is removed.
    :raises OversoldBeyondLimit: places have oversold more than is allowed without them.
    """
    locks.hold(LockSpace.STOCK_RULES, 0)
    rows = _remove(SellingRule, rule_ids)
    _bring_up(organization_ids={row.organization_id for row in rows}, variant_ids=_variants(rows))


@needs_transaction
def keep_for_channel(*, reserves: Sequence[ChannelReserve], at: datetime | None = None) -> None:
    """This function will set free units aside for single channels, beside what is kept already.

    Only units on the shelf can be kept, never such as may be oversold. Constant statements.

    :raises InvalidReserve: no channel is named.
    :raises InvalidQuantity: less than one unit.
    :raises UnknownPlace: there is no stock of the variant at the node.
    :raises NotEnoughFree: fewer units are free there; nothing is kept.
    """
    _check(reserves)
    positions = _lock(reserves)
    needs = _lacking(reserves, positions)
    if needs and expiring.end_expired(needs=needs):
        positions = _lock(reserves)
        needs = _lacking(reserves, positions)
    if needs:
        raise _not_enough_free(positions, needs)
    balances.book(entries=_entries(reserves, positions, 1, at))


@needs_transaction
def give_up(*, reserves: Sequence[ChannelReserve], at: datetime | None = None) -> None:
    """This function will let anybody buy units again that were kept for channels and not taken.

    :raises InvalidReserve: no channel is named.
    :raises InvalidQuantity: less than one unit.
    :raises UnknownPlace: there is no stock of the variant at the node.
    :raises NotEnoughKept: fewer units are left; nothing is given up.
    """
    _check(reserves)
    positions = _lock(reserves)
    left = {
        (position_id, channel): units
        for position_id, channel, units in ChannelAllotment.objects.filter(
            position__in=[position.id for position in positions.values()]
        ).values_list("position_id", "channel", "remaining")
    }
    for reserve in reserves:
        position = positions[reserve.node_id, reserve.variant_id]
        key = (position.id, reserve.channel)
        left[key] = left.get(key, 0) - reserve.quantity
        if left[key] < 0:
            raise _not_enough_kept(reserve, left[key] + reserve.quantity)
    balances.book(entries=_entries(reserves, positions, -1, at))


def _check(reserves: Sequence[ChannelReserve]) -> None:
    errors: list[FieldError] = []
    for i, reserve in enumerate(reserves):
        require_quantity(reserve.quantity, maximum=rule_checks.MAX_LIMIT)
        errors += rule_checks.in_text(f"/{i}/channel", reserve.channel, rule_checks.MAX_CHANNEL)
        if not reserve.channel:
            errors.append(FieldError(f"/{i}/channel", "required", "Name the channel."))
    if errors:
        raise InvalidReserve(errors[0].detail, errors=errors)


def _lock(reserves: Sequence[ChannelReserve]) -> dict[Place, Position]:
    places = {(reserve.node_id, reserve.variant_id) for reserve in reserves}
    positions = {p.place: p for p in balances.lock_places(places=places)}
    missing = sorted(places - positions.keys())
    if missing:
        node_id, variant_id = missing[0]
        raise UnknownPlace(f"Node {node_id} has no stock of variant {variant_id}.")
    return positions


def _lacking(
    reserves: Sequence[ChannelReserve], positions: Mapping[Place, Position]
) -> dict[int, int]:
    """Units that are missing on the shelf, by position."""
    wanted: dict[Place, int] = defaultdict(int)
    for reserve in reserves:
        wanted[reserve.node_id, reserve.variant_id] += reserve.quantity
    lacking = {
        positions[place].id: units - _spare(positions[place]) for place, units in wanted.items()
    }
    return {position_id: units for position_id, units in lacking.items() if units > 0}


def _spare(position: Position) -> int:
    """Free units that are there: nobody keeps for a channel what must still be oversold."""
    return position.free - position.oversell_limit


def _entries(
    reserves: Sequence[ChannelReserve],
    positions: Mapping[Place, Position],
    sign: int,
    at: datetime | None,
) -> list[Entry]:
    moment, actor = at or clock.now(), current().actor
    return [
        Entry(
            position_id=positions[reserve.node_id, reserve.variant_id].id,
            kind=StockMovement.Kind.EARMARKED,
            document_kind="channel_reserve",
            document_ref=reserve.channel,
            at=moment,
            actor=actor,
            reason=reserve.reason,
            channel=reserve.channel,
            earmarked=sign * reserve.quantity,
        )
        for reserve in reserves
    ]


def _not_enough_free(positions: Mapping[Place, Position], needs: Mapping[int, int]) -> Exception:
    position = next(p for _, p in sorted(positions.items()) if p.id in needs)
    node, sku = _names(position.node_id, position.variant_id)
    spare = max(0, _spare(position))
    return NotEnoughFree(
        f"{sku} at {node}: {spare} free on the shelf; keep no more than that.",
        data={"node": node, "sku": sku, "free": spare, "lacking": needs[position.id]},
    )


def _not_enough_kept(reserve: ChannelReserve, left: int) -> NotEnoughKept:
    node, sku = _names(reserve.node_id, reserve.variant_id)
    return NotEnoughKept(
        f"{sku} at {node}: {left} left of what is kept for {reserve.channel}.",
        data={"node": node, "sku": sku, "channel": reserve.channel, "left": left},
    )


def _names(node_id: int, variant_id: int) -> tuple[str, str]:
    node = nodes.facts_by_id(node_ids=[node_id])[node_id]
    return node.code, catalog.facts_by_id(variant_ids=[variant_id])[variant_id].sku


def _variants(rules: Iterable[SafetyLimit | SellingLimit | SafetyRule | SellingRule]) -> Any:
    """Whose positions may change; None is everybody's."""
    found = {rule.variant_id for rule in rules}
    return None if None in found else found


def _bring_up(**scope: Any) -> None:
    if any(ids is not None and not ids for ids in scope.values()):
        return
    blocked = balances.set_limits(**scope)
    if blocked and expiring.end_expired(
        needs={place.position_id: place.units - place.limit for place in blocked}
    ):
        blocked = balances.set_limits(**scope)
    if blocked:
        raise _beyond(blocked)


def _beyond(blocked: Sequence[Oversold]) -> OversoldBeyondLimit:
    node_of = nodes.facts_by_id(node_ids={place.node_id for place in blocked})
    variant_of = catalog.facts_by_id(variant_ids={place.variant_id for place in blocked})
    places = [
        {
            "node": node_of[place.node_id].code,
            "sku": variant_of[place.variant_id].sku,
            "oversold": place.units,
            "limit": place.limit,
        }
        for place in blocked[:_NAMED]
    ]
    first = places[0]
    return OversoldBeyondLimit(
        f"{first['sku']} at {first['node']} is oversold by {first['oversold']} already; the limit "
        f"cannot fall to {first['limit']} before stock has come.",
        data={"places": places},
    )


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise InvalidRule(errors[0].detail, errors=errors)


def _write(
    model: type[M],
    wanted: Mapping[Scope, Any],
    stored: Mapping[Scope, M],
    fields: Sequence[str],
) -> dict[Scope, int]:
    """Makes the rules that are new and changes those that differ, with their history."""
    new, changed = [], []
    for scope, rule in wanted.items():
        values = {name: getattr(rule, name) for name in fields}
        row = stored.get(scope)
        if row is None:
            new.append(model(**values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    why = current().actor
    if new:
        bulk_create_with_history(new, model, default_change_reason=why)
    if changed:
        bulk_update_with_history(changed, model, list(fields[3:]), default_change_reason=why)
    rows = [*new, *(row for scope, row in stored.items() if scope in wanted)]
    return {tuple(getattr(row, name) for name in fields[:3]): row.pk for row in rows}


def _remove(model: type[M], keys: Collection[int]) -> list[M]:
    """Deletes in one statement; the library would write the end of each history by itself."""
    rows = list(model._default_manager.filter(pk__in=set(keys)).order_by("pk"))
    missing = sorted(set(keys) - {row.pk for row in rows})
    if missing:
        raise UnknownRule(f"There is no rule {missing[0]}.")
    past = model.history.model  # type: ignore[attr-defined]  # the library adds it
    past.objects.bulk_create(
        [
            past(
                **{field.attname: getattr(row, field.attname) for field in past.tracked_fields},
                history_date=clock.now(),
                history_type="-",
                history_change_reason=current().actor,
            )
            for row in rows
        ]
    )
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(model._meta.db_table)
        cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [[row.pk for row in rows]])
    return rows
