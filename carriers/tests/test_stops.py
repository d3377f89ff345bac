"""A stopped label is not bought, whenever its intent was made; nothing of it is lost."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.models import LabelIntent, Shipment
from carriers.services import label_claims, labels, stops
from carriers.tests import factories
from oms.core.transactions import Busy, unit

pytestmark = pytest.mark.django_db(transaction=True)

FREELY = label_claims._CLAIM.replace("FOR SHARE OF s SKIP LOCKED", "")


def _stop(*shipments: Shipment, code: str = "fraud") -> int:
    with unit():
        return stops.stop_labels(codes={s.demand_ref: code for s in shipments})


def test_a_stopped_label_waits_and_is_bought_after_the_stop(
    operator: int, simulator: Any, charges: Any
) -> None:
    stopped, free = factories.create(operator, 2)

    assert (_stop(stopped), _stop(stopped)) == (1, 0)
    assert labels.buy_due(limit=10) == 1
    meanwhile = charges()
    assert (_stop(stopped, code=""), labels.buy_due(limit=10)) == (1, 1)

    assert meanwhile == {f"{free.public_id}:1": 1}
    assert charges() == {f"{free.public_id}:1": 1, f"{stopped.public_id}:1": 1}
    assert factories.fresh(stopped).status == "labeled"


def test_a_stopped_label_in_doubt_is_looked_up_and_not_bought_again(
    operator: int, simulator: Any, charges: Any, make_due: Any
) -> None:
    [shipment] = factories.create(operator)
    LabelIntent.objects.update(state="in_doubt")
    Shipment.objects.update(status="label_in_doubt")
    _stop(shipment)
    make_due()

    assert labels.resolve_in_doubt(limit=10) == 1
    make_due()
    assert labels.buy_due(limit=10) == 0

    assert charges() == {}
    assert LabelIntent.objects.get().state == "due"


def test_a_bought_label_is_not_touched(operator: int) -> None:
    [shipment] = factories.labeled(operator)

    assert _stop(shipment) == 0
    assert factories.fresh(shipment).label_blocked_by == ""


@pytest.mark.parametrize(("claim", "bought"), [(label_claims._CLAIM, 0), (FREELY, 1)])
def test_a_stop_under_way_keeps_the_buyer_away(
    operator: int,
    simulator: Any,
    charges: Any,
    monkeypatch: pytest.MonkeyPatch,
    claim: str,
    bought: int,
) -> None:
    """The control takes the lock off the shipment and buys in spite of the stop."""
    monkeypatch.setattr(label_claims, "_CLAIM", claim)
    [shipment] = factories.create(operator)
    is_stopping, may_commit = threading.Event(), threading.Event()

    def stop() -> None:
        with unit():
            stops.stop_labels(codes={shipment.demand_ref: "fraud"})
            is_stopping.set()
            may_commit.wait(20)
        connection.close()

    thread = threading.Thread(target=stop)
    thread.start()
    is_stopping.wait(20)
    with suppress(Busy):  # the control has paid by then and cannot write it down yet
        labels.buy_due(limit=10)
    may_commit.set()
    thread.join(20)
    labels.buy_due(limit=10)

    assert len(charges()) == bought


def test_statements_do_not_grow_with_the_number_of_shipments(operator: int) -> None:
    def spent(count: int) -> int:
        shipments = factories.create(operator, count)
        with CaptureQueriesContext(connection) as seen:
            assert _stop(*shipments) == count
        return len(seen)

    assert spent(1) == spent(20)
