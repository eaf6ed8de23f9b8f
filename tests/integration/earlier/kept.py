"""Keeps a sandbox's states in one small archive, and puts them into a sandbox of their own again.

It keeps what a preview reads: the states as the backend has them, the keyring with its key, the keys of the hosts, the
inside of the simulated Vault, and what the simulated clouds say that there is. Not kept: what is in the databases.
`python -m tests.integration.earlier.kept FOLDER` keeps a sandbox that is stopped; README.md says when.
"""

from __future__ import annotations

import io
import json
import sqlite3
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.fernet import Fernet

__all__ = ["ARCHIVE", "FIRST_PORT", "keep", "restore"]

ARCHIVE = Path(__file__).with_name("states.tar.xz")
FIRST_PORT = 31250
"""The first of prod's local ports: the states name them, also where they are encrypted, so they can't be others. No
sandbox chooses these by itself (deploy.simulated).
"""
WORLD = "world.json"
KEPT = (
    *("passphrase", "cloud.key", "edge.pem", "key.txt*", "keyring.age", "keyring.recipients"),
    *("hosts/*/*", "registry/*", "vaults/*/seal.json", "vaults/*/parts/*", "project/Pulumi.prod.yaml"),
    *("state/.pulumi/meta.yaml", "state/.pulumi/stacks/*/prod.json", "state/.pulumi/stacks/smarteros-tenants*/*.json"),
)


def keep(home: Path, archive: Path = ARCHIVE) -> None:
    """Writes the archive: nothing in it says on which machine, or when, it was made."""
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for file in sorted(file for pattern in KEPT for file in home.glob(pattern) if file.is_file()):
            _add(packed, str(file.relative_to(home)), file.read_bytes(), home)
        _add(packed, WORLD, json.dumps(dict(_world(home))).encode(), home)


def restore(home: Path, archive: Path = ARCHIVE) -> None:
    """Puts it into the folder of a sandbox that has not been started."""
    with tarfile.open(archive) as packed:
        for member in packed:
            held = packed.extractfile(member)
            if held is None:
                raise ValueError(f"{archive}: {member.name} is no file")
            content = held.read()
            if member.name == WORLD:
                _put_world(home, content)
                continue
            file = home / member.name
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.write_bytes(content)
            file.chmod(0o600)
    (home / "tunnel-ports.json").write_text(json.dumps({"prod": FIRST_PORT}))
    (home / ".smos-sandbox").touch()


def _add(packed: tarfile.TarFile, name: str, content: bytes, home: Path) -> None:
    for path in {str(home), str(Path.home())} - {"/", "/root"}:
        if path.encode() in content:
            raise ValueError(f"{name} names {path}, which is of this machine alone")
    member = tarfile.TarInfo(name)
    member.size = len(content)
    packed.addfile(member, io.BytesIO(content))


def _world(home: Path) -> Iterator[tuple[str, object]]:
    """What the simulated clouds say that there is, without this machine's own Docker engine."""
    cipher = Fernet((home / "cloud.key").read_bytes())
    with sqlite3.connect(home / "cloud.sqlite") as database:
        for key, body in database.execute("SELECT key, body FROM records ORDER BY rowid"):
            if not key.startswith("sandbox:engine\n"):
                yield key, json.loads(cipher.decrypt(body))


def _put_world(home: Path, content: bytes) -> None:
    cipher = Fernet((home / "cloud.key").read_bytes())
    with sqlite3.connect(home / "cloud.sqlite") as database:
        database.execute("CREATE TABLE records (key TEXT PRIMARY KEY, body BLOB NOT NULL)")
        rows = [(key, cipher.encrypt(json.dumps(body).encode())) for key, body in json.loads(content).items()]
        database.executemany("INSERT INTO records VALUES (?, ?)", rows)


if __name__ == "__main__":
    keep(Path(sys.argv[1]).resolve())
