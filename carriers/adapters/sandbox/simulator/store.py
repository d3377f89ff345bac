"""The carrier's memory: one SQLite file, every sale committed before it is answered, so that a
kill loses nothing. Holds no plain personal data."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS label (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    tracking_number TEXT NOT NULL UNIQUE,
    cost TEXT NOT NULL,
    currency TEXT NOT NULL,
    outcome TEXT NOT NULL,
    is_instant INTEGER NOT NULL,
    route TEXT NOT NULL,
    sealed BLOB NOT NULL,
    bought_at REAL NOT NULL,
    voided_at REAL,
    manifest_id TEXT
);
CREATE TABLE IF NOT EXISTS purchase (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL,
    tracking_number TEXT NOT NULL,
    cost TEXT NOT NULL,
    currency TEXT NOT NULL,
    charged_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS purchase_reference ON purchase (reference);
CREATE TABLE IF NOT EXISTS misfortune (
    parcel TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (parcel, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scan (
    id INTEGER PRIMARY KEY,
    tracking_number TEXT NOT NULL,
    event_key TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    due_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS scan_tracking ON scan (tracking_number, due_at);
CREATE TABLE IF NOT EXISTS push (
    id INTEGER PRIMARY KEY,
    scan_id INTEGER NOT NULL REFERENCES scan (id),
    push_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS push_due ON push (push_at);
CREATE TABLE IF NOT EXISTS delivery (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    created_at REAL NOT NULL,
    attempt INTEGER NOT NULL,
    next_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (next_at);
"""


class Store:
    """One connection behind one lock: SQLite has one writer anyway, and sales must not race."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Before SQLite does: its side files take their mode from this one.
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=10
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # Survives a kill of the process; only a power cut may lose the last commits.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """This function will make the block one commit, alone among all threads."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
            return found

    def write(self, query: str, values: Sequence[Any] = ()) -> int:
        """This function will return the number of rows changed."""
        with self._lock:
            return self._connection.execute(query, values).rowcount

    def write_many(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._lock:
            self._connection.executemany(query, rows)
