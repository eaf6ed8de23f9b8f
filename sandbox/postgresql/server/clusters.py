"""Real PostgreSQL servers on this machine, one for each simulated database host.

A cluster listens on 127.0.0.1 only, trusts nobody (scram-sha-256, no socket), and lives no longer than the
process that started it (`sandbox.postgresql.server.process`). It trades safety for speed (fsync is off): a crash of
the whole machine may cost the data, which a sandbox can make again.

Two kinds, as the vendors have them: a container's server, whose administrator is a superuser; and a managed
one (Azure), whose administrator is not: CREATEDB, CREATEROLE and member of `azure_pg_admin`, with extensions
by allow-list (`extensions.py`). Not simulated: TLS (Azure puts it in front), server parameters
other than azure.extensions and, in a container, those of the write-ahead log (TUNABLE), the databases
azure_maintenance and azure_sys, Azure's PostgreSQL version: this one is 18.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from signal import SIGHUP
from typing import Any

import psycopg
from psycopg import sql

from kept import Damaged, keep, mapping, words
from kept.postgres_programs import as_server_user, give_to_server_user, program
from sandbox.home import ANEW, write_private
from sandbox.postgresql.server import process as postgres_process
from sandbox.postgresql.server.extensions import offer, offer_in_container
from sandbox.postgresql.server.program import PostgresError

__all__ = ["ADDRESS", "TUNABLE", "Cluster", "PostgresError"]

ADDRESS = "127.0.0.1"
CLOUD_SUPERUSER = "azuresu"  # Azure's own; no customer has its password
START_TIMEOUT_S = 20.0

TUNABLE = ("max_replication_slots", "max_slot_wal_keep_size", "max_wal_senders", "wal_level")
"""What a container's command tells its server that the real one here is told, too: its log is streamed like any."""

_ACCESS = """# Written by the sandbox: passwords only, this machine only.
host all all 127.0.0.1/32 scram-sha-256
"""

_CONFIGURATION = """
# Written by the sandbox: small, quick, and reachable over TCP on this machine only.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
shared_buffers = 16MB
max_connections = 100
wal_level = minimal
max_wal_senders = 0
min_wal_size = 2MB
max_wal_size = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
io_method = sync
autovacuum_max_workers = 1
autovacuum_naptime = '1h'  # so often each database is looked at: at a minute, 1,000 of them cost a tenth of a core
log_min_error_statement = panic  # a refused CREATE ROLE would put its password into the log
"""


class Cluster:
    """One server in one folder of the sandbox. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        if ":" in str(folder) or "'" in str(folder):
            raise PostgresError(f"{folder}: PostgreSQL can't use a path with ':' or a quote. Fix: rename the folder.")
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()

    # What there is

    @property
    def exists(self) -> bool:
        """Whether it was created to the end. A creation that was interrupted does not count."""
        return (self.folder / "cluster.json").is_file()

    @property
    def running(self) -> bool:
        """Whether this process runs it."""
        return self._process is not None and self._process.poll() is None

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1. May change at a start, when another program has taken the port."""
        try:
            return int(words(self.folder / "port", ""))
        except (Damaged, OSError, ValueError):
            raise PostgresError(f"{self.folder}: there is no cluster. Create it first.") from None

    @property
    def about(self) -> dict[str, Any]:
        """What was asked for at creation: `admin`, `managed`, `extensions`. No secrets."""
        facts: dict[str, Any] = mapping(self.folder / "cluster.json", ANEW)
        return facts

    # What can be done

    def create(
        self,
        admin_user: str,
        admin_password: str,
        *,
        superuser: bool,
        databases: Sequence[str] = (),
        parameters: Mapping[str, str] | None = None,
        before_start: Callable[[], None] = lambda: None,
    ) -> None:
        """Makes the cluster and leaves it running. What an interrupted creation left is made anew. `before_start`: what
        is done to it while it is made and off.
        """
        with self._lock:
            if self.exists:
                raise PostgresError(f"{self.folder}: a cluster exists already. Destroy it first.")
            self.destroy()
            self.folder.mkdir(parents=True, mode=0o700)
            owner = admin_user if superuser else CLOUD_SUPERUSER
            owner_password = admin_password if superuser else secrets.token_urlsafe(24)
            self._initialise(owner, owner_password)
            if not superuser:
                write_private(self.folder / "superuser", owner_password)
                offer(self.folder, ())
            else:
                offer_in_container(self.folder)
            self._configure(() if superuser else ("",))
            self.tune(parameters or {})
            before_start()
            self.start()
            with closing(self._connect(owner, owner_password)) as connection:
                if not superuser:
                    _make_managed(connection, admin_user, admin_password)
                for database in databases:
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} OWNER {}").format(*map(sql.Identifier, (database, admin_user)))
                    )
            self._describe({"admin": admin_user, "managed": not superuser, "extensions": []})

    def start(self) -> None:
        """Starts it and waits until it answers. Does nothing when this process runs it already."""
        with self._lock:
            if self.running:
                return
            postgres_process.end_leftover(self.folder)
            if not (self.data / "PG_VERSION").is_file():
                raise PostgresError(f"{self.folder}: there is no cluster. Create it first.")
            if self.exists and not (self.folder / "extension").is_dir():  # made before there were stand-ins
                offer_in_container(self.folder)
                self._configure(())
            self._choose_port()
            self._process = postgres_process.start(self.folder, self.port)
            self._wait_until_ready()

    def tune(self, parameters: Mapping[str, str]) -> None:
        """Tells it parameters of TUNABLE, for its next start; those that are not named are the sandbox's own."""
        with self._lock:
            if self.exists and not self.about["managed"]:  # perhaps made before there were such parameters
                self._configure(())
            lines = [f"{name} = '{parameters[name]}'" for name in TUNABLE if name in parameters]
            keep(self.data / "tuned.conf", "\n".join(lines) + "\n")
            for file in ("tuned.conf", "pg_hba.conf"):
                give_to_server_user(self.data / file)

    def stop(self) -> None:
        """Stops it: open connections are ended, what was committed is kept."""
        with self._lock:
            process, self._process = self._process, None
            if process is not None:
                postgres_process.end(process)
            postgres_process.end_leftover(self.folder)

    def destroy(self) -> None:
        """Stops it and removes everything that it had."""
        with self._lock:
            self.stop()
            if self.folder.exists():
                shutil.rmtree(self.folder)

    def allow_extensions(self, names: Iterable[str]) -> None:
        """Sets azure.extensions of a managed cluster, for all its databases, at once."""
        with self._lock:
            about = self._managed("azure.extensions")
            wanted = sorted({name.strip().upper() for name in names if name.strip()})
            offer(self.folder, wanted)
            self._configure((",".join(wanted),))
            self._describe({**about, "extensions": wanted})
            if self.running and (server := postgres_process.server_of(self.folder)):
                server.send_signal(SIGHUP)

    def set_admin_password(self, password: str) -> None:
        """Gives the administrator of a managed cluster another password, as Azure's control plane can."""
        with self._lock:
            admin = self._managed("the administrator's password")["admin"]
            owner_password = words(self.folder / "superuser", ANEW)
            with closing(self._connect(CLOUD_SUPERUSER, owner_password)) as connection:
                _execute(connection, "ALTER ROLE {} PASSWORD {}", sql.Identifier(admin), sql.Literal(password))

    # How

    def _managed(self, what: str) -> dict[str, Any]:
        about = self.about
        if not about["managed"]:
            raise PostgresError(f"{self.folder}: {what} can only be set from outside on a managed server.")
        return about

    def _initialise(self, owner: str, password: str) -> None:
        self.data.mkdir(mode=0o700)
        give_to_server_user(self.data)
        password_file = self.folder / "initial"
        write_private(password_file, password)
        command = [
            program("initdb"),
            "-D",
            str(self.data),
            "-U",
            owner,
            f"--pwfile={password_file}",
            "--no-sync",
        ]
        command += ["-A", "scram-sha-256", "-E", "UTF8", "--wal-segsize=1", "--no-instructions"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            done = subprocess.run(  # noqa: S603  our own command, no shell
                as_server_user(command), capture_output=True, text=True, cwd="/", timeout=60, check=False
            )
        finally:
            password_file.unlink()
        if done.returncode:
            raise PostgresError(f"initdb refused ({self.folder}): {(done.stderr or done.stdout).strip()}")
        (self.data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")

    def _configure(self, extensions: Sequence[str]) -> None:
        """Writes the server's settings; `extensions` holds a managed server's value of azure.extensions."""
        text = f"{_CONFIGURATION}include_if_exists = 'tuned.conf'\n"
        text += f"extension_control_path = '{self.folder}:$system'\n"
        for value in extensions:
            text += f"azure.extensions = '{value}'\n"
        (self.data / "postgresql.conf").write_text(text, encoding="utf-8")

    def _describe(self, about: dict[str, Any]) -> None:
        fresh = self.folder / "cluster.json.new"
        fresh.write_text(json.dumps(about), encoding="utf-8")
        fresh.replace(self.folder / "cluster.json")

    def _choose_port(self) -> None:
        file = self.folder / "port"
        try:
            before = int(words(file, ""))
        except (Damaged, OSError, ValueError):
            before = 0
        for wanted in (before, 0):
            with socket.socket() as probe, suppress(OSError):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((ADDRESS, wanted))
                keep(file, str(probe.getsockname()[1]))
                return
        raise PostgresError(f"{self.folder}: no free port on {ADDRESS}.")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.running:
            if postgres_process.is_ready(self.folder):
                return
            time.sleep(0.01)
        last = (self.folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        self.stop()
        raise PostgresError(f"{self.folder}: PostgreSQL did not start. Its log ends with:\n" + "\n".join(last))

    def _connect(self, user: str, password: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=ADDRESS, port=self.port, user=user, password=password, dbname="postgres", autocommit=True
        )


def _execute(connection: psycopg.Connection[Any], statement: str, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(*parts))


def _make_managed(connection: psycopg.Connection[Any], admin: str, password: str) -> None:
    """Roles and owners as a flexible server has them."""
    name = sql.Identifier(admin)
    _execute(connection, "CREATE ROLE azure_pg_admin NOLOGIN")
    _execute(connection, "GRANT pg_monitor, pg_signal_backend, pg_read_all_settings TO azure_pg_admin")
    _execute(connection, "CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}", name, sql.Literal(password))
    _execute(connection, "GRANT azure_pg_admin TO {} WITH ADMIN OPTION", name)
    for database in ("postgres", "template1"):
        _execute(connection, "ALTER DATABASE {} OWNER TO azure_pg_admin", sql.Identifier(database))
