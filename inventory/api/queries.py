"""The query of availability: one to 500 SKUs, each named once or more, nothing else."""

from __future__ import annotations

from rest_framework.request import Request

from oms.core.api.queries import InvalidFilter, require_known
from oms.core.errors import FieldError

MAX_SKUS = 500
MAX_SKU_LENGTH = 64


def skus_of(request: Request) -> list[str]:
    """This function will return the wanted SKUs, each once, in the order asked.

    :raises InvalidFilter: none, too many, one that no SKU can look like, or an unknown parameter.
    """
    require_known(request, {"sku"})
    skus = list(dict.fromkeys(request.query_params.getlist("sku")))
    if not skus:
        raise _refused("required", "Give at least one sku.")
    if len(skus) > MAX_SKUS:
        raise _refused("too_many", f"Ask for at most {MAX_SKUS} SKUs at a time.")
    for sku in skus:
        if not 0 < len(sku) <= MAX_SKU_LENGTH or not sku.isprintable():
            raise _refused("invalid_value", f"A SKU has 1 to {MAX_SKU_LENGTH} visible characters.")
    return skus


def _refused(code: str, detail: str) -> InvalidFilter:
    return InvalidFilter(
        "A value does not fit its filter.", errors=[FieldError("?sku", code, detail)]
    )
