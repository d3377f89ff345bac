"""Only `oms.core.transitions` writes a status: not an assignment, not an update, not raw SQL."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.contracts.sources import broken, parsed, seeded

WRITER = ("oms/core/transitions.py",)
_SQL = re.compile(r"\bSET\b(?:(?!\bWHERE\b|\bFROM\b).)*?\bstatus\b\"?\s*=", re.S)


def _writes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(t, ast.Attribute) and t.attr == "status" for t in targets):
            yield "assigns a status"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name in {"update", "update_or_create"} and _names(node.keywords):
            yield "updates a status"
        if name in {"bulk_update", "update_rows", "setattr"} and _mentions(node):
            yield "updates a status"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value):
        yield "updates a status in SQL"


def _names(keywords: list[ast.keyword]) -> bool:
    return any(keyword.arg == "status" for keyword in keywords)


def _mentions(node: ast.Call) -> bool:
    return any(isinstance(x, ast.Constant) and x.value == "status" for x in ast.walk(node))


#: Not a machine's status but HTTP's, of an error that the simulated carrier answers with.
NO_MACHINE = ("carriers/adapters/sandbox/simulator/",)


def test_status_has_one_writer() -> None:
    assert broken(_writes, parsed(), allowed=WRITER + NO_MACHINE) == []


@pytest.mark.parametrize(
    "code",
    [
        "order.status = 'confirmed'",
        "order.status: str = 'confirmed'",
        "Order.objects.filter(pk=1).update(status='confirmed')",
        "Order.objects.bulk_update(orders, ['status'])",
        "bulk.update_rows(Order, orders, fields=['status'])",
        "setattr(order, 'status', 'confirmed')",
        "SQL = 'UPDATE orders_order SET version = 2, status = %s WHERE id = %s'",
    ],
)
def test_a_second_writer_is_found(code: str) -> None:
    assert len(broken(_writes, seeded(code), allowed=WRITER)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "order.status == 'confirmed'",
        "Order.objects.filter(status='confirmed').update(priority=1)",
        "SQL = 'UPDATE orders_order SET priority = 1 WHERE status = %s'",
    ],
)
def test_a_reader_is_none(code: str) -> None:
    assert broken(_writes, seeded(code), allowed=WRITER) == []
