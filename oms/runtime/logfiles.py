"""Log files of supervised processes: bounded in size, and read for the lines worth showing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 10_000_000
SHOWN_CHARACTERS = 160


def rotate(path: Path) -> None:
    """This function will set the last run's file aside as `.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size:
        os.replace(path, path.with_suffix(".log.1"))


def bound(path: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """This function will set a file that grew too large aside, while its writer keeps it open.

    The writer appends, so that it goes on at the start of the emptied file.
    """
    if path.exists() and path.stat().st_size > max_bytes:
        shutil.copyfile(path, path.with_suffix(".log.1"))
        os.truncate(path, 0)


def error_in(line: str) -> str:
    """This function will return what is wrong in a log line, or "" for an ordinary line."""
    if line.startswith("{"):
        try:
            record = json.loads(line)
        except ValueError:
            return ""
        if record.get("level") not in {"ERROR", "CRITICAL"}:
            return ""
        kind = (record.get("error") or {}).get("type", "")
        return " ".join(filter(None, [str(record.get("message", "")), kind]))
    # Outside our formatter an exception ends in "package.SomeError: …"; its text may quote data.
    name = line.split(":", 1)[0]
    is_exception = name.endswith(("Error", "Exception")) and " " not in name
    return name if is_exception else ""


@dataclass
class Tail:
    """Reads what was added to a file since the last look."""

    path: Path
    offset: int = 0
    _rest: str = ""

    def lines(self) -> Iterator[str]:
        """This function will yield the complete lines that are new."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size < self.offset:
            self.offset, self._rest = 0, ""
        if size == self.offset:
            return
        with open(self.path, "rb") as handle:
            handle.seek(self.offset)
            added = handle.read(size - self.offset)
        self.offset = size
        *whole, self._rest = (self._rest + added.decode(errors="replace")).split("\n")
        yield from whole

    def errors(self) -> list[str]:
        """This function will return the new lines' errors, shortened, each once."""
        found = (error_in(line)[:SHOWN_CHARACTERS] for line in self.lines())
        return list(dict.fromkeys(filter(None, found)))
