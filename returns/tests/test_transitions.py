"""Every state × every step of a return: allowed, or refused by name."""

from __future__ import annotations

import pytest
from django_fsm import TransitionNotAllowed

from returns.models import Return

ALLOWED = {
    ("requested", "approve"): "approved",
    ("requested", "decline"): "declined",
    ("requested", "cancel"): "cancelled",
    ("approved", "begin"): "in_progress",
    ("approved", "close"): "closed",
    ("approved", "cancel"): "cancelled",
    ("approved", "expire"): "expired",
    ("in_progress", "close"): "closed",
}
TRIGGERS = ["approve", "begin", "cancel", "close", "decline", "expire"]


def test_the_matrix_names_every_step():
    field = Return._meta.get_field("status")

    assert sorted({t.name for t in field.get_all_transitions(Return)}) == TRIGGERS


@pytest.mark.parametrize("status", Return.Status.values)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_step_from_every_state(status, trigger):
    parent = Return(status=status)

    if (status, trigger) in ALLOWED:
        getattr(parent, trigger)()
        assert parent.status == ALLOWED[status, trigger]
    else:
        with pytest.raises(TransitionNotAllowed):
            getattr(parent, trigger)()
        assert parent.status == status
