"""A carrier is a folder; nothing else is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from carriers.adapters.registry import UnknownCarrier, get_adapter
from carriers.adapters.sandbox import testing


def test_get_adapter_finds_the_folder():
    adapter = get_adapter("sandbox", settings={"secret": testing.SECRET})

    assert adapter.code == "sandbox"
    assert adapter.capabilities.can_find_by_reference is True


@pytest.mark.parametrize(
    "code", ["nobody", "base", "registry", "sandbox.client", "../sandbox", "", "Sandbox", "os"]
)
def test_get_adapter_refuses_what_is_no_carrier(code):
    with pytest.raises(UnknownCarrier):
        get_adapter(code, settings={})


def test_the_adapter_needs_no_models():
    script = (
        "from django.conf import settings; settings.configure(USE_I18N=False)\n"
        "import carriers.adapters.sandbox.client, carriers.adapters.sandbox.simulator.server\n"
        "import sys; print(any(name.startswith('carriers.models') for name in sys.modules))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "False"
