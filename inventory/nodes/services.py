"""Keeps the network: nodes are made or brought up to date by code, and opened to organizations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from inventory.nodes.models import Bin, Node, NodeAllowance
from inventory.nodes.types import NodeDraft
from oms.core.context import current
from oms.core.errors import FieldError, Invalid, NotFound
from oms.core.transactions import needs_transaction

_FIELDS = (
    "name", "kind", "country", "region", "city", "postcode", "street", "latitude", "longitude",
    "timezone", "cutoff_time", "processing_minutes", "working_days", "daily_capacity", "can_ship",
    "can_pick_up", "takes_returns", "is_active",
)  # fmt: skip

#: A week without a working day, or with more than seven, has no next shipping day.
_WEEKS = range(1, 128)


#: Of a bin's code; also the column's length.
_BIN_CODE_LENGTH = 40


class InvalidNode(Invalid):
    code = "nodes.invalid_node"


class InvalidBin(Invalid):
    code = "nodes.invalid_bin"


class UnknownNode(NotFound):
    code = "nodes.unknown_node"


@needs_transaction
def upsert_nodes(*, drafts: Sequence[NodeDraft]) -> dict[str, int]:
    """This function will make the nodes that are new and change those that differ.

    Equal ones are not written. Edits are kept as history. A node serves nobody before `allow`.

    :returns: primary keys by code.
    :raises InvalidNode: a draft is wrong, or a code occurs twice; nothing is written.
    """
    existing = {
        node.code: node
        for node in Node.objects.select_for_update()
        .filter(code__in=[draft.code for draft in drafts])
        .order_by("pk")
    }
    new, changed = [], []
    for node, draft in [(existing.get(draft.code), draft) for draft in drafts]:
        if node is None:
            new.append(Node(code=draft.code, **{name: getattr(draft, name) for name in _FIELDS}))
        elif _change(node, draft):
            changed.append(node)
    _validate(drafts, [*new, *changed])
    reason = current().actor
    if new:
        new = bulk_create_with_history(new, Node, default_change_reason=reason)
    if changed:
        bulk_update_with_history(changed, Node, list(_FIELDS), default_change_reason=reason)
    return {node.code: node.pk for node in [*existing.values(), *new]}


@needs_transaction
def allow(*, organization_id: int, node_ids: Collection[int]) -> None:
    """This function will let the organization be served from the nodes; a repeat is harmless."""
    NodeAllowance.objects.bulk_create(
        [
            NodeAllowance(organization_id=organization_id, node_id=node_id)
            for node_id in sorted(set(node_ids))
        ],
        ignore_conflicts=True,
    )


@needs_transaction
def upsert_bins(*, node_id: int, codes: Collection[str]) -> dict[str, int]:
    """This function will make the bins of a node that are new; a repeat is harmless.

    :returns: primary keys by code.
    :raises UnknownNode: there is no such node.
    :raises InvalidBin: a code is empty, too long or has blanks around it; nothing is written.
    """
    if not Node.objects.filter(pk=node_id).exists():
        raise UnknownNode(f"There is no node {node_id}.")
    wanted = sorted(set(codes))
    for code in wanted:
        if not code or code != code.strip() or len(code) > _BIN_CODE_LENGTH:
            detail = (
                f"{code!r} is no bin: give 1 to {_BIN_CODE_LENGTH} characters, no blanks around."
            )
            raise InvalidBin(detail, errors=[FieldError("/codes", "invalid", detail)])
    Bin.objects.bulk_create(
        [Bin(node_id=node_id, code=code) for code in wanted], ignore_conflicts=True
    )
    return dict(Bin.objects.filter(node_id=node_id, code__in=wanted).values_list("code", "pk"))


def _change(node: Node, draft: NodeDraft) -> bool:
    """Sets what differs; tells whether anything did."""
    differing = [name for name in _FIELDS if getattr(node, name) != getattr(draft, name)]
    for name in differing:
        setattr(node, name, getattr(draft, name))
    return bool(differing)


def _validate(drafts: Sequence[NodeDraft], nodes: Sequence[Node]) -> None:
    code, times = Counter(draft.code for draft in drafts).most_common(1)[0] if drafts else ("", 1)
    if times > 1:
        raise _invalid(code, "code", f"{code} occurs twice.")
    zones = available_timezones()
    for node in nodes:
        if node.timezone not in zones:
            raise _invalid(
                node.code, "timezone", f"{node.code}: {node.timezone!r} is no time zone."
            )
        if node.working_days not in _WEEKS:
            raise _invalid(node.code, "working_days", f"{node.code}: no working day in the week.")
        try:
            node.clean_fields(exclude=["public_id", "created_at"])
        except ValidationError as error:
            field, messages = next(iter(error.message_dict.items()))
            raise _invalid(node.code, field, f"{node.code}: {' '.join(messages)}") from error


def _invalid(code: str, field: str, detail: str) -> InvalidNode:
    return InvalidNode(detail, errors=[FieldError(f"/{code}/{field}", "invalid", detail)])
