"""Who acts and why, carried through a request, task or handler without passing it by hand."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Context:
    """`actor` is a reference such as `staff:12`, `key:ab12cd34`, `system:relay`; never a name."""

    actor: str = "system:unknown"
    correlation_id: str = ""
    causation_id: str = ""
    hops: int = 0
    request_id: str = ""
    #: Of several causes at once, each by what it is about (its correlation).
    causes: Mapping[str, str] = field(default_factory=dict)


_NOBODY = Context()
_current: ContextVar[Context] = ContextVar("oms_context", default=_NOBODY)


def current() -> Context:
    """This function will return the context of this request, task or handler."""
    return _current.get()


@contextmanager
def acting(**changes: object) -> Iterator[Context]:
    """This function will replace the given fields of the context within the block."""
    context = replace(_current.get(), **changes)  # type: ignore[arg-type]
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def become(actor: str) -> None:
    """This function will set the actor until the enclosing `acting` block ends (a request's)."""
    _current.set(replace(_current.get(), actor=actor))


def new_request_id() -> str:
    """This function will return a fresh identifier for one request."""
    return f"req_{secrets.token_hex(10)}"
