"""The five kinds of anticipated failure; every typed error of the product is one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong value: where it is (JSON pointer), a stable code, and the fix in words."""

    pointer: str
    code: str
    detail: str


class OmsError(Exception):
    """Base of anticipated failures: `code` for machines, `detail` for people, no personal data."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Error"
    code: str = "error"
    is_retryable: bool = False

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        errors: Sequence[FieldError] = (),
        data: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.code = code or self.code
        self.errors = tuple(errors)
        self.data = dict(data or {})
        self.retry_after_s = retry_after_s
        super().__init__(f"{self.code}: {self.detail}")


class Invalid(OmsError):
    """The request is understood and wrong; repeating it unchanged will not help."""

    status = 422
    title = "Invalid"
    code = "invalid"


class NotFound(OmsError):
    """There is no such thing, or the caller may not know that there is."""

    status = 404
    title = "Not found"
    code = "not_found"


class Forbidden(OmsError):
    """The caller is known and may not do this."""

    status = 403
    title = "Forbidden"
    code = "forbidden"


class Conflict(OmsError):
    """The state of things does not allow it now; look again, then decide."""

    status = 409
    title = "Conflict"
    code = "conflict"


class Unavailable(OmsError):
    """Nothing was done; the same request may be repeated after `retry_after_s`."""

    status = 503
    title = "Temporarily unavailable"
    code = "unavailable"
    is_retryable = True
