"""No file is longer than a reader's patience: 400 lines, 600 for tests."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.sources import GROUPS, ROOT

MOST, MOST_OF_TESTS = 400, 600
KINDS = {".py", ".js", ".css", ".html"}


def _too_long(root: Path) -> list[str]:
    found = []
    for folder in (*GROUPS, "tests", "templates", "static/css", "static/js"):
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix in KINDS and "/migrations/" not in name:
                most = MOST_OF_TESTS if "tests/" in name else MOST
                count = len(path.read_text().splitlines())
                found += [f"{name}: {count}"] if count > most else []
    return found


def test_no_file_is_too_long() -> None:
    assert _too_long(ROOT) == []


def test_a_file_that_is_too_long_is_found(tmp_path: Path) -> None:
    (tmp_path / "orders" / "tests").mkdir(parents=True)
    for name, count in {
        "short": 400,
        "long": 401,
        "tests/test_long": 600,
        "tests/more": 601,
    }.items():
        (tmp_path / "orders" / f"{name}.py").write_text("\n" * count)

    assert _too_long(tmp_path) == ["orders/long.py: 401", "orders/tests/more.py: 601"]
