"""The sandbox carrier: our own carrier for demonstrations, tests and partners' test keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carriers.adapters.base import CarrierAdapter


def build(settings: Mapping[str, Any]) -> CarrierAdapter:
    """This function will return the adapter for one account; the client loads on first use."""
    from carriers.adapters.sandbox.client import SandboxAdapter
    from carriers.adapters.sandbox.settings import load

    return SandboxAdapter(load(settings))
