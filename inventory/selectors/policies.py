"""Which rules hold, and why: for each question the rules that fit, the one that wins first.

The more specific rule wins. No two rules have the same scope, so there is always one winner, and
the same one each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from inventory.models import ChannelAllotment, SafetyRule, SellingRule
from inventory.types import RuleAnswer, RuleQuestion, SafetyTerms, SellingTerms
from oms.core.errors import NotFound

#: All that fits, by question, kind and precedence. Kind 0 tells that variant and node are known.
_FITTING = """
WITH d AS MATERIALIZED (
  SELECT d.o, d.node_id, d.channel, v.id AS variant_id, v.organization_id, c.category
  FROM unnest(%(variants)s::bigint[], %(nodes)s::bigint[], %(channels)s::text[])
    WITH ORDINALITY AS d(variant_id, node_id, channel, o)
  JOIN nodes_node n ON n.id = d.node_id
  JOIN catalog_variant v ON v.id = d.variant_id
  JOIN catalog_product c ON c.id = v.product_id
  WHERE %(owner)s::bigint IS NULL OR v.organization_id = %(owner)s::bigint
)
SELECT d.o, 0 AS kind, 0 AS rank, 0::bigint AS id, 0 AS units, 0 AS backorder, 0 AS preorder,
  NULL::date AS ships_on
FROM d
UNION ALL
SELECT d.o, 1, CASE WHEN r.variant_id IS NOT NULL THEN 0 WHEN r.category <> '' THEN 1 ELSE 2 END,
  r.id, r.quantity, 0, 0, NULL
FROM d JOIN inventory_safetyrule r ON r.node_id = d.node_id
  AND (r.variant_id = d.variant_id OR (r.variant_id IS NULL AND r.category IN ('', d.category)))
UNION ALL
SELECT d.o, 2, CASE WHEN s.variant_id IS NULL THEN 2 ELSE 0 END
  + CASE WHEN s.channel = '' THEN 1 ELSE 0 END,
  s.id, s.oversell_limit, s.backorder_limit, s.preorder_limit, s.preorder_ships_on
FROM d JOIN inventory_sellingrule s ON s.organization_id = d.organization_id
  AND (s.variant_id IS NULL OR s.variant_id = d.variant_id) AND s.channel IN ('', d.channel)
ORDER BY 1, 2, 3
"""

#: By rank.
_SAFETY_SCOPES = ("variant", "category", "node")
_SELLING_SCOPES = ("variant+channel", "variant", "channel", "any")


class UnknownQuestion(NotFound):
    """Rules were asked for a variant or a node that does not exist, or is not the asker's."""

    code = "inventory.unknown_place"


def list_answers(
    *, questions: Sequence[RuleQuestion], organization_id: int | None = None
) -> list[RuleAnswer]:
    """This function will return the rules that hold for each question, in order; one statement.

    `organization_id` narrows it to the variants of one seller.

    :raises UnknownQuestion: there is no such variant or node.
    """
    if not questions:
        return []
    params: dict[str, Any] = {
        "variants": [question.variant_id for question in questions],
        "nodes": [question.node_id for question in questions],
        "channels": [question.channel for question in questions],
        "owner": organization_id,
    }
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_FITTING, params)
        for number, *row in cursor.fetchall():
            found[number - 1].append(tuple(row))
    return [_answer(question, found.get(i)) for i, question in enumerate(questions)]


def get_answer(*, question: RuleQuestion, organization_id: int | None = None) -> RuleAnswer:
    """This function will return the rules that hold for one question.

    :raises UnknownQuestion: there is no such variant or node.
    """
    return list_answers(questions=[question], organization_id=organization_id)[0]


def _answer(question: RuleQuestion, rows: Sequence[tuple[Any, ...]] | None) -> RuleAnswer:
    if rows is None:
        raise UnknownQuestion(
            f"There is no variant {question.variant_id} or no node {question.node_id}.",
            data={"variant_id": question.variant_id, "node_id": question.node_id},
        )
    return RuleAnswer(
        question=question,
        safety=tuple(
            SafetyTerms(_SAFETY_SCOPES[rank], pk, units)
            for kind, rank, pk, units, *_ in rows
            if kind == 1
        ),
        selling=tuple(
            SellingTerms(_SELLING_SCOPES[rank], pk, *terms)
            for kind, rank, pk, *terms in rows
            if kind == 2
        ),
    )


def list_safety_rules() -> QuerySet[SafetyRule]:
    """This function will return safety rules with node and variant, by node, widest first."""
    rules = SafetyRule.objects.select_related("node", "variant")
    return rules.order_by("node__code", "category", "variant__sku", "pk")


def list_selling_rules(*, organization_id: int | None = None) -> QuerySet[SellingRule]:
    """This function will return selling rules with their variant, by organization and SKU."""
    rules = SellingRule.objects.select_related("organization", "variant")
    if organization_id is not None:
        rules = rules.filter(organization_id=organization_id)
    return rules.order_by("organization__name", "variant__sku", "channel", "pk")


def list_allotments() -> QuerySet[ChannelAllotment]:
    """This function will return what is kept for channels, with place and variant, by node."""
    kept = ChannelAllotment.objects.select_related("position__node", "position__variant")
    return kept.order_by("position__node__code", "position__variant__sku", "channel")
