"""A PostgreSQL server for one drill: empty, reached by a socket in a private folder and by no network, gone after it.

What is loaded into it is other people's SQL. So nothing of it is ever run by the administrator: each database has an
owner without any other right, who loads and who asks. Databases have the names that they had: applications and paths
name them.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kept import Damaged, keep, words
from kept.operator_error import OperatorError
from kept.postgres_programs import as_server_user, give_to_server_user, program
from sandbox.postgresql.server import process
from sandbox.postgresql.server.extensions import offer_in_container

if TYPE_CHECKING:
    import psycopg

__all__ = ["ADMINISTRATOR", "PORT", "Scratch", "ScratchFailed", "remove_leftover"]

ADMINISTRATOR = "drill"
PORT = 5432
_START_S = 30.0
_INITDB_S = 120
_ACCESS = "local all all scram-sha-256\n"
_SOCKET = "socket"
_CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{socket}'
password_encryption = 'scram-sha-256'
extension_control_path = '{folder}:$system'
shared_buffers = 64MB
max_connections = 20
wal_level = minimal
max_wal_senders = 0
max_wal_size = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
autovacuum = off
log_min_error_statement = panic  # a refused statement may hold what nobody shall read
"""


class ScratchFailed(OperatorError):
    """The server of a drill can't be made, or what is loaded into it was refused."""


class Scratch:
    """One server in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.socket = ""
        """The folder of its socket: short, for unix(7) takes no long path."""
        self._password = secrets.token_hex(16)
        self._owners: dict[str, str] = {}
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Makes it and waits until it answers. Raises ScratchFailed."""
        data = self.folder / "data"
        data.mkdir(parents=True, mode=0o700)
        self.socket = tempfile.mkdtemp(prefix="smos-drill-")
        keep(self.folder / _SOCKET, self.socket)
        give_to_server_user(Path(self.socket))
        give_to_server_user(data)
        password_file = self.folder / "initial"
        with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self._password)
        command = [program("initdb"), "-D", str(data), "-U", ADMINISTRATOR, f"--pwfile={password_file}", "--no-sync"]
        command += ["-A", "scram-sha-256", "-E", "UTF8", "--no-instructions"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(  # noqa: S603 - our own command, no shell
            as_server_user(command), capture_output=True, text=True, cwd="/", timeout=_INITDB_S, check=False
        )
        password_file.unlink()
        if done.returncode:
            raise ScratchFailed(f"{self.folder}: initdb refused: {(done.stderr or done.stdout).strip()[-500:]}")
        offer_in_container(self.folder)
        (data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")
        text = _CONFIGURATION.format(socket=self.socket, folder=self.folder)
        (data / "postgresql.conf").write_text(text, encoding="utf-8")
        self._server = process.start(self.folder, PORT)
        self._wait()

    def database(self, name: str, extensions: str) -> None:
        """An empty database of that name, with an owner of the same name, who sees rows that hide from their owner too.
        `extensions`: JSON, as a manifest's facts have it: name, schema, version of each.
        """
        import psycopg
        from psycopg import sql

        password, owner = secrets.token_hex(16), sql.Identifier(name)
        create = sql.SQL("CREATE ROLE {} LOGIN BYPASSRLS PASSWORD {}")
        try:
            with self._administrator("postgres") as connection:
                connection.execute(create.format(owner, sql.Literal(password)))
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(owner, owner))
            with self._administrator(name) as connection:
                for extension, schema, _version in json.loads(extensions) or []:
                    words = sql.Identifier(schema), sql.Identifier(extension)
                    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(words[0]))
                    connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {1} SCHEMA {0}").format(*words))
        except psycopg.Error as error:
            raise ScratchFailed(f"the scratch server, {name}: {str(error).splitlines()[0]}") from None
        self._owners[name] = password

    def role(self, name: str) -> None:
        """Somebody whom a dump names: nobody can log in as him."""
        from psycopg import sql

        with self._administrator("postgres") as connection:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))

    def drop(self, name: str) -> None:
        """Removes a database: the next one has its room."""
        from psycopg import sql

        with self._administrator("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @staticmethod
    def program(name: str) -> str:
        """One of PostgreSQL's client programs."""
        return program(name)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """As its owner; in autocommit. A value's text does not depend on what the database sets."""
        import psycopg

        from recovery.sources.logins import TEXTS

        options = " ".join(f"-c {key}={value}" for key, value in TEXTS.items())
        return psycopg.connect(**self.parameters(database), options=options, autocommit=True)

    def parameters(self, database: str) -> dict[str, Any]:
        """How its owner reaches it."""
        return {
            "host": self.socket,
            "port": PORT,
            "user": database,
            "password": self._owners[database],
            "dbname": database,
            "connect_timeout": 10,
        }

    def environment(self, database: str) -> dict[str, str]:
        """The same for PostgreSQL's client programs. Inside of the place alone: nobody else reads its environment."""
        found = self.parameters(database)
        return {
            "PATH": os.environ.get("PATH", ""),
            "PGHOST": found["host"],
            "PGPORT": str(PORT),
            "PGUSER": found["user"],
            "PGPASSWORD": found["password"],
            "PGDATABASE": database,
            "PGCONNECT_TIMEOUT": "10",
        }

    def remove(self) -> None:
        """Stops it and removes all that it had."""
        server, self._server = self._server, None
        if server is not None:
            process.end(server)
        remove_leftover(self.folder)

    def _administrator(self, database: str) -> psycopg.Connection[Any]:
        import psycopg

        return psycopg.connect(
            host=self.socket,
            port=PORT,
            user=ADMINISTRATOR,
            password=self._password,
            dbname=database,
            connect_timeout=10,
            autocommit=True,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._server is not None and self._server.poll() is None:
            if process.is_ready(self.folder):
                return
            time.sleep(0.02)
        last = (self.folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        self.remove()
        raise ScratchFailed(f"{self.folder}: PostgreSQL did not start. Its log ends with: {' / '.join(last)}")


def remove_leftover(folder: Path) -> None:
    """Ends a server that was left in a folder, and removes all that it had."""
    process.end_leftover(folder)
    with contextlib.suppress(Damaged, OSError):
        socket = Path(words(folder / _SOCKET, ""))
        if socket.name.startswith("smos-drill-"):
            shutil.rmtree(socket, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
