"""What a file really is, by its bytes; its name and what the sender calls it prove nothing."""

from __future__ import annotations

#: First bytes → kind. What a browser would run is not among them.
_SIGNS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_WEBP = (b"RIFF", b"WEBP")
TEXT = "text/plain"
ALLOWED = (*(kind for _, kind in _SIGNS), "image/webp", TEXT)
#: A text that begins like this is a page or a script.
_MARKUP = ("<", "#!", "{\\rtf")
_LAYOUT = "\t\n\r"


def sniff(data: bytes) -> str | None:
    """This function will return the kind of a file, or None for one that is not allowed."""
    for sign, kind in _SIGNS:
        if data.startswith(sign):
            return kind
    if data[:4] == _WEBP[0] and data[8:12] == _WEBP[1]:
        return "image/webp"
    return TEXT if _is_plain(data) else None


def _is_plain(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if not text.strip() or text.lstrip().startswith(_MARKUP):
        return False
    return all(character.isprintable() or character in _LAYOUT for character in text)
