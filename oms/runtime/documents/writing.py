"""Writes a rendered document, or says that the stored one is out of date."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from oms.core.commands import FAILED, OK, OmsCommand
from oms.settings.env import BASE_DIR

DOCS = BASE_DIR / "docs"


class RenderCommand(OmsCommand):
    """Base of the commands that render: subclasses name the file and give its text."""

    file_name: ClassVar[str]

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; exit 1 when it is out of date"
        )

    def run(self, **options: Any) -> None:
        path = DOCS / self.file_name
        text = self.render()
        is_current = path.exists() and path.read_text() == text
        if not is_current and not options["check"]:
            path.write_text(text)
            is_current = True
        word = "is current" if is_current else "is out of date; run make docs"
        self.finish(
            {"file": _shown(path), "current": is_current},
            [f"{_shown(path)} {word}"],
            exit_code=OK if is_current else FAILED,
        )

    @abstractmethod
    def render(self) -> str:
        """This method will return the document."""


def _shown(path: Path) -> str:
    return str(path.relative_to(BASE_DIR))
