"""Copying a database while it is in use, and putting a copy in its place. One class a kind of database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from django.db import DEFAULT_DB_ALIAS, connections

from training.domain.run_folder import sync_folder


class ToolFailed(Exception):
    """The database's own tool is not there, or refused; the message holds its words."""


class Database(Protocol):
    """What a backup asks of the studio's database."""

    engine: str

    def size_bytes(self) -> int: ...

    def copy_to(self, file: Path) -> None:
        """Write one consistent state, while others read and write. Bounded memory."""

    def replace_by(self, file: Path, *, aside: str) -> str:
        """Put the copy in the database's place, all or nothing.

        Args:
            aside: What the database is called from then on that was there before.

        Returns:
            Where that is now, and how it is removed; "" when there was none.
        """


def of_the_studio() -> Database:
    return _PostgreSQL() if connections[DEFAULT_DB_ALIAS].vendor == "postgresql" else _SQLite()


class _SQLite:
    engine = "sqlite"

    def __init__(self) -> None:
        self._file = Path(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])

    def size_bytes(self) -> int:
        return sum(file.stat().st_size for file in self._files())

    def copy_to(self, file: Path) -> None:
        # All pages in one step: with the write-ahead log that is one state, and no writer waits for it.
        with closing(sqlite3.connect(self._file)) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal and -shm beside it

    def replace_by(self, file: Path, *, aside: str) -> str:
        connection = connections[DEFAULT_DB_ALIAS]
        empty = not connection.introspection.table_names()  # asking makes a file where there is none
        connection.close()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(self._file.name + ".part")
        shutil.copyfile(file, part)
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        old = self._file.with_name(f"{self._file.name}.{aside}")
        former = self._files()
        for each in former:
            if empty:
                each.unlink()
            else:
                each.rename(each.with_name(each.name.replace(self._file.name, old.name, 1)))
        part.rename(self._file)
        sync_folder(self._file.parent)
        return "" if empty else f"{old} (remove it when all is well)"

    def _files(self) -> list[Path]:
        names = (self._file.name + end for end in ("", "-wal", "-shm"))
        return [file for name in names if (file := self._file.with_name(name)).exists()]


class _PostgreSQL:
    engine = "postgresql"

    def size_bytes(self) -> int:
        size: int = _asked("SELECT pg_database_size(current_database())")
        return size

    def copy_to(self, file: Path) -> None:
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")

    def replace_by(self, file: Path, *, aside: str) -> str:
        there = _asked("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        _do(
            f'ALTER SCHEMA public RENAME TO "{aside}"',
            "CREATE SCHEMA public",
            "GRANT USAGE ON SCHEMA public TO PUBLIC",
        )
        try:
            _run("pg_restore", "--single-transaction", "--no-owner", "--no-privileges", str(file))
        except ToolFailed:
            _do("DROP SCHEMA public CASCADE", f'ALTER SCHEMA "{aside}" RENAME TO public')
            raise
        if there:
            return f'schema "{aside}" (when all is well: DROP SCHEMA "{aside}" CASCADE)'
        _do(f'DROP SCHEMA "{aside}" CASCADE')
        return ""


def _asked(query: str) -> Any:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def _do(*statements: str) -> None:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("; ".join(statements))


def _run(tool: str, *arguments: str) -> None:
    """A tool of PostgreSQL on the studio's database. The password goes through the environment."""
    program = shutil.which(tool)
    if program is None:
        raise ToolFailed(
            f"{tool} is not on the PATH. Install PostgreSQL's client programs, of the server's version or a "
            "newer one (on Debian and Ubuntu: postgresql-client)."
        )
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    info = connection.connection.info  # psycopg's: the address without the password
    environment = {**os.environ, **({"PGPASSWORD": info.password} if info.password else {})}
    done = subprocess.run(
        [program, f"--dbname={info.dsn}", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ToolFailed(f"{program} ended with {done.returncode}: {done.stderr.strip()[:1000]}")
