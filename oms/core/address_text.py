"""What can be told from the words of an address alone: nonsense, and what a carrier would miss."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: Words people type when a form insists, in the languages of the shops we know of.
_NONSENSE = frozenset(
    re.findall(
        r"\w+",
        """
        test testing tests tester teste prueba essai fake dummy none null nil undefined unknown
        unbekannt inconnu desconocido tbd tba todo xxx blah foo foobar lorem ipsum qwerty qwertz
        azerty asdf asdfg asdfgh asdfghjkl asd sdf qwe zxc zxcv zxcvb zxcvbnm abcd abcde na nope
        address adresse street city town stadt somewhere anywhere nowhere placeholder
        """,
    )
)
#: What may stand beside nonsense without making sense of it.
_FILLER = frozenset(("street", "st", "road", "rd", "avenue", "ave", "lane", "line", "a", "the"))
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")

_WORD = re.compile(r"[^\W\d_]+")
_MAIL_OR_LINK = re.compile(r"@|https?:|www\.", re.IGNORECASE)
_PO_BOX = re.compile(
    r"\b(p\.?\s*o\.?\s*box|post(al)?\s+(office\s+)?box|postfach|caixa\s+postal|"
    r"apartado(\s+postal|\s+de\s+correos)?|bo[iî]te\s+postale|casella\s+postale|postbus|"
    r"general\s+delivery|poste\s+restante|postlagernd)\b|^\s*(bp|cp|gpo\s+box)\s*\d+",
    re.IGNORECASE,
)
#: Places that are found without a number: they are one of a kind, or say that there is none.
_NAMED = re.compile(
    r"\b(house|cottage|farm|barn|lodge|hall|manor|castle|mill|villa|schloss|hof|quinta|fazenda|"
    r"hacienda|finca|airport|terminal|station|hospital|clinic|hotel|school|university|campus|"
    r"church|mall|plaza|centre|center|tower|building|pier|marina|estate|park|base|camp|"
    r"unnumbered|rural|s/n|sn|km|lote|quadra)\b",
    re.IGNORECASE,
)
#: Control, deceiving (direction, zero width), private and unreadable characters.
_BAD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffd-\uffff\ud800-\uf8ff]"
)


def has_bad_characters(text: str) -> bool:
    """This function will tell whether text has control, deceiving or unreadable characters."""
    return bool(_BAD.search(text))


def has_letters(text: str) -> bool:
    return any(c.isalpha() for c in text)


def has_digits(text: str) -> bool:
    return any(c.isdigit() for c in text)


def is_contact(text: str) -> bool:
    """This function will tell whether text is a mail address or a link, which no driver visits."""
    return bool(_MAIL_OR_LINK.search(text))


def is_nonsense(text: str) -> bool:
    """This function will tell whether text only fills a field: "test", "n/a", "asdf", "xxxx".

    One word of sense is enough for it to be taken seriously.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not folded.strip(" .-_/?*#0"):
        return True
    words = _WORD.findall(folded.replace("n/a", "na").replace("n.a.", "na"))
    if not words:
        return False
    telling = [word for word in words if word not in _FILLER] or words
    return all(_is_nonsense_word(word) for word in telling)


def _is_nonsense_word(word: str) -> bool:
    if word in _NONSENSE:
        return True
    if len(word) >= 3 and len(set(word)) == 1 and word != "iii":
        return True
    return len(word) >= 4 and any(word in row or word[::-1] in row for row in _ROWS)


def is_po_box(lines: Iterable[str]) -> bool:
    """This function will tell whether a parcel would go to a counter instead of a door."""
    return any(_PO_BOX.search(line) for line in lines)


def lacks_number(lines: Iterable[str]) -> bool:
    """This function will tell whether a street has no number where one is to be expected."""
    text = " ".join(lines)
    return not has_digits(text) and not _NAMED.search(text) and not _PO_BOX.search(text)
