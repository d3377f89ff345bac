"""Decides which messages are new: known numbers are told apart by content, places by name.

Nothing here writes; a message that raises is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from inventory.catalog import selectors as catalog
from inventory.models.syncing import SyncMessage
from inventory.nodes import selectors as nodes
from inventory.services.sync_parsing import LINES, InvalidMessage
from inventory.types import SyncDraft
from oms.core.errors import Conflict, FieldError

Kind = SyncMessage.Kind

#: How far ahead of what is applied a number may be.
WINDOW = 10_000
_MAX_TOLD = 100


class SequenceConflict(Conflict):
    """The number came before, with other content; that one counts."""

    code = "inventory.sequence_conflict"


class SequenceOutOfOrder(Conflict):
    """No number, or one too far ahead: those before it must come first."""

    code = "inventory.sequence_out_of_order"


def hash_of(draft: SyncDraft) -> str:
    """This function will return the hash of a message's content."""
    lines = [(line.node, line.sku, line.units, line.reason) for line in draft.lines]
    return hashlib.sha256(orjson.dumps([draft.kind, draft.is_complete, lines])).hexdigest()


def is_in_window(sequence: int, *, applied: int) -> bool:
    """This function will tell whether a source that is applied so far may send this number."""
    return 1 <= sequence <= applied + WINDOW


@dataclass(slots=True)
class Inbox:
    """What of a source is known: applied up to a number, and the hashes of stored messages."""

    applied: int
    hashes: dict[int, str]

    def is_new(self, sequence: int, content_hash: str) -> bool:
        """This method will tell a new message from one that came before with the same content.

        :raises SequenceOutOfOrder: below 1, or more than the window ahead.
        :raises SequenceConflict: the number came with other content.
        """
        if not is_in_window(sequence, applied=self.applied):
            raise _out_of_order(sequence, self.applied + 1)
        known = self.hashes.get(sequence)
        if known is None and sequence > self.applied:
            return True
        if known != content_hash:
            raise SequenceConflict(
                f"Message {sequence} came before with other content; send this one with a new "
                "number.",
                errors=[FieldError("/sequence", "sequence_conflict", "Use the next number.")],
                data={"sequence": sequence, "expected": self.applied + 1},
            )
        return False

    def advance(self) -> None:
        """This method will count as applied what has no gap before it."""
        while self.applied + 1 in self.hashes:
            self.applied += 1


def _out_of_order(sequence: int, expected: int) -> SequenceOutOfOrder:
    detail = f"Send message {expected} next; {expected + WINDOW - 1} is the last that may wait."
    return SequenceOutOfOrder(
        detail,
        errors=[FieldError("/sequence", "sequence_out_of_order", detail)],
        data={"expected": expected},
    )


@dataclass(frozen=True, slots=True)
class Names:
    """Nodes and variants that an organization may name, by code and SKU."""

    nodes: Mapping[str, int]
    variants: Mapping[str, int]

    @classmethod
    def of(cls, *, organization_id: int, drafts: Sequence[SyncDraft]) -> Names:
        """This method will look up all that the messages name, in two statements."""
        lines = [line for draft in drafts for line in draft.lines]
        variants = catalog.facts_by_sku(
            organization_id=organization_id, skus={line.sku for line in lines}
        )
        return cls(
            nodes=nodes.allowed_by_code(
                organization_id=organization_id, codes={line.node for line in lines}
            ),
            variants={sku: facts.id for sku, facts in variants.items()},
        )

    def body_of(self, draft: SyncDraft) -> dict[str, Any]:
        """This method will return the content to keep: what was named, and what it is here.

        :raises InvalidMessage: names each node or SKU that the organization does not have.
        """
        self._require_known(draft)
        lines = [
            {
                "node": line.node,
                "sku": line.sku,
                "units": line.units,
                "reason": line.reason,
                "node_id": self.nodes[line.node],
                "variant_id": self.variants[line.sku],
            }
            for line in draft.lines
        ]
        return {"is_complete": draft.is_complete, "lines": lines}

    def _require_known(self, draft: SyncDraft) -> None:
        wrong = []
        for index, line in enumerate(draft.lines):
            pointer = f"/{LINES[Kind(draft.kind)]}/{index}"
            if line.node not in self.nodes:
                detail = f"There is no node {line.node!r} for you."
                wrong.append(FieldError(f"{pointer}/node", "unknown_node", detail))
            if line.sku not in self.variants:
                detail = f"There is no SKU {line.sku!r}."
                wrong.append(FieldError(f"{pointer}/sku", "unknown_sku", detail))
        if wrong:
            raise InvalidMessage("Some places are not known here.", errors=wrong[:_MAX_TOLD])
