"""Databases in the shape of the vendors' own, on a real PostgreSQL server of these tests."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bcrypt
import psycopg
import pytest

from recovery.drill.ciphers import sealed
from recovery.drill.scratch import Scratch
from tests import n8n_format
from tests.recovery.stored import rails

VENDORS = Path(__file__).parent / "vendors"
KEY = "Abcdefghijklmnopqrst12345"
PASSWORD = "Owner-Password-1234567890"
BLOB, ATTACHMENT = b"a picture" * 100, b"an invoice" * 50
SECRETS = {
    **{"n8n_encryption_key": KEY, "n8n_owner_password": PASSWORD},
    **{"chatwoot_owner_password": PASSWORD, "chatwoot_encryption_primary_key": KEY},
    **{"chatwoot_encryption_deterministic_key": f"{KEY}d", "chatwoot_encryption_salt": "salt"},
    **{"odoo_admin_password": PASSWORD, "metabase_encryption_key": KEY, "metabase_admin_password": PASSWORD},
}


def passlib(password: str) -> str:
    """A hash as Odoo stores it."""
    salt = b"0123456789abcdef"
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1000, 64)
    words = [base64.b64encode(one).decode().rstrip("=").replace("+", ".") for one in (salt, digest)]
    return f"$pbkdf2-sha512$1000${words[0]}${words[1]}"


def plain(password: str) -> str:
    """A hash of bcrypt's."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def values_of(vendor: str) -> Mapping[str, str]:
    """What a schema's rows hold that can't be written down in its file."""
    sha = hashlib.sha1(ATTACHMENT, usedforsecurity=False).hexdigest()
    return {
        "n8n": {"owner_hash": plain(PASSWORD), "credential": n8n_format.sealed('{"accessToken":"x"}', KEY)},
        "chatwoot": {
            "owner_hash": plain(PASSWORD),
            "second_factor": rails("OTPSECRET", KEY, "salt", "sha256"),
            "blob_size": str(len(BLOB)),
            "blob_checksum": base64.b64encode(hashlib.md5(BLOB, usedforsecurity=False).digest()).decode(),
        },
        "odoo": {
            "owner_hash": passlib(PASSWORD),
            "attachment": f"{sha[:2]}/{sha}",
            "attachment_size": str(len(ATTACHMENT)),
            "attachment_checksum": sha,
        },
        "metabase": {
            "owner_hash": plain(f"sal{PASSWORD}"),
            "connection": sealed("metabase", '{"host":"db.cliente.cl"}', KEY),
            "setting": sealed("metabase", "clave", KEY),
        },
    }.get(vendor, {})


@dataclass
class Vendors:
    """A server with one database for each vendor, made when it is asked for."""

    scratch: Scratch
    made: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def database(self, vendor: str) -> str:
        """A new one, filled; its name."""
        self.count += 1
        name = f"{vendor}_{self.count}"
        extensions = [["vector", "public", ""]] if vendor == "tenants" else []
        self.scratch.database(name, json.dumps(extensions))
        text = (VENDORS / f"{vendor}.sql").read_text(encoding="utf-8")
        for key, value in values_of(vendor).items():
            text = text.replace(f"{{{key}}}", value.replace("'", "''"))
        with self.connect(name) as connection:
            connection.execute(text.encode())
        return name

    def connect(self, name: str) -> psycopg.Connection[Any]:
        """As its owner."""
        return self.scratch.connect(name)

    def dumped(self, name: str, file: Path) -> Path:
        """As a backup has it."""
        command = [self.scratch.program("pg_dump"), "--format=custom", "--compress=none", "--exclude-extension=*"]
        with file.open("wb") as out:
            subprocess.run(command, env=self.scratch.environment(name), stdout=out, check=True, timeout=60)
        return file


@pytest.fixture(scope="session")
def vendors() -> Iterator[Vendors]:
    """The server; gone with the tests."""
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        Path(folder).chmod(0o755)
        scratch = Scratch(Path(folder) / "server")
        scratch.start()
        try:
            yield Vendors(scratch)
        finally:
            scratch.remove()
