"""Finds a carrier's adapter by its folder: a new carrier is a folder, not an edit here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from carriers.adapters.base import CarrierAdapter
from oms.core.errors import NotFound

_CODE = re.compile(r"[a-z][a-z0-9_]{0,30}")
#: Modules beside the carrier folders.
_RESERVED = frozenset({"base", "registry", "tests"})


class UnknownCarrier(NotFound):
    """No folder of that name holds an adapter."""

    code = "carriers.unknown_carrier"


def get_adapter(code: str, *, settings: Mapping[str, Any]) -> CarrierAdapter:
    """This function will return the adapter in `carriers/adapters/<code>/`, set up for an account.

    The folder exports `build(settings) -> CarrierAdapter`; missing settings take the carrier's
    defaults.

    :raises UnknownCarrier: there is no such folder.
    """
    if not _CODE.fullmatch(code) or code in _RESERVED:
        raise UnknownCarrier(data={"carrier": code})
    name = f"carriers.adapters.{code}"
    if find_spec(name) is None:
        raise UnknownCarrier(data={"carrier": code})
    adapter = import_module(name).build(settings)
    if not isinstance(adapter, CarrierAdapter):
        raise TypeError(f"{name}.build did not return a CarrierAdapter")
    return adapter
