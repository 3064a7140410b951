"""The queue on disk: one SQLite database (WAL) that every process of the user shares.

A row of `jobs` holds the whole Job as JSON beside the columns that decide who may run it. Each change takes the next
number of one `revision` sequence, so that any process learns what changed since it last looked.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ttvideo.errors import ErrorKind, WorkerError

MIGRATIONS = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY, position REAL NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
        document TEXT NOT NULL, cancel INTEGER NOT NULL DEFAULT 0,
        reserved_pid INTEGER, reserved_started REAL, owner_pid INTEGER, owner_started REAL
    );
    CREATE INDEX jobs_by_revision ON jobs (revision);
    CREATE INDEX jobs_by_state ON jobs (state, position);
    CREATE TABLE removed (id TEXT PRIMARY KEY, revision INTEGER NOT NULL);
    CREATE TABLE processes (
        pid INTEGER, started REAL, kind TEXT NOT NULL, title TEXT NOT NULL, PRIMARY KEY (pid, started)
    );
    CREATE TABLE queue (
        revision INTEGER NOT NULL, paused INTEGER NOT NULL, reason TEXT, paused_revision INTEGER NOT NULL
    );
    INSERT INTO queue VALUES (0, 0, NULL, 0);
    CREATE TABLE timings (key TEXT NOT NULL, ended_at REAL NOT NULL, seconds TEXT NOT NULL);
    CREATE INDEX timings_by_key ON timings (key, ended_at);
    """,
    """
    ALTER TABLE jobs ADD COLUMN work TEXT NOT NULL DEFAULT 'generate';
    """,
    """
    CREATE TABLE reset (pid INTEGER NOT NULL, started REAL NOT NULL, document TEXT NOT NULL);
    """,
)


class Store:
    """Connections to the database, one per thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "queue.sqlite"
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._migrate()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise _unusable(self.file, error) from error
            self._set_aside()
            self._migrate()
        except OSError as error:
            raise _unusable(self.file, error) from error

    @property
    def connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.file, timeout=20, isolation_level=None, check_same_thread=False)
            with self._guard:
                self._connections.append(connection)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = connection
        return connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, begun at once so that what it reads cannot change under it."""
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise _unusable(self.file, error) from error

    def close(self) -> None:
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    def _migrate(self) -> None:
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise WorkerError(
                ErrorKind.UNSUPPORTED,
                f"The job database {self.file} was made by a newer version of ttvideo.",
                "Update ttvideo, or set TTVIDEO_STATE to another folder.",
            )
        if version == len(MIGRATIONS):
            return
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            for number, script in enumerate(MIGRATIONS[version:], version + 1):
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number}")

    def _set_aside(self) -> None:
        """A file that is no database is kept for whoever wants to look, and a new one begun."""
        self.close()
        broken = self.file.with_suffix(f".broken-{int(time.time())}")
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.file}{suffix}", f"{broken}{suffix}")


def _unusable(file: Path, error: Exception) -> WorkerError:
    return WorkerError(
        ErrorKind.DISK,
        f"The job database {file} cannot be used: {error}.",
        "Check that its folder is writable and the disk has room, or set TTVIDEO_STATE to another folder.",
    )
