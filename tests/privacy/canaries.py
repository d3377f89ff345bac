"""People who do not exist, with words that stand nowhere else, and the search for those words."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_LETTERS = string.ascii_lowercase
_AREAS = ("212", "312", "415", "617", "206")


@dataclass(frozen=True)
class Person:
    """Each word begins with the flock's mark and is this person's alone."""

    name: str
    company: str
    email: str
    phone: str
    street: str

    @property
    def ship_to(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "company": self.company,
            "email": self.email,
            "phone": self.phone,
            "lines": [self.street],
        }


class Flock:
    """Makes people and finds them again, however their words are written."""

    def __init__(self) -> None:
        self.chance = random.SystemRandom()
        self.mark = self._letters(10)
        self.people: list[Person] = []

    def hatch(self) -> Person:
        person = Person(
            name=f"{self._word().title()} {self._word().title()}",
            company=f"{self._word().title()} Works",
            email=f"{self._word()}@{self._word()}.example",
            phone=f"+1{self.chance.choice(_AREAS)}{self.chance.randint(2_000_000, 9_999_999)}",
            street=f"{self.chance.randint(10, 99)} {self._word().title()} Street",
        )
        self.people.append(person)
        return person

    def sightings(self, name: str, content: bytes) -> Iterator[str]:
        """This function will yield one line for each writing that is found in the content."""
        folded = content.lower()
        for what, writing in self._writings(self.mark):
            haystack = content if what.startswith("base64") else folded
            if (at := haystack.find(writing)) >= 0:
                yield f"{name}: a word as {what} at byte {at}"
        for phone in (person.phone[2:] for person in self.people):
            for what, writing in self._writings(phone):
                if writing in content:
                    yield f"{name}: a phone number as {what}"

    def _writings(self, word: str) -> Iterable[tuple[str, bytes]]:
        plain = word.encode()
        yield "plain text", plain
        yield "UTF-16", word.encode("utf-16-le")
        yield "hex", plain.hex().encode()
        for form in {word, word.title(), word.upper()}:
            yield "hex", form.encode().hex().encode()
            for offset in range(3):
                yield "base64", _inner_base64(form.encode(), offset)

    def _word(self) -> str:
        return self.mark + self._letters(8)

    def _letters(self, count: int) -> str:
        return "".join(self.chance.choice(_LETTERS) for _ in range(count))


def _inner_base64(word: bytes, offset: int) -> bytes:
    """The characters that any text shows in base 64 when the word begins at this offset of three.

    Those at both ends depend on the neighbors too.
    """
    encoded = base64.b64encode(b"\0" * offset + word).rstrip(b"=")
    end = len(encoded) if (offset + len(word)) % 3 == 0 else -1
    return encoded[(0, 2, 3)[offset] : end]
