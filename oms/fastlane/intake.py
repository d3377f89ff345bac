"""Places what waits at the door: one batch, one transaction for each partner and channel in it.

The same checks as at the ordinary door, each once for the batch instead of once for each request:
key, scope, channel, idempotency key. A request that any of them refuses is passed on, so that the
ordinary door refuses it in its own words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms.core.context import acting
from oms.core.errors import OmsError
from oms.core.group_commit import GroupCommit
from oms.core.transactions import unit
from oms.infra.accounts.services import keys
from oms.infra.accounts.types import Principal
from oms.infra.idempotency import batches
from oms.infra.idempotency.batches import Claim, KeyOf, Taken
from oms.infra.idempotency.services import Replay
from orders.api import rendering
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.services import placement
from orders.types import OrderDraft, Placed

ROUTE, SCOPE = "orders.place", "orders:write"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: whose key, for which channel, which order. `key` is the idempotency key, with
    the fingerprint of the request; both empty without one."""

    credential: str
    channel: str
    draft: OrderDraft
    key: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of the response, or the error to tell."""

    status: int = 0
    body: Any = None
    is_replay: bool = False
    error: OmsError | None = None


#: None: the ordinary door shall say.
Answers = dict[int, Answer | None]
_Group = tuple[Principal, str]


def _serve(batch: Sequence[Asked]) -> list[Answer | None]:
    answers: Answers = {}
    known = keys.authenticate_many({asked.credential for asked in batch})
    allowed = {text: who for text, who in known.items() if SCOPE in who.scopes}
    groups = _grouped(batch, allowed)
    facts = channels.find_facts(codes={(who.organization_id, code) for who, code in groups})
    for (principal, code), asked in groups.items():
        channel = facts.get((principal.organization_id, code))
        if channel is not None:
            with acting(actor=principal.actor):
                _place(principal, channel, asked, answers)
    return [answers.get(index) for index in range(len(batch))]


def _grouped(
    batch: Sequence[Asked], allowed: Mapping[str, Principal]
) -> dict[_Group, dict[int, Asked]]:
    """The requests of those who may place, by partner and channel."""
    groups: dict[_Group, dict[int, Asked]] = defaultdict(dict)
    for index, asked in enumerate(batch):
        principal = allowed.get(asked.credential)
        if principal is not None:
            groups[principal, asked.channel][index] = asked
    return groups


def _place(
    principal: Principal, channel: ChannelFacts, asked: Mapping[int, Asked], answers: Answers
) -> None:
    """A key that stands twice in the batch is worked on once, and answered alike."""
    scope = f"key:{principal.key_id}"
    firsts: dict[KeyOf, int] = {}
    for index, item in asked.items():
        if item.key:
            firsts.setdefault(KeyOf(scope, item.key), index)
    repeats = {
        index: firsts[KeyOf(scope, item.key)]
        for index, item in asked.items()
        if item.key and firsts[KeyOf(scope, item.key)] != index
    }
    with unit():
        taken = batches.claim(
            claims=[
                Claim(named.scope, named.key, ROUTE, asked[index].fingerprint)
                for named, index in firsts.items()
            ]
        )
        for named, before in taken.items():
            answers[firsts[named]] = _as_before(before)
        fresh = [index for index in asked if index not in answers and index not in repeats]
        placed = placement.place_within(
            channel=channel, drafts=[asked[index].draft for index in fresh]
        )
        for index, answer in zip(fresh, placed, strict=True):
            answers[index] = _answer(answer)
        _remember({named: answers[firsts[named]] for named in firsts.keys() - taken.keys()})
    for index, first in repeats.items():
        is_same = asked[index].fingerprint == asked[first].fingerprint
        answers[index] = _repeated(answers[first]) if is_same else None


def _as_before(before: Taken) -> Answer | None:
    if isinstance(before, Replay):
        return Answer(before.status, before.body, is_replay=True)
    return None if before is None else Answer(error=before)


def _answer(placed: Placed) -> Answer:
    if placed.error is not None:
        return Answer(error=placed.error)
    return Answer(200 if placed.is_replay else 201, rendering.placed(placed))


def _repeated(first: Answer | None) -> Answer | None:
    if first is None or first.error is not None:
        return first
    return Answer(first.status, first.body, is_replay=True)


def _remember(answers: Mapping[KeyOf, Answer | None]) -> None:
    done = {named: a for named, a in answers.items() if a is not None and a.error is None}
    batches.complete(answers={named: (a.status, a.body) for named, a in done.items()})
    batches.give_back(keys=answers.keys() - done.keys())


#: Clients need some milliseconds for their next order; a batch that runs off without them costs
#: the same again.
LINGER_S = 0.01

writer: GroupCommit[Asked, Answer | None] = GroupCommit(
    _serve, name="order-writer", linger_s=LINGER_S
)
