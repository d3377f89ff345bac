"""Which rule wins, and over which: golden cases, all of them the same in one statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog import services as catalog
from inventory.models import SellingRule
from inventory.selectors import policies as selectors
from inventory.services import limits, policies
from inventory.tests.factories import VARIANT, World, make_world
from inventory.types import RuleQuestion, SafetyLimit, SellingLimit, SellingTerms
from oms.core.transactions import unit
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db

#: Units of the rule of each scope; the fourth is of another variant, category or node.
SAFETY = {"variant": 3, "category": 5, "node": 7}
SELLING = {"variant+channel": 2, "variant": 4, "channel": 8, "any": 16}

SAFETY_CASES = [
    # rules at the node, the winner
    ("", ""),
    ("node", "node"),
    ("category", "category"),
    ("variant", "variant"),
    ("category node", "category"),
    ("variant node", "variant"),
    ("variant category", "variant"),
    ("variant category node", "variant"),
]
SELLING_CASES = [
    # rules, the winner in the shop, the winner in any other channel
    ("", "", ""),
    ("any", "any", "any"),
    ("channel", "channel", ""),
    ("variant", "variant", "variant"),
    ("variant+channel", "variant+channel", ""),
    ("channel any", "channel", "any"),
    ("variant any", "variant", "variant"),
    ("variant+channel any", "variant+channel", "any"),
    ("variant channel", "variant", "variant"),
    ("variant+channel channel", "variant+channel", ""),
    ("variant+channel variant", "variant+channel", "variant"),
    ("variant channel any", "variant", "variant"),
    ("variant+channel channel any", "variant+channel", "any"),
    ("variant+channel variant any", "variant+channel", "variant"),
    ("variant+channel variant channel", "variant+channel", "variant"),
    ("variant+channel variant channel any", "variant+channel", "variant"),
]
SAFETY_ORDER = tuple(SAFETY)
SELLING_ORDER = tuple(SELLING)


def _world() -> World:
    world = make_world(nodes_=("reno", "dallas"), skus=("TENT", "STOVE"))
    with unit():
        catalog.upsert_variants(
            organization_id=world.organization_id,
            drafts=[
                replace(VARIANT, sku="TENT", name="Tent", category="camping"),
                replace(VARIANT, sku="STOVE", name="Stove", category="cooking"),
            ],
        )
    return world


def _safety(world: World, scope: str, quantity: int, *, node: str = "reno") -> SafetyLimit:
    return SafetyLimit(
        node_id=world.nodes[node],
        quantity=quantity,
        variant_id=world.variants["TENT"] if scope == "variant" else None,
        category="camping" if scope == "category" else "",
    )


def _selling(world: World, scope: str, limit: int) -> SellingLimit:
    return SellingLimit(
        organization_id=world.organization_id,
        variant_id=world.variants["TENT"] if scope.startswith("variant") else None,
        channel="shop" if scope.endswith("channel") else "",
        oversell_limit=limit,
    )


def _ask(world: World, channel: str = "", sku: str = "TENT", node: str = "reno") -> RuleQuestion:
    return RuleQuestion(world.variants[sku], world.nodes[node], channel)


@pytest.mark.parametrize("order", ["as given", "reversed"])
@pytest.mark.parametrize(("rules", "winner"), SAFETY_CASES)
def test_the_most_specific_safety_rule_wins(rules: str, winner: str, order: str) -> None:
    world = _world()
    scopes = rules.split() if order == "as given" else rules.split()[::-1]
    with unit():
        for scope in scopes:
            policies.set_safety_rules(rules=[_safety(world, scope, SAFETY[scope])])
        # Rules of other nodes, variants and categories are not even considered.
        policies.set_safety_rules(
            rules=[
                *(_safety(world, scope, 90, node="dallas") for scope in SAFETY),
                SafetyLimit(world.nodes["reno"], 91, variant_id=world.variants["STOVE"]),
                SafetyLimit(world.nodes["reno"], 92, category="cooking"),
                SafetyLimit(world.nodes["reno"], 93, category="CAMPING"),
            ]
        )

    answer = selectors.get_answer(question=_ask(world))

    assert answer.safety_stock == SAFETY.get(winner, 0)
    considered = [terms.scope for terms in answer.safety]
    assert considered == sorted(rules.split(), key=SAFETY_ORDER.index)
    assert considered[:1] == ([winner] if winner else [])


@pytest.mark.parametrize("order", ["as given", "reversed"])
@pytest.mark.parametrize(
    ("rules", "channel", "winner"),
    [
        (rules, channel, winner)
        for rules, in_shop, elsewhere in SELLING_CASES
        for channel, winner in (("shop", in_shop), ("market", elsewhere), ("", elsewhere))
    ],
)
def test_the_most_specific_selling_rule_wins(
    rules: str, channel: str, winner: str, order: str
) -> None:
    world = _world()
    scopes = rules.split() if order == "as given" else rules.split()[::-1]
    with unit():
        for scope in scopes:
            policies.set_selling_rules(rules=[_selling(world, scope, SELLING[scope])])
        policies.set_selling_rules(
            rules=[
                replace(_selling(world, "variant", 90), variant_id=world.variants["STOVE"]),
                replace(_selling(world, "variant+channel", 91), channel="kiosk"),
                replace(
                    _selling(world, "any", 92), organization_id=organizations.ensure_sandbox().pk
                ),
            ]  # fmt: skip
        )

    answer = selectors.get_answer(question=_ask(world, channel))

    assert answer.oversell_limit == SELLING.get(winner, 0)
    fitting = [s for s in SELLING_ORDER if s in rules.split()
               and (channel == "shop" or not s.endswith("channel"))]  # fmt: skip
    assert [terms.scope for terms in answer.selling] == fitting
    assert fitting[:1] == ([winner] if winner else [])
    # The hot path resolves the same rules in memory.
    rows = SellingRule.objects.values_list(
        "organization_id", "variant_id", "channel", "oversell_limit"
    )
    assert answer.oversell_limit == limits.by_variant(rows).limit_for(
        world.organization_id, world.variants["TENT"], channel
    )


def test_a_rule_of_zero_wins_over_a_wider_one() -> None:
    world = _world()
    with unit():
        policies.set_safety_rules(rules=[_safety(world, "node", 7), _safety(world, "variant", 0)])

    answer = selectors.get_answer(question=_ask(world))

    assert answer.safety_stock == 0
    assert [(t.scope, t.quantity) for t in answer.safety] == [("variant", 0), ("node", 7)]


def test_an_answer_tells_all_terms_of_the_selling_rule() -> None:
    world = _world()
    with unit():
        ids = policies.set_selling_rules(
            rules=[
                replace(
                    _selling(world, "variant", 1),
                    backorder_limit=None,
                    preorder_limit=40,
                    preorder_ships_on=date(2026, 9, 1),
                )
            ]
        )

    [terms] = selectors.get_answer(question=_ask(world, "shop")).selling

    assert terms == SellingTerms("variant", next(iter(ids.values())), 1, None, 40, date(2026, 9, 1))


def test_many_questions_are_answered_in_order_by_one_statement() -> None:
    world = _world()
    with unit():
        policies.set_safety_rules(
            rules=[_safety(world, "variant", 3), _safety(world, "node", 9, node="dallas")]
        )
    questions = [
        _ask(world, channel, sku, node)
        for node, sku, channel in product(("dallas", "reno"), ("TENT", "STOVE"), ("", "shop"))
    ] * 30

    with CaptureQueriesContext(connection) as captured:
        answers = selectors.list_answers(questions=questions)

    assert len(captured) == 1
    assert [answer.question for answer in answers] == questions
    assert [answer.safety_stock for answer in answers] == [9, 9, 9, 9, 3, 3, 0, 0] * 30
    assert selectors.list_answers(questions=[]) == []


def test_the_same_question_has_the_same_answer_each_time() -> None:
    world = _world()
    with unit():
        policies.set_safety_rules(rules=[_safety(world, scope, n) for scope, n in SAFETY.items()])
        policies.set_selling_rules(
            rules=[_selling(world, scope, n) for scope, n in SELLING.items()]
        )

    answers = {selectors.get_answer(question=_ask(world, "shop")) for _ in range(20)}

    assert len(answers) == 1


@pytest.mark.parametrize("unknown", ["variant", "node", "another seller's"])
def test_unknown_things_have_no_rules(unknown: str) -> None:
    world = _world()
    question = replace(
        _ask(world),
        **({"variant_id": 999_999_999} if unknown == "variant" else {}),
        **({"node_id": 999_999_999} if unknown == "node" else {}),
    )
    owner = world.organization_id if unknown != "another seller's" else world.organization_id + 999

    with pytest.raises(selectors.UnknownQuestion):
        selectors.list_answers(questions=[_ask(world), question], organization_id=owner)
