"""The network by code, and who may be served from where."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from inventory.nodes import selectors, services
from inventory.nodes.models import Bin, Node
from inventory.nodes.types import NodeDraft, NodeFacts
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db

RENO = NodeDraft(
    code="reno",
    name="Reno",
    kind="warehouse",
    country="US",
    region="NV",
    city="Reno",
    latitude=39.53,
    longitude=-119.81,
    timezone="America/Los_Angeles",
    cutoff_time=time(15),
)


def _upsert(*drafts: NodeDraft) -> dict[str, int]:
    with unit():
        return services.upsert_nodes(drafts=drafts)


@pytest.mark.parametrize("kind", Node.Kind.values)
def test_each_of_the_six_kinds_can_be_made(kind: str) -> None:
    ids = _upsert(replace(RENO, kind=kind))

    assert len(Node.Kind.values) == 6
    assert selectors.facts_by_id(node_ids=ids.values())[ids["reno"]].kind == kind


def test_a_node_serves_those_it_was_opened_to() -> None:
    operator, sandbox = organizations.ensure_operator().pk, organizations.ensure_sandbox().pk
    ids = _upsert(RENO, replace(RENO, code="dallas"), replace(RENO, code="old", is_active=False))

    for _ in range(2):
        with unit():
            services.allow(organization_id=operator, node_ids=list(ids.values()))

    assert [node.code for node in selectors.list_for(organization_id=operator)] == [
        "dallas",
        "reno",
    ]
    assert selectors.list_for(organization_id=sandbox) == []
    assert [node.code for node in selectors.list_active()] == ["dallas", "reno"]
    assert set(selectors.facts_by_code(codes=["old", "nowhere"])) == {"old"}
    assert [node.code for node in selectors.list_nodes(codes={"reno"})] == ["reno"]


def test_facts_carry_what_routing_needs() -> None:
    ids = _upsert(RENO)

    assert selectors.facts_by_code(codes=["reno"])["reno"] == NodeFacts(
        id=ids["reno"],
        code="reno",
        name="Reno",
        kind="warehouse",
        country="US",
        region="NV",
        city="Reno",
        postcode="",
        street="",
        latitude=39.53,
        longitude=-119.81,
        timezone="America/Los_Angeles",
        cutoff_time=time(15),
        processing_minutes=120,
        working_days=31,
        daily_capacity=500,
        can_ship=True,
    )


def test_a_repeat_writes_nothing_and_an_edit_is_kept_as_history() -> None:
    first = _upsert(RENO)
    assert _upsert(RENO) == first
    assert Node.history.count() == 1

    assert _upsert(replace(RENO, cutoff_time=time(17))) == first

    assert selectors.facts_by_code(codes=["reno"])["reno"].cutoff_time == time(17)
    assert Node.history.count() == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"timezone": "America/Atlantis"}, "timezone"),
        ({"working_days": 0}, "working_days"),
        ({"working_days": 128}, "working_days"),
        ({"latitude": 90.1}, "latitude"),
        ({"kind": "castle"}, "kind"),
        ({"country": "USA"}, "country"),
        ({"code": "not a code"}, "code"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(services.InvalidNode) as refused:
        _upsert(replace(RENO, **wrong))  # type: ignore[arg-type]

    assert refused.value.errors[0].pointer.endswith(f"/{field}")
    assert not Node.objects.exists()


def test_a_code_may_occur_once() -> None:
    with pytest.raises(services.InvalidNode):
        _upsert(RENO, RENO)


def test_bins_belong_to_their_node_and_a_repeat_is_harmless() -> None:
    ids = _upsert(RENO, replace(RENO, code="dallas"))

    with unit():
        first = services.upsert_bins(node_id=ids["reno"], codes=["A-1", "A-2", "A-1"])
        again = services.upsert_bins(node_id=ids["reno"], codes=["A-2"])
        other = services.upsert_bins(node_id=ids["dallas"], codes=["A-1"])

    assert set(first) == {"A-1", "A-2"}
    assert again == {"A-2": first["A-2"]}
    assert other["A-1"] != first["A-1"]
    assert selectors.find_bin(node_id=ids["dallas"], code="A-1") == other["A-1"]
    assert selectors.find_bin(node_id=ids["dallas"], code="A-2") is None


@pytest.mark.parametrize("code", ["", " ", "A-1 ", "x" * 41])
def test_what_is_no_bin_is_refused_and_none_is_made(code: str) -> None:
    ids = _upsert(RENO)

    with pytest.raises(services.InvalidBin), unit():
        services.upsert_bins(node_id=ids["reno"], codes=["A-1", code])
    with pytest.raises(services.UnknownNode), unit():
        services.upsert_bins(node_id=0, codes=["A-1"])

    assert not Bin.objects.exists()
