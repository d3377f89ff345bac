"""The import contracts hold, and each of them sees what it is there for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.sources import GROUPS, ROOT

#: One line per contract that must not be there: file, import.
SEEDS = {
    "groups": ("carriers/seeded.py", "orders.types"),
    "inside-an-app": ("orders/selectors/seeded.py", "orders.services.placement"),
    "inside-inventory": ("inventory/nodes/seeded.py", "inventory.services.stock"),
    "inside-orders": ("orders/customers/seeded.py", "orders.services.holds"),
    "inside-carriers": ("carriers/adapters/base_seeded.py", "carriers.services.labels"),
    "inside-infra": ("oms/infra/accounts/seeded.py", "oms.infra.outbox.subscriptions"),
    "inside-cockpit": ("oms/cockpit/control_tower/seeded.py", "oms.cockpit.dashboards.folding"),
    "orders-models": ("returns/seeded.py", "orders.models"),
    "inventory-models": ("routing/seeded.py", "inventory.models"),
    "routing-models": ("orders/seeded.py", "routing.models"),
    "carriers-models": ("inventory/seeded.py", "carriers.models"),
    "returns-models": ("oms/cockpit/hints.py", "returns.models"),
    "vault": ("orders/seeded_keys.py", "oms.infra.contacts.crypto"),
    "infra-models": ("carriers/seeded_jobs.py", "oms.infra.jobs.models"),
    "adapters-independent": ("carriers/adapters/other.py", "carriers.adapters.sandbox.client"),
    "acyclic": ("inventory/catalog/seeded.py", "inventory.selectors.stock"),
    "interfaces-are-leaves": ("orders/seeded_views.py", "orders.api.views"),
}


def _verdicts(folder: Path) -> dict[str, str]:
    """KEPT or BROKEN by contract, as the linter says of the folder's packages."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    names = re.findall(
        r"\[importlinter:contract:([\w-]+)\]\nname = (.+)", (ROOT / ".importlinter").read_text()
    )
    said = " ".join(done.stdout.split())
    found = {key: re.search(re.escape(name) + r" (KEPT|BROKEN)", said) for key, name in names}
    return {key: match[1] if match else said[-500:] for key, match in found.items()}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for group in GROUPS:
        shutil.copytree(
            ROOT / group, tmp_path / group, ignore=shutil.ignore_patterns("__pycache__", "tests")
        )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_every_contract_holds() -> None:
    verdicts = _verdicts(ROOT)

    assert verdicts.keys() == SEEDS.keys()
    assert {key: verdict for key, verdict in verdicts.items() if verdict != "KEPT"} == {}


def test_every_contract_finds_its_seeded_violation(copy: Path) -> None:
    for path, imported in SEEDS.values():
        with open(copy / path, "a") as module:
            module.write(f"\nimport {imported}\n")

    verdicts = _verdicts(copy)

    assert {key: verdict for key, verdict in verdicts.items() if verdict != "BROKEN"} == {}
