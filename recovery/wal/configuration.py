"""Barman's configuration of one server, written anew before every use: what it says is what the settings say.

The password is in a file of its own, in the form that libpq reads (https://www.postgresql.org/docs/17/libpq-pgpass.html):
it is in no argument and in no log.
"""

from __future__ import annotations

import os
import pwd
import shlex
from pathlib import Path

from kept import keep
from kept.postgres_programs import program
from recovery.wal.archive import SLOT, WalArchive, WalError, WalSource

__all__ = ["configured", "rendered"]

CONNECT_S = 10
WINDOW_DAYS = 7
"""How far back every moment can be reached."""


def configured(archive: WalArchive, source: WalSource) -> Path:
    """Writes it and what it names, and returns its path."""
    archive.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    archive.folder.chmod(0o700)
    keep(archive.folder / "passwords", f"*:*:*:*:{source.password}\n")
    file = archive.folder / "barman.conf"
    keep(file, rendered(archive, source))
    return file


def rendered(archive: WalArchive, source: WalSource) -> str:
    """As Barman reads it (docs/user_guide/configuration.rst). The log is kept as it is received: whoever restores needs
    no program but PostgreSQL's.
    """
    folder = str(archive.folder)
    if "'" in folder or "\\" in folder or "\n" in folder:
        raise WalError(
            f"{folder}: a quote or a backslash in its name can't be given to PostgreSQL. Fix: another folder"
        )
    access = (
        f"host={source.host} port={source.port} user={source.user} dbname={source.database} sslmode={source.sslmode} "
        f"connect_timeout={CONNECT_S} passfile='{folder}/passwords'"
    )
    lines = {
        "barman": {
            "barman_user": _me(),
            "barman_home": folder,
            "barman_lock_directory": folder,
            "log_file": f"{folder}/barman.log",
            "log_level": "INFO",
        },
        archive.server: {
            "description": f"PostgreSQL {archive.server}",
            "conninfo": access,
            "streaming_conninfo": access,
            "backup_method": "postgres",
            "archiver": "off",
            "streaming_archiver": "on",
            "slot_name": SLOT,
            "create_slot": "manual",
            "immediate_checkpoint": "true",
            "path_prefix": str(_programs(archive)),
            "retention_policy": f"RECOVERY WINDOW OF {WINDOW_DAYS} DAYS",
            "minimum_redundancy": "0",
        },
    }
    parts = (
        "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in one.items())]) for name, one in lines.items()
    )
    return "; Written anew before every use.\n" + "\n\n".join(parts) + "\n"


def _programs(archive: WalArchive) -> Path:
    """Barman finds PostgreSQL's programs by their folder, and hands them no option of ours: a copy's manifest is to
    have checksums that need no program to be checked.
    """
    folder = archive.folder / "programs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, more in (("pg_basebackup", " --manifest-checksums=SHA256"), ("pg_receivewal", "")):
        keep(folder / name, f'#!/bin/sh\nexec {shlex.quote(program(name))} "$@"{more}\n')
        (folder / name).chmod(0o700)
    return folder


def _me() -> str:
    """Barman becomes the user that it is told, by name: so it is told the one that it is."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise WalError(
            f"user {os.geteuid()} has no name on this machine, and Barman asks for one. Fix: a line in /etc/passwd"
        ) from None
