"""The hot HTTP routes, before Django: the same services, keys, idempotency and answers.

A request that is plainly right waits for its batch and is answered after the commit; any other goes
on to the ordinary door, which decides as if there were no lane.
"""

from __future__ import annotations

import logging
import re

from oms.core import clock
from oms.core.api import problems
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.fastlane import http, intake, shapes
from oms.fastlane.http import Application, Receive, Scope, Send
from oms.fastlane.intake import Answer, Asked
from oms.infra.idempotency import services as idempotency

logger = logging.getLogger("oms.request")

PATH = "/api/v1/orders"
_KEY = re.compile(r"^[\x21-\x7e]{16,255}\Z")


def is_for(scope: Scope) -> bool:
    """This function will tell whether the request is for one of the hot routes."""
    return bool(scope["method"] == "POST" and scope["path"] == PATH)


async def handle(scope: Scope, receive: Receive, send: Send, ordinary: Application) -> None:
    """This function will answer the request, or let the ordinary door do so."""
    headers = http.headers_of(scope)
    if headers is None or not http.is_plain(scope, headers):
        await ordinary(scope, receive, send)
        return
    started, request_id = clock.monotonic(), http.request_id_of(headers)
    body = await http.body_of(headers, receive)
    asked = _asked(headers, body)
    answer = await _answer(asked) if asked else None
    if answer is None:
        await ordinary(scope, http.again(body, receive), send)
        return
    status = await _respond(send, answer, request_id)
    took = round((clock.monotonic() - started) * 1000, 1)
    logger.log(
        logging.WARNING if status >= 500 else logging.DEBUG,
        "request",
        extra={"status": status, "method": "POST", "path": PATH, "duration_ms": took},
    )


def _asked(headers: http.Headers, body: bytes | None) -> Asked | None:
    credential = http.bearer(headers)
    key = headers.get(b"idempotency-key", b"").decode("latin-1")
    if not credential or body is None or (b"idempotency-key" in headers and not _KEY.match(key)):
        return None
    read = shapes.read(body)
    if read is None:
        return None
    parsed, order = read
    fingerprint = ""
    if key:
        fingerprint = idempotency.fingerprint_of(method="POST", path=PATH, payload=parsed)
    return Asked(credential, order.channel, shapes.to_draft(order), key, fingerprint)


async def _answer(asked: Asked) -> Answer | None:
    try:
        return await intake.writer.ask(asked)
    except OmsError as error:
        return Answer(error=error)


async def _respond(send: Send, answer: Answer, request_id: str) -> int:
    if answer.error is None:
        more = {"Idempotency-Replayed": "true"} if answer.is_replay else None
        await http.respond(
            send, status=answer.status, body=answer.body, request_id=request_id, more=more
        )
        return answer.status
    error = answer.error
    with acting(request_id=request_id):
        body = problems.from_error(error)
    wait = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    await http.respond(send, status=error.status, body=body, request_id=request_id, more=wait)
    return error.status
