"""Every state against every trigger: allowed as written here, refused by name everywhere else."""

from __future__ import annotations

import pytest
from django_fsm import TransitionNotAllowed

from carriers.models import Shipment

MOVING = set(Shipment.MOVING)
ON_THE_WAY = MOVING | {"labeled", "manifested"}
TAKEN_BACK = ON_THE_WAY | {"delivered", "lost"}

MACHINE: dict[str, tuple[set[str], str]] = {
    "request_label": ({"planned", "label_failed"}, "label_requested"),
    "doubt_label": ({"label_requested"}, "label_in_doubt"),
    "attach_label": ({"label_requested", "label_in_doubt"}, "labeled"),
    "fail_label": ({"label_requested", "label_in_doubt"}, "label_failed"),
    "hand_over": ({"labeled", "manifested"}, "handed_over"),
    "move": (ON_THE_WAY, "in_transit"),
    "go_out": (ON_THE_WAY, "out_for_delivery"),
    "await_pickup": (ON_THE_WAY, "available_for_pickup"),
    "attempt": (ON_THE_WAY, "delivery_attempted"),
    "stall": (ON_THE_WAY, "exception"),
    "deliver": (ON_THE_WAY | {"lost"}, "delivered"),
    "turn_back": (TAKEN_BACK, "returning"),
    "come_back": (TAKEN_BACK, "returned_to_sender"),
    "lose": (ON_THE_WAY, "lost"),
    "void": ({"labeled"}, "voided"),
}


def test_the_table_names_every_trigger():
    field = Shipment._meta.get_field("status")
    assert {t.name for t in field.get_all_transitions(Shipment)} == set(MACHINE)


@pytest.mark.parametrize("trigger", MACHINE)
@pytest.mark.parametrize("status", Shipment.Status.values)
def test_every_state_and_trigger(status: str, trigger: str):
    sources, target = MACHINE[trigger]
    shipment = Shipment(status=status)

    if status in sources:
        getattr(shipment, trigger)()
        assert shipment.status == target
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(shipment, trigger)()
        assert shipment.status == status
