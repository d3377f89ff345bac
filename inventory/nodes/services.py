"""Keeps the network: nodes and pools are made or brought up to date by code; nodes are opened to
organizations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from inventory.nodes.events import NodeHoursChanged, NodeSwitched
from inventory.nodes.models import Bin, Node, NodeAllowance, Pool
from inventory.nodes.types import Hours, NodeDraft, PoolDraft
from oms.core import clock
from oms.core.context import current
from oms.core.errors import FieldError, Invalid, NotFound
from oms.core.transactions import needs_transaction
from oms.infra.outbox.services import emitting

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


class InvalidPool(Invalid):
    code = "nodes.invalid_pool"


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
    was_active = {node.pk: node.is_active for node in existing.values()}
    was = {node.pk: hours_of(node) for node in existing.values()}
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
        _tell_switched([node for node in changed if node.is_active != was_active[node.pk]])
        tell_hours(nodes=changed, was=was)
    return {node.code: node.pk for node in [*existing.values(), *new]}


@needs_transaction
def allow(*, organization_id: int, node_ids: Collection[int]) -> None:
    """This function will let the organization be served from the nodes; a repeat is harmless."""
    allowed = NodeAllowance.objects.filter(organization_id=organization_id, node_id__in=node_ids)
    fresh = sorted(set(node_ids) - set(allowed.values_list("node_id", flat=True)))
    NodeAllowance.objects.bulk_create(
        [NodeAllowance(organization_id=organization_id, node_id=node_id) for node_id in fresh],
        ignore_conflicts=True,
    )
    active = Node.objects.filter(pk__in=fresh, is_active=True).values_list("pk", flat=True)
    emitting.emit_many([_switched(organization_id, pk, True) for pk in sorted(active)])


def hours_of(node: Node) -> Hours:
    """This function will return what decides when parcels leave a node."""
    return Hours(node.timezone, node.cutoff_time, node.working_days)


@needs_transaction
def tell_hours(*, nodes: Sequence[Node], was: Mapping[int, Hours]) -> None:
    """This function will tell the organizations that the nodes serve of hours that changed."""
    other = {node.pk for node in nodes if hours_of(node) != was[node.pk]}
    if not other:
        return
    served = NodeAllowance.objects.filter(node_id__in=other).order_by("node_id", "pk")
    now = clock.now()
    emitting.emit_many(
        [
            NodeHoursChanged(
                organization_id=owner,
                node_id=node_id,
                was_timezone=was[node_id].timezone,
                occurred_at=now,
            )
            for owner, node_id in served.values_list("organization_id", "node_id")
        ]
    )


def _tell_switched(nodes: Sequence[Node]) -> None:
    if nodes:
        active = {node.pk: node.is_active for node in nodes}
        served = NodeAllowance.objects.filter(node_id__in=active).order_by("node_id", "pk")
        pairs = served.values_list("organization_id", "node_id")
        emitting.emit_many([_switched(owner, node, active[node]) for owner, node in pairs])


def _switched(organization_id: int, node_id: int, is_serving: bool) -> NodeSwitched:
    return NodeSwitched(
        organization_id=organization_id,
        node_id=node_id,
        is_serving=is_serving,
        occurred_at=clock.now(),
    )


@needs_transaction
def upsert_pools(*, organization_id: int, drafts: Sequence[PoolDraft]) -> dict[str, int]:
    """This function will make the organization's pools that are new and change those that differ.

    Equal ones are not written; history keeps the nodes too. Constant statements.

    :returns: primary keys by code.
    :raises InvalidPool: a draft is wrong, names a node that does not exist or none, or a code
        occurs twice; nothing is written.
    """
    node_ids = dict(
        Node.objects.filter(code__in={code for draft in drafts for code in draft.node_codes})
        .order_by("pk")
        .values_list("code", "pk")
    )
    _check_pools(drafts, node_ids)
    pools = _lock_pools(organization_id, drafts)
    new = [
        Pool(organization_id=organization_id, code=draft.code, name=draft.name)
        for draft in drafts
        if draft.code not in pools
    ]
    renamed = [pools[d.code] for d in drafts if d.code in pools and pools[d.code].name != d.name]
    names = {draft.code: draft.name for draft in drafts}
    for pool in renamed:
        pool.name = names[pool.code]
    Pool.objects.bulk_create(new)
    Pool.objects.bulk_update(renamed, ["name"])
    pools |= {pool.code: pool for pool in new}
    members = {d.code: {node_ids[code] for code in d.node_codes} for d in drafts}
    moved = _set_members(pools, members)
    changed = [pool for code, pool in pools.items() if code in moved or pool in renamed]
    _remember(changed, new={pool.code for pool in new})
    return {code: pool.pk for code, pool in pools.items()}


def _lock_pools(organization_id: int, drafts: Sequence[PoolDraft]) -> dict[str, Pool]:
    codes = [draft.code for draft in drafts]
    rows = Pool.objects.select_for_update().filter(organization_id=organization_id)
    return {pool.code: pool for pool in rows.filter(code__in=codes).order_by("pk")}


def _set_members(pools: Mapping[str, Pool], members: Mapping[str, set[int]]) -> set[str]:
    """Tells the codes of the pools whose nodes changed."""
    through = Pool.nodes.through
    stored: dict[int, dict[int, int]] = defaultdict(dict)
    rows = through.objects.filter(pool_id__in=[pool.pk for pool in pools.values()])
    for pk, pool_id, node_id in rows.values_list("pk", "pool_id", "node_id"):
        stored[pool_id][node_id] = pk
    gone, fresh, moved = [], [], set()
    for code, pool in pools.items():
        left = [pk for node, pk in stored[pool.pk].items() if node not in members[code]]
        entered = sorted(members[code] - stored[pool.pk].keys())
        gone += left
        fresh += [through(pool_id=pool.pk, node_id=node) for node in entered]
        if left or entered:
            moved.add(code)
    through.objects.filter(pk__in=gone).delete()
    through.objects.bulk_create(fresh)
    return moved


def _remember(pools: Sequence[Pool], *, new: Collection[str]) -> None:
    """The history of a bulk write leaves out the nodes, so they are written beside it."""
    past = Pool.history.model
    rows = past.objects.bulk_create(
        [
            past(
                **{field.attname: getattr(pool, field.attname) for field in past.tracked_fields},
                history_date=clock.now(),
                history_type="+" if pool.code in new else "~",
                history_change_reason=current().actor,
            )
            for pool in pools
        ]
    )
    past_of = {row.id: row for row in rows}
    members = Pool.nodes.through.objects.filter(pool_id__in=past_of).order_by("pk")
    past_nodes = past.nodes.model
    past_nodes.objects.bulk_create(
        [
            past_nodes(history=past_of[pool_id], id=pk, pool_id=pool_id, node_id=node_id)
            for pk, pool_id, node_id in members.values_list("pk", "pool_id", "node_id")
        ]
    )


def _check_pools(drafts: Sequence[PoolDraft], node_ids: Mapping[str, int]) -> None:
    seen: set[str] = set()
    for draft in drafts:
        if draft.code in seen:
            raise _invalid_pool(draft.code, "code", f"{draft.code} occurs twice.")
        seen.add(draft.code)
        if not draft.node_codes:
            raise _invalid_pool(draft.code, "node_codes", f"{draft.code}: name at least one node.")
        unknown = sorted(set(draft.node_codes) - node_ids.keys())
        if unknown:
            detail = f"{draft.code}: there is no node {unknown[0]!r}."
            raise _invalid_pool(draft.code, "node_codes", detail)
        try:
            Pool(code=draft.code, name=draft.name).clean_fields(exclude=["organization"])
        except ValidationError as error:
            field, messages = next(iter(error.message_dict.items()))
            detail = f"{draft.code}: {' '.join(messages)}"
            raise _invalid_pool(draft.code, field, detail) from error


def _invalid_pool(code: str, field: str, detail: str) -> InvalidPool:
    return InvalidPool(detail, errors=[FieldError(f"/{code}/{field}", "invalid", detail)])


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
