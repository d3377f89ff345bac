"""Bodies are parsed strictly: valid UTF-8, an object, no duplicate keys, no NaN, bounded depth."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any, NoReturn

from rest_framework.parsers import BaseParser

from oms.core.errors import FieldError, Invalid, OmsError

MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 32
#: C0/C1 controls except tab and line ends, NUL, lone surrogates, bidirectional overrides.
_BAD_CHARACTERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
)


class Malformed(OmsError):
    """The bytes are not what the content type says."""

    status = 400
    title = "Malformed request"
    code = "invalid_json"


class TooLarge(OmsError):
    status = 413
    title = "Payload too large"
    code = "payload_too_large"


class InvalidCharacter(Invalid):
    code = "invalid_character"


class _Duplicate(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Duplicate(key[:60])
            seen.add(key)
    return built


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):  # 1e999 is JSON, but no number we could keep
        raise ValueError("too large")
    return value


def parse_object(body: bytes) -> dict[str, Any]:
    """This function will return the JSON object in `body`.

    :raises Malformed: not UTF-8, not JSON, not an object, duplicate keys, NaN or too deep.
    :raises TooLarge: above 5 MB.
    :raises InvalidCharacter: a control character, lone surrogate or bidi override in a text.
    """
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("Send at most 5 MB, or split the orders over several requests.")
    text = _decode(body)
    parsed = _parse(text)
    if not isinstance(parsed, dict):
        raise Malformed("The body must be a JSON object.", code="object_expected")
    _check_depth(parsed)
    # Where neither the text nor an escape can hold a bad character, nobody has to look for it.
    if "\\u" in text or _BAD_CHARACTERS.search(text):
        _check_texts(parsed)
    return parsed


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 (byte {error.start}).") from None


def _parse(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
        )
    except _Duplicate as error:
        raise Malformed(f"The key {error.args[0]!r} stands twice.", code="duplicate_key") from None
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" starting at")
        raise Malformed(f"Not JSON: {what} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise Malformed("A number is not a JSON number.", code="invalid_number") from None


def _check_depth(parsed: Any) -> None:
    level = [parsed]
    for _ in range(MAX_DEPTH):
        level = [item for value in level for item in _items(value)]
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise _too_deep()


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> Malformed:
    return Malformed(f"Nested deeper than {MAX_DEPTH}.", code="too_deep")


def escape_pointer(key: str) -> str:
    """This function will return a key as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _check_texts(value: Any, pointer: str = "") -> None:
    if isinstance(value, str):
        if _BAD_CHARACTERS.search(value):
            raise InvalidCharacter(
                "A text holds a control character.",
                errors=[FieldError(pointer, "invalid_character", "Remove control characters.")],
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key, pointer)
            _check_texts(item, f"{pointer}/{escape_pointer(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_texts(item, f"{pointer}/{index}")


class StrictJsonParser(BaseParser):
    """`application/json` by the rules above."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) < min(_announced(parser_context), MAX_BODY_BYTES):
            # The sender hung up: what it wanted to say is not known, even if this much is JSON.
            raise Malformed("The body is shorter than its length.", code="incomplete_body")
        return parse_object(body)


def _announced(parser_context: Mapping[str, Any] | None) -> int:
    request = (parser_context or {}).get("request")
    text = request.META.get("CONTENT_LENGTH") if request is not None else ""
    return int(text) if str(text).isdigit() else 0
