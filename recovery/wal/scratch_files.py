"""The files with which a copied cluster is opened here: its own configuration is the other machine's, and not used."""

from __future__ import annotations

import shlex
import socket
from datetime import UTC, datetime
from pathlib import Path

from recovery.wal.archive import WalArchive

__all__ = ["open_to_this_machine", "written"]

_ACCESS = "# Written by smos: by the socket in a folder that is its owner's.\nlocal all all trust\n"
_FETCH = """#!/bin/sh
# The segment $1 of the log, wherever it lies in the archive, to $2. One that grew when it was received last is padded
# with zeros, at which PostgreSQL stops.
wals={wals}
streaming={streaming}
case "$1" in
  *.history) whole="$wals/$1";;
  *) whole="$wals/$(printf %.16s "$1")/$1";;
esac
for one in "$whole" "$streaming/$1" "$streaming/$1.partial" "$whole" "$whole.partial"; do
  if [ -f "$one" ]; then exec cp "$one" "$2"; fi
done
exit 1
"""
_CONFIGURATION = """# Written by smos, for one look at what was.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
hba_file = '{data}/pg_hba.conf'
ident_file = '{data}/pg_ident.conf'
restore_command = 'sh {fetch} %f %p'
recovery_target_time = '{moment}'
recovery_target_inclusive = on
recovery_target_action = promote
recovery_target_timeline = latest
hot_standby = off
archive_mode = off
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
max_connections = 50
shared_buffers = 128MB
max_wal_size = 1GB
fsync = off
full_page_writes = off
synchronous_commit = off
jit = off
autovacuum = off
shared_preload_libraries = ''
logging_collector = off
log_destination = stderr
log_min_messages = log
log_min_error_statement = panic
password_encryption = scram-sha-256
"""


def written(archive: WalArchive, data: Path, folder: Path, moment: datetime) -> int:
    """Writes them into a copied cluster, and returns the port, which also names its socket in `folder`."""
    port = _free_port()
    fetch = folder / "fetch.sh"
    fetch.write_text(
        _FETCH.format(wals=shlex.quote(str(archive.wals)), streaming=shlex.quote(str(archive.streaming))),
        encoding="utf-8",
    )
    fetch.chmod(0o755)
    text = _CONFIGURATION.format(
        port=port,
        socket=folder,
        data=str(data).replace("'", "''"),
        fetch=fetch,
        moment=f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00",
    )
    (data / "postgresql.conf").write_text(text, encoding="utf-8")
    (data / "postgresql.auto.conf").write_text("", encoding="utf-8")
    (data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")
    (data / "pg_ident.conf").write_text("", encoding="ascii")
    (data / "recovery.signal").touch()
    for name in ("postmaster.pid", "standby.signal"):
        (data / name).unlink(missing_ok=True)
    return port


def open_to_this_machine(data: Path) -> None:
    """From its next look at the file on, whoever has a password comes in. None that is in use is one here by then."""
    with (data / "pg_hba.conf").open("a", encoding="ascii") as access:
        access.write("host all all 127.0.0.1/32 scram-sha-256\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
