"""The source files that the contracts read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ("oms", "orders", "inventory", "routing", "carriers", "returns")

Rule = Callable[[ast.AST], Iterator[str]]


@cache
def parsed() -> dict[str, ast.Module]:
    """This function will return the product's modules by relative path: no tests, no migrations."""
    found = {}
    for group in GROUPS:
        for path in sorted((ROOT / group).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in name and "/tests/" not in name:
                found[name] = ast.parse(path.read_text(), name)
    return found


def broken(rule: Rule, modules: dict[str, ast.Module], *, allowed: tuple[str, ...]) -> list[str]:
    """This function will return what breaks a rule, as `path:line what`, outside `allowed`."""
    return [
        f"{name}:{getattr(node, 'lineno', 0)} {what}"
        for name, tree in modules.items()
        if not name.startswith(allowed)
        for node in ast.walk(tree)
        for what in rule(node)
    ]


def seeded(code: str) -> dict[str, ast.Module]:
    """This function will return one module that holds a violation."""
    return {"orders/services/seeded.py": ast.parse(code)}
