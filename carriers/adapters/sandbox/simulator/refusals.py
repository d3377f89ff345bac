"""The one way the simulator says no: a status, a code for machines, and when to come back."""

from __future__ import annotations


class Refusal(Exception):
    """An answer other than success; nothing was changed before it was raised."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "is_retryable": self.retry_after is not None,
            }
        }
