"""The generated documents say what the code says."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from oms.runtime.documents import events, machines, settings, writing
from tests.contracts.sources import ROOT, parsed, seeded

DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("events.md", events.render),
        ("settings.md", settings.render),
        ("state-machines.md", machines.render),
    ],
)
def test_a_rendered_document_is_current(name: str, render) -> None:
    assert (DOCS / name).read_text() == render(), "run make docs"


def test_the_stored_api_document_is_current() -> None:
    out = io.StringIO()

    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)

    assert (DOCS / "openapi.yaml").read_text().strip() == out.getvalue().strip(), "run make docs"


@pytest.mark.parametrize("name", ["state_machines", "events", "settings"])
def test_a_document_that_is_out_of_date_is_found_and_mended(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "DOCS", tmp_path)
    monkeypatch.setattr(writing, "BASE_DIR", tmp_path)

    with pytest.raises(SystemExit, match="1"):
        call_command(f"render_{name}", "--check", stdout=io.StringIO())
    assert list(tmp_path.iterdir()) == []
    call_command(f"render_{name}", stdout=io.StringIO())
    call_command(f"render_{name}", "--check", stdout=io.StringIO())


#: The environment's own, and what the supervisor tells its children.
NOT_SETTINGS = {"PATH", "OMS_SUPERVISED", "OMS_TEST_HOME"}


def _read(modules: dict[str, ast.Module]) -> Iterator[str]:
    """The names of variables that code asks the environment for."""
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = ast.unparse(node.func)
                if called.startswith("env.") or called.endswith("environ.get"):
                    yield str(node.args[0].value)


def test_every_variable_that_is_read_is_described() -> None:
    described = {setting.name for setting in settings.SETTINGS}
    read = set(_read(parsed())) - NOT_SETTINGS

    assert read - described == set()
    assert described - read == {"DJANGO_SETTINGS_MODULE"}


def test_a_variable_that_is_not_described_is_found() -> None:
    code = "env.int('A', default=1), os.environ.get('B')"

    assert list(_read(seeded(code))) == ["A", "B"]
