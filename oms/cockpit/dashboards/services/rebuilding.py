"""Makes all cards anew from the stored facts, while everything else goes on."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from oms.cockpit.dashboards import folding
from oms.cockpit.dashboards.models import OrderCard
from oms.cockpit.dashboards.services import cards
from oms.core.transactions import use_case
from oms.infra.outbox.services import replaying

CONSUMER = "dashboards.cards"
_CHUNK = 2_000


@use_case
def rebuild(*, advance: Callable[[int], None] = lambda _count: None) -> int:
    """This function will replace every card by what the facts say, in one transaction.

    Readers see the old cards until the end; the relay waits, and what it brings afterwards was
    either in the facts already, which changes nothing, or is new.

    :returns: how many cards there are.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {OrderCard._meta.db_table} IN EXCLUSIVE MODE")
    OrderCard.objects.all().delete()
    names = [event.NAME for event in folding.EVENTS]
    for facts in replaying.replay(consumer=CONSUMER, names=names, chunk=_CHUNK):
        cards.take(facts=facts)
        advance(len(facts))
    return OrderCard.objects.count()
