"""Who may see the board, and which nodes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.models import Session

from oms.core import clock
from oms.infra.accounts.services import roles


@dataclass(frozen=True, slots=True)
class Sight:
    """What a person sees: `node_codes` None is all nodes."""

    node_codes: frozenset[str] | None


def sight_of(user: User | AnonymousUser) -> Sight | None:
    """This function will return what a person may see of the board; None is nothing."""
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        return None
    codes = roles.allowed_node_codes(user)
    return Sight(None if codes is None else frozenset(codes))


def still_sees(*, user_id: int, session_key: str, topic_codes: Sequence[str] | None) -> bool:
    """This function will tell whether the session lives and its person sees the same nodes."""
    alive = Session.objects.filter(session_key=session_key, expire_date__gt=clock.real_now())
    user = User.objects.filter(pk=user_id).first() if alive.exists() else None
    sight = sight_of(user) if user else None
    if sight is None:
        return False
    return sight.node_codes == (None if topic_codes is None else frozenset(topic_codes))
