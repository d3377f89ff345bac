"""Every state against every trigger: as docs/state-machines.md says, refused by name elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from django.db.models import Model

from oms.core import transitions
from oms.core.transitions import IllegalTransition
from oms.runtime.documents import machines
from tests.contracts.sources import ROOT

#: By model: what each (trigger, from) leads to, read from the document that people review.
Tables = Mapping[str, Mapping[tuple[str, str], str]]


def _reviewed() -> Tables:
    tables: dict[str, dict[tuple[str, str], str]] = {}
    text = (ROOT / "docs" / "state-machines.md").read_text()
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        label = section.splitlines()[0]
        rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (\w+) \|", section, flags=re.M)
        tables[label] = {(t, source): to for t, many, to in rows for source in many.split(", ")}
    return tables


def _odd(model: type[Model], table: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Where the machine does something else than the table says."""
    triggers = {step.trigger for step in machines.steps(model)} | {t for t, _ in table}
    for trigger in sorted(triggers):
        for status in machines.statuses(model):
            took = _take(model, status, trigger)
            if took != table.get((trigger, status), ""):
                yield f"{trigger} from {status} leads to {took or 'nothing'}"


def _take(model: type[Model], status: str, trigger: str) -> str:
    """Where a step leads; "" where it is refused by its name."""
    obj = model(status=status)
    try:
        transitions._step(obj, trigger, {})
    except IllegalTransition as error:
        assert (error.data["state"], error.data["trigger"]) == (status, trigger)
        assert obj.status == status
        return ""
    return str(obj.status)


MACHINES = {model._meta.label: model for model in machines.models()}


def test_the_machines_are_the_reviewed_ones() -> None:
    assert MACHINES.keys() == _reviewed().keys()
    assert MACHINES.keys() >= {"orders.Order", "carriers.Shipment", "inventory.Reservation"}


@pytest.mark.parametrize("label", MACHINES)
def test_every_state_against_every_trigger(label: str) -> None:
    assert list(_odd(MACHINES[label], _reviewed()[label])) == []


@pytest.mark.parametrize("label", MACHINES)
def test_a_step_that_is_not_reviewed_is_found(label: str) -> None:
    table = dict(_reviewed()[label])
    (trigger, source), target = table.popitem()

    assert list(_odd(MACHINES[label], table)) == [f"{trigger} from {source} leads to {target}"]


@pytest.mark.parametrize("label", MACHINES)
def test_a_step_that_was_lost_is_found(label: str) -> None:
    first, *_ = machines.statuses(MACHINES[label])
    table = {**_reviewed()[label], ("vanish", first): "gone"}

    assert list(_odd(MACHINES[label], table)) == [f"vanish from {first} leads to nothing"]
