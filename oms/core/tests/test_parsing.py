"""Bodies: whatever arrives is an object of sane values, or a problem that says what to mend."""

from __future__ import annotations

import time

import pytest

from oms.core.api.parsing import (
    MAX_BODY_BYTES,
    InvalidCharacter,
    Malformed,
    StrictJsonParser,
    TooLarge,
    parse_object,
)


def test_an_object_is_parsed() -> None:
    body = '{"a": [1, -2.5, "ü", null, true], "b": {"c": "line\\nend\\t"}}'.encode()
    assert parse_object(body) == {"a": [1, -2.5, "ü", None, True], "b": {"c": "line\nend\t"}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a": }', "invalid_json"),
        (b"{'a': 1}", "invalid_json"),
        (b'{"a": 1,}', "invalid_json"),
        (b'{"a": 1} {"b": 2}', "invalid_json"),
        (b'{"a": "unfinished', "invalid_json"),
        (b'{"a": "\\', "invalid_json"),
        (b'{"a": "raw \x01 control"}', "invalid_json"),
        (b'{"a": 01}', "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        ('{"a": 1}'.encode("utf-16"), "invalid_json"),
        ('{"a": 1}'.encode("utf-16-le"), "invalid_json"),
        (b'{"a": "\xc3\x28"}', "invalid_json"),
        (b'{"a": "\xed\xa0\x80"}', "invalid_json"),
        (b"\x00\xff\xd8", "invalid_json"),
        (b"[]", "object_expected"),
        (b'"text"', "object_expected"),
        (b"1", "object_expected"),
        (b"null", "object_expected"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"o": {"a": 1, "b": 2, "a": 3}}', "duplicate_key"),
        (b'{"\\u0061": 1, "a": 2}', "duplicate_key"),
        (b'{"a": NaN}', "invalid_number"),
        (b'{"a": Infinity}', "invalid_number"),
        (b'{"a": -Infinity}', "invalid_number"),
        (b'{"a": 1e999}', "invalid_number"),
        (b'{"a": -1e999}', "invalid_number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid_number"),
        (b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", "too_deep"),
        (b'{"a": ' * 33 + b"1" + b"}" * 33, "too_deep"),
        (b"[" * 200_000, "too_deep"),
    ],
)
def test_what_is_no_sane_object_is_malformed(body: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_object(body)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_depth_32_is_allowed_and_brackets_in_texts_do_not_count() -> None:
    assert parse_object(b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}")
    assert parse_object(b'{"a": "' + b"[{" * 100 + b'\\"[[[ "}') == {"a": "[{" * 100 + '"[[[ '}


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a": "\\u0000"}', "/a"),
        ('{"lines": [{"sku": "x"}, {"sku": "\\u0000"}]}', "/lines/1/sku"),
        ('{"a": "\\ud800"}', "/a"),
        ('{"a": "\\udc00\\ud800"}', "/a"),
        ('{"a": "\\u0007"}', "/a"),
        ('{"a": "\\u007f"}', "/a"),
        ('{"a": "\\u0085"}', "/a"),
        ('{"a": "abc\\u202edef"}', "/a"),
        ('{"a": "\\u2066"}', "/a"),
        ('{"o": {"\\u0000": 1}}', "/o"),
        ('{"a/b": {"c~d": "\\u0000"}}', "/a~1b/c~0d"),
    ],
)
def test_characters_nobody_can_see_are_refused_where_they_stand(text: str, pointer: str) -> None:
    with pytest.raises(InvalidCharacter) as caught:
        parse_object(text.encode())
    [error] = caught.value.errors
    assert (caught.value.status, error.pointer, error.code) == (422, pointer, "invalid_character")


def test_whole_surrogate_pairs_and_right_to_left_text_are_fine() -> None:
    body = '{"a": "\\ud83d\\ude00", "b": "שלום"}'.encode()
    assert parse_object(body) == {"a": "😀", "b": "שלום"}


def test_six_megabytes_are_too_large() -> None:
    with pytest.raises(TooLarge) as caught:
        parse_object(b'{"a": "' + b"x" * (6 * 1024 * 1024) + b'"}')
    assert (caught.value.status, caught.value.code) == (413, "payload_too_large")


def test_exactly_the_limit_is_parsed() -> None:
    frame = len(b'{"a": ""}')
    body = b'{"a": "' + b"x" * (MAX_BODY_BYTES - frame) + b'"}'
    assert len(parse_object(body)["a"]) == MAX_BODY_BYTES - frame


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 2_000_000,
        b'{"a": "' + b'\\"' * 2_000_000,
        b'"\\' * 1_500_000,
        b'"' + b"\\\n" * 2_000_000,
        b"{" * 4_000_000,
        b'{"a": [' + b"[]," * 1_500_000 + b"[]]",
        b'{"a": [' + b'"",' * 1_500_000 + b'"\\u0000"]}',
    ],
    ids=[
        "quotes",
        "quotes in a value",
        "backslashes",
        "line ends",
        "braces",
        "empty lists",
        "empty texts",
    ],
)
def test_no_body_takes_long_to_refuse(body: bytes) -> None:
    started = time.process_time()
    with pytest.raises((Malformed, InvalidCharacter)):
        parse_object(body)
    assert time.process_time() - started < 3


def test_the_parser_reads_no_more_than_it_needs() -> None:
    class Endless:
        def read(self, size: int) -> bytes:
            assert size == MAX_BODY_BYTES + 1
            return b" " * size

    with pytest.raises(TooLarge):
        StrictJsonParser().parse(Endless())  # type: ignore[arg-type]
