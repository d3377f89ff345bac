"""Every status of a work order and a reservation against every step: allowed, or refused."""

from __future__ import annotations

import pytest
from django_fsm import TransitionNotAllowed

from inventory.models import Reservation
from inventory.warehouse.models import WorkOrder

WORK = {
    "start_pick": {"open"},
    "finish_pick": {"open", "picking"},
    "pack": {"picked"},
    "attach_label": {"packed"},
    "hand_over": {"labeled"},
    "cancel": {"open", "picking", "picked", "packed", "labeled"},
}
TARGETS = {
    "start_pick": "picking",
    "finish_pick": "picked",
    "pack": "packed",
    "attach_label": "labeled",
    "hand_over": "handed_over",
    "cancel": "cancelled",
}
RESERVATION = {
    "confirm": ({"held"}, "confirmed"),
    "extend": ({"held"}, "held"),
    "allocate": ({"held", "confirmed"}, "allocated"),
    "unroute": ({"allocated"}, "confirmed"),
    "pick": ({"allocated"}, "picked"),
    "consume": ({"picked", "allocated"}, "consumed"),
    "release": ({"held", "confirmed", "allocated", "picked"}, "released"),
    "expire": ({"held"}, "expired"),
}


@pytest.mark.parametrize("trigger", WORK)
@pytest.mark.parametrize("status", WorkOrder.Status.values)
def test_work_order(status: str, trigger: str) -> None:
    work = WorkOrder(status=status)

    if status in WORK[trigger]:
        getattr(work, trigger)()
        assert work.status == TARGETS[trigger]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(work, trigger)()
        assert work.status == status


@pytest.mark.parametrize("trigger", ["start_pick", "finish_pick", "pack", "hand_over"])
def test_blocked_work_does_not_move(trigger: str) -> None:
    scope = "shipping" if trigger == "hand_over" else "picking"
    work = WorkOrder(status=min(WORK[trigger]), blocked_scopes={scope: "fraud"})

    with pytest.raises(TransitionNotAllowed):
        getattr(work, trigger)()


@pytest.mark.parametrize("trigger", RESERVATION)
@pytest.mark.parametrize("status", Reservation.Status.values)
def test_reservation(status: str, trigger: str) -> None:
    reservation = Reservation(status=status)
    sources, target = RESERVATION[trigger]

    if status in sources:
        getattr(reservation, trigger)()
        assert reservation.status == target
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(reservation, trigger)()


def test_no_step_is_missing_from_the_tables() -> None:
    for model, table in ((WorkOrder, WORK), (Reservation, RESERVATION)):
        field = model._meta.get_field("status")
        assert {t.name for t in field.get_all_transitions(model)} == set(table)  # type: ignore[union-attr]
