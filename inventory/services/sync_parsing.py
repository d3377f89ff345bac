"""Reads one message of another system, strictly: every field that is wrong is named, none guessed.

A message changes stock, `{"sequence": 7, "kind": "delta", "changes": [{"node", "sku", "quantity",
"reason"}]}`, or counts it, `{"sequence": 8, "kind": "snapshot", "complete": false, "places":
[{"node", "sku", "on_hand"}]}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from inventory.models.syncing import SyncMessage
from inventory.services.stock import MAX_CHANGE, MAX_ON_HAND
from inventory.types import SyncDraft, SyncLine
from oms.core.errors import FieldError, Invalid

Kind = SyncMessage.Kind

#: Places in one message; more belong into several.
MAX_LINES = 50_000
#: Wrong fields named in one answer; a broken sender may have them all wrong.
_MAX_TOLD = 100
_NODE, _SKU, _REASON = 40, 64, 80

#: Name of the list of places, by kind.
LINES = {Kind.DELTA: "changes", Kind.SNAPSHOT: "places"}
_FIELDS = {
    Kind.DELTA: {"sequence", "kind", "changes"},
    Kind.SNAPSHOT: {"sequence", "kind", "places", "complete"},
}


class InvalidMessage(Invalid):
    """Some fields of the message are wrong; it is not kept, its number may be sent again."""

    code = "inventory.invalid_message"


@dataclass(slots=True)
class _Wrong:
    """Collects what is wrong, up to a limit."""

    found: list[FieldError] = field(default_factory=list)

    def add(self, pointer: str, code: str, detail: str) -> None:
        if len(self.found) < _MAX_TOLD:
            self.found.append(FieldError(pointer, code, detail))

    def unknown(self, item: Mapping[str, object], pointer: str, names: set[str]) -> None:
        for name in item:
            if name not in names:
                self.add(f"{pointer}/{name[:40]}", "unknown_field", "There is no such field.")

    def text(self, item: Mapping[str, object], pointer: str, name: str, longest: int) -> str:
        value = item.get(name)
        if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable():
            return value
        self.add(f"{pointer}/{name}", "invalid_text", f"Give 1 to {longest} visible characters.")
        return ""

    def whole(self, item: Mapping[str, object], pointer: str, name: str) -> int | None:
        value = item.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.add(f"{pointer}/{name}", "invalid_number", "Give a whole number.")
        return None


def parse(item: object) -> SyncDraft:
    """This function will return the message in `item`, as it came from JSON.

    :raises InvalidMessage: names each wrong field by its pointer within the message.
    """
    wrong = _Wrong()
    draft = _draft(item, wrong)
    if wrong.found or draft is None:
        raise InvalidMessage("Some fields are wrong; see errors.", errors=wrong.found)
    return draft


def sequence_of(item: object) -> int | None:
    """This function will return the number of a message that may be wrong, where it has one."""
    value = item.get("sequence") if isinstance(item, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _draft(item: object, wrong: _Wrong) -> SyncDraft | None:
    if not isinstance(item, Mapping):
        wrong.add("", "object_expected", "A message is an object.")
        return None
    sequence = wrong.whole(item, "", "sequence")
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in LINES:
        wrong.add("/kind", "invalid_choice", "Give delta or snapshot.")
        return None
    wrong.unknown(item, "", _FIELDS[Kind(kind)])
    is_complete = item.get("complete", False)
    if not isinstance(is_complete, bool):
        wrong.add("/complete", "invalid_choice", "Give true or false.")
        return None
    lines = _lines(item, LINES[Kind(kind)], _change if kind == Kind.DELTA else _count, wrong)
    if kind == Kind.SNAPSHOT:
        _require_once(lines, wrong)
    return SyncDraft(sequence or 0, kind, tuple(lines), is_complete)


_Read = Callable[[Mapping[str, object], str, _Wrong], SyncLine]


def _lines(item: Mapping[str, object], name: str, read: _Read, wrong: _Wrong) -> list[SyncLine]:
    given = item.get(name)
    if not isinstance(given, list) or not 0 < len(given) <= MAX_LINES:
        wrong.add(f"/{name}", "invalid_list", f"Give a list of 1 to {MAX_LINES} places.")
        return []
    lines = []
    for index, line in enumerate(given):
        if isinstance(line, Mapping):
            lines.append(read(line, f"/{name}/{index}", wrong))
        else:
            wrong.add(f"/{name}/{index}", "object_expected", "A place is an object.")
    return lines


def _change(line: Mapping[str, object], pointer: str, wrong: _Wrong) -> SyncLine:
    wrong.unknown(line, pointer, {"node", "sku", "quantity", "reason"})
    units = wrong.whole(line, pointer, "quantity")
    if units is not None and not 1 <= abs(units) <= MAX_CHANGE:
        wrong.add(
            f"{pointer}/quantity",
            "invalid_quantity",
            f"Give what changes, 1 to {MAX_CHANGE} units more or less.",
        )
    return SyncLine(
        wrong.text(line, pointer, "node", _NODE),
        wrong.text(line, pointer, "sku", _SKU),
        units or 0,
        wrong.text(line, pointer, "reason", _REASON),
    )


def _count(line: Mapping[str, object], pointer: str, wrong: _Wrong) -> SyncLine:
    wrong.unknown(line, pointer, {"node", "sku", "on_hand"})
    units = wrong.whole(line, pointer, "on_hand")
    if units is not None and not 0 <= units <= MAX_ON_HAND:
        wrong.add(f"{pointer}/on_hand", "invalid_quantity", f"Give 0 to {MAX_ON_HAND} units.")
    return SyncLine(
        wrong.text(line, pointer, "node", _NODE), wrong.text(line, pointer, "sku", _SKU), units or 0
    )


def _require_once(lines: list[SyncLine], wrong: _Wrong) -> None:
    seen: set[tuple[str, str]] = set()
    for index, line in enumerate(lines):
        place = (line.node, line.sku)
        if place in seen and line.sku:
            wrong.add(f"/places/{index}", "duplicate_place", "A place is counted once.")
        seen.add(place)
