"""What actions make of an order, in memory: every wrong one is named, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from inventory.catalog.types import VariantFacts
from oms.core import money
from oms.core.errors import Conflict, FieldError
from oms.core.quantities import MAX_LINE_QUANTITY
from orders import amounts
from orders.drafting import MAX_AMOUNT, MAX_LINES
from orders.models import OrderLine
from orders.services.amending import actions as kinds
from orders.services.amending.actions import Action, refuse
from orders.services.amending.addressing import Destination
from orders.services.amending.standing import Standing


class CannotRemove(Conflict):
    """Units were picked, packed or shipped, or somebody is at it."""

    code = "orders.cannot_remove"


@dataclass(slots=True)
class Edited:
    """The order's lines as they are to be: `removed` units by key of those that stand, `added`
    lines without keys, and what else changed by name."""

    lines: list[OrderLine]
    removed: dict[int, int] = field(default_factory=dict)
    grown: dict[int, int] = field(default_factory=dict)
    added: list[OrderLine] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    destination: Destination | None = None

    @property
    def touches_goods(self) -> bool:
        """Whether more, fewer or other units are wanted than before."""
        return bool(self.removed or self.grown or self.added)

    @property
    def every_line(self) -> list[OrderLine]:
        return [*self.lines, *self.added]


class Editor:
    """Takes one action after the other and remembers what is wrong with each."""

    def __init__(
        self,
        standing: Standing,
        catalog: Mapping[str, VariantFacts],
        destinations: Mapping[int, Destination],
        tiers: Sequence[str],
    ) -> None:
        self.edited = Edited([copy(line) for line in standing.lines])
        self.errors: list[FieldError] = []
        self._order = standing.order
        self._catalog = catalog
        self._destinations = destinations
        self._tiers = tiers
        self._removable = standing.removable()
        self._by_position = {line.position: line for line in self.edited.lines}
        self._is_blocked: FieldError | None = None
        self._index = 0

    def take(self, actions: Sequence[Action]) -> Edited:
        """This function will return the order as it is to be.

        :raises InvalidAmendment: with every wrong action.
        :raises CannotRemove: a line's units are with a node or gone; says how many are not.
        """
        for self._index, action in enumerate(actions):
            _TAKERS[type(action)](self, action)
        if not self.errors and not any(line.wanted for line in self.edited.every_line):
            self._refuse("nothing_left", "No unit would be left; cancel the order instead.", "")
        if self._is_blocked and len(self.errors) == 1:
            raise CannotRemove(self._is_blocked.detail, errors=[self._is_blocked])
        if self.errors:
            raise refuse(self.errors)
        return self.edited

    def change_quantity(self, action: kinds.ChangeQuantity) -> None:
        line = self._line(action.line)
        if line is None:
            return
        if not 1 <= action.quantity <= MAX_LINE_QUANTITY:
            detail = f"Give a whole number from 1 to {MAX_LINE_QUANTITY}, or remove the line."
            self._refuse("invalid_quantity", detail, "quantity")
        elif action.quantity < line.wanted:
            self._remove(line, line.wanted - action.quantity)
        elif action.quantity > line.wanted:
            self._grow(line, action.quantity - line.wanted)

    def remove_line(self, action: kinds.RemoveLine) -> None:
        line = self._line(action.line)
        if line is not None and line.wanted:
            self._remove(line, line.wanted)
        elif line is not None:
            self._refuse("line_is_gone", "Every unit of the line is cancelled already.", "line")

    def _remove(self, line: OrderLine, units: int) -> None:
        free = self._removable[line.pk]
        if units > free:
            detail = (
                f"Line {line.position}: {free} of {line.wanted} units may be removed; "
                "the others were picked or shipped, or a node is at it."
            )
            self._refuse("not_removable", detail, "quantity")
            self._is_blocked = self.errors[-1]
            return
        line.cancelled += units
        self.edited.removed[line.pk] = units

    def _grow(self, line: OrderLine, units: int) -> None:
        old, new = line.ordered, line.ordered + units
        if new > MAX_LINE_QUANTITY:
            self._refuse("invalid_quantity", f"Give at most {MAX_LINE_QUANTITY}.", "quantity")
            return
        if getattr(line, "replaces_id", None):
            detail = "A replacement cannot grow; replace more units in an order of its own."
            self._refuse("is_replacement", detail, "quantity")
            return
        for name in ("discount_amount", "tax_amount"):
            amount = getattr(line, name)
            setattr(line, name, amounts.share(amount, new, of=old, currency=self._order.currency))
        line.ordered = new
        line.unallocated += units
        self.edited.grown[line.pk] = units

    def add_line(self, action: kinds.AddLine) -> None:
        variant = self._catalog.get(action.sku)
        if variant is None or not variant.is_active:
            self._refuse("unknown_sku", "There is no such SKU that is sold; check it.", "sku")
            return
        if not 1 <= action.quantity <= MAX_LINE_QUANTITY:
            detail = f"Give a whole number from 1 to {MAX_LINE_QUANTITY}."
            self._refuse("invalid_quantity", detail, "quantity")
            return
        if len(self.edited.every_line) >= MAX_LINES:
            self._refuse("too_many_lines", f"An order has at most {MAX_LINES} lines.", "sku")
            return
        line = OrderLine(
            order_id=self._order.pk,
            position=max(found.position for found in self.edited.every_line) + 1,
            variant_id=variant.id,
            sku=variant.sku,
            ordered=action.quantity,
            unallocated=action.quantity,
            unit_amount=variant.price_amount if action.unit_amount is None else action.unit_amount,
            discount_amount=action.discount_amount,
            tax_amount=action.tax_amount,
        )
        if self._is_priced(line, action):
            self.edited.added.append(line)

    def change_price(self, action: kinds.ChangePrice) -> None:
        line = self._line(action.line)
        if line is None:
            return
        given = {name: getattr(action, name) for name in _PRICES}
        given = {name: amount for name, amount in given.items() if amount is not None}
        if not given:
            self._refuse("required", "Give a price, a discount or a tax.", "unit_amount")
            return
        for name, amount in given.items():
            setattr(line, name, amount)
        self._is_priced(line, action)

    def _is_priced(self, line: OrderLine, action: kinds.AddLine | kinds.ChangePrice) -> bool:
        given = [(name, getattr(action, name)) for name in _PRICES]
        if not self._are_amounts(given):
            return False
        if line.discount_amount > line.unit_amount * line.ordered:
            detail = "Give at most what the units of the line cost."
            self._refuse("discount_too_large", detail, "discount_amount")
            return False
        return True

    def change_shipping(self, action: kinds.ChangeShipping) -> None:
        tax = action.shipping_tax_amount
        given = [("shipping_amount", action.shipping_amount), ("shipping_tax_amount", tax)]
        if self._are_amounts(given):
            kept = self._order.shipping_tax_amount if tax is None else tax
            self.edited.values["shipping_amount"] = action.shipping_amount
            self.edited.values["shipping_tax_amount"] = kept

    def _are_amounts(self, given: Sequence[tuple[str, Decimal | None]]) -> bool:
        unit = money.exponent(self._order.currency)
        wrong = [
            name
            for name, amount in given
            if amount is not None
            and (not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT or amount % unit)
        ]
        for name in wrong:
            self._refuse("invalid_amount", f"Give an amount from 0 in steps of {unit}.", name)
        return not wrong

    def change_tier(self, action: kinds.ChangeTier) -> None:
        if action.tier not in self._tiers:
            self._refuse("unknown_tier", f"Give one of {', '.join(self._tiers)}.", "tier")
        elif action.tier != self._order.tier:
            self.edited.values["tier"] = action.tier

    def change_address(self, action: kinds.ChangeAddress) -> None:
        self.edited.destination = self._destinations[action.contact]

    def allow_parts(self, action: kinds.AllowParts) -> None:
        if action.is_partial_allowed != self._order.is_partial_allowed:
            self.edited.values["is_partial_allowed"] = action.is_partial_allowed

    def _line(self, position: int) -> OrderLine | None:
        line = self._by_position.get(position)
        if line is None:
            self._refuse("unknown_line", "The order has no such line.", "line")
        return line

    def _refuse(self, code: str, detail: str, name: str) -> None:
        pointer = f"/actions/{self._index}/{name}" if name else "/actions"
        self.errors.append(FieldError(pointer, code, detail))


_PRICES = ("unit_amount", "discount_amount", "tax_amount")

_TAKERS: dict[type, Callable[[Editor, Any], None]] = {
    kinds.ChangeQuantity: Editor.change_quantity,
    kinds.AddLine: Editor.add_line,
    kinds.RemoveLine: Editor.remove_line,
    kinds.ChangePrice: Editor.change_price,
    kinds.ChangeShipping: Editor.change_shipping,
    kinds.ChangeTier: Editor.change_tier,
    kinds.ChangeAddress: Editor.change_address,
    kinds.AllowParts: Editor.allow_parts,
}
