"""What `prod`'s host held is lost: the databases of its tenants and services, its volumes, its Redis and Vault. It
comes back from one backup, out of a store in another failure domain, with every checksum as it was.

The machine itself and the roles of its cluster are not lost here: what makes those again is `./smos up`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from psycopg import sql

from age_keyring import Identity, Keyring
from deploy.vault_api import VaultApi
from sandbox import client
from tenants.names import TenantNames
from tests.integration.conftest import Clone, demonstrated

pytestmark = pytest.mark.slow

TENANTS = ("acme", "algorithmics", "beesmart", "notaria-17")
SERVICES = ("redis", "vault", "chatwoot", "odoo")
LOST_DATABASES = (*(TenantNames(slug).database for slug in TENANTS), "chatwoot", "odoo")
ONBOARDING = "alfred:CHATWOOT_INSTALLATION_ONBOARDING"
FILES = {
    "chatwoot-storage": {"ab/cd/abcdattachment": (0, 0, 0o644), "ef/gh/efghvoice": (1000, 1000, 0o600)},
    "odoo-data": {"filestore/t_acme/7f/7f00": (100, 101, 0o640), "filestore/odoo/0a/0a11": (100, 101, 0o640)},
    "botpress-data": {"global/cache.json": (1000, 1000, 0o600)},
}
"""Volume → path → owner, group and mode."""


class There:
    """What of the host is looked at, and written, from outside of the program."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        output = clone.shell("pulumi stack output platform --json --stack prod").stdout
        self.platform = json.loads(output)

    @property
    def keyring(self) -> Keyring:
        """As it is now."""
        return Keyring.open(self.clone.home.keyring, Identity.read(self.clone.home.key))

    def database(self, name: str) -> psycopg.Connection[Any]:
        """As the host's administrator."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.platform["databaseServers"]["vps"]["localPort"],
            user="postgres",
            password=self.keyring.get("prod/databaseAdminPasswords/vps"),
            dbname=name,
            autocommit=True,
        )

    @property
    def redis(self) -> Any:
        """Who may read all keys, and write with what a restore needs."""
        password = self.keyring.get("prod/redisPasswords/keeper")
        return redis.Redis(port=self.platform["redis"]["localPort"], username="keeper", password=password)

    def volume(self, name: str) -> Path:
        """Its folder on this machine."""
        (found,) = (self.clone.home.folder / "volumes").glob(f"smarteros-prod-{name}-*")
        return found

    def written(self) -> None:
        """Rows, files and keys, as applications write them."""
        for name in LOST_DATABASES:
            with self.database(name) as connection:
                owner = connection.execute(
                    "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (name,)
                )
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier((owner.fetchone() or ("",))[0])))
                connection.execute("CREATE SCHEMA recuerdos")
                connection.execute("CREATE TABLE recuerdos.t (id serial PRIMARY KEY, text text, raw bytea)")
                connection.execute(
                    "INSERT INTO recuerdos.t (text, raw) SELECT 'año ' || n || current_database(), "
                    "sha256(n::text::bytea) FROM generate_series(1, 2000) n"
                )
        for volume, files in FILES.items():
            for path, (user, group, mode) in files.items():
                file = self.volume(volume) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(os.urandom(50_000))
                file.chmod(mode)
                if os.geteuid() == 0:
                    os.chown(file, user, group)
        for number in range(500):
            self.redis.set(f"queue:job:{number}", os.urandom(100))

    def seen(self) -> dict[str, Any]:
        """All of it: where → checksum."""
        found = dict(self._rows()) | dict(self._files())
        for key in sorted(self.redis.scan_iter()):
            if not key.startswith(b"smos:"):
                found[f"redis {key!r}"] = hashlib.sha256(self.redis.get(key)).hexdigest()
        api, token = VaultApi(self.platform["vault"]["localPort"]), self.keyring.get("prod/vault/rootToken")
        for slug in TENANTS:
            mount = TenantNames(slug).mount
            for key in api.ask("LIST", f"{mount}/metadata/", token=token)["data"]["keys"]:
                entry = api.ask("GET", f"{mount}/data/{key}", token=token)["data"]["data"]
                found[f"vault {mount}/{key}"] = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()
        return found

    def _rows(self) -> Iterator[tuple[str, Any]]:
        for name in LOST_DATABASES:
            with self.database(name) as connection:
                query = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM recuerdos.t t"
                yield f"rows of {name}", connection.execute(query).fetchone()

    def _files(self) -> Iterator[tuple[str, Any]]:
        for volume in FILES:
            top = self.volume(volume)
            for path in sorted((top, *top.rglob("*"))):
                name, about = str(path.relative_to(top)), path.stat()
                if not name.startswith(".smos-"):
                    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
                    yield f"{volume}/{name}", (about.st_mode, about.st_uid, about.st_gid, content)

    def destroyed(self) -> None:
        """The databases are dropped, the folders removed while nothing runs: another disk begins, empty."""
        with self.database("postgres") as connection:
            for name in LOST_DATABASES:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        client.stop(self.clone.home)
        for folder in ("volumes", "redis", "vaults"):
            for place in (self.clone.home.folder / folder).iterdir():
                shutil.rmtree(place)
        self.clone.smos("sandbox", "start")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    """A demo of this module's own."""
    with demonstrated(tmp_path_factory.mktemp("lost")) as clone:
        yield There(clone)


def test_what_the_host_held_comes_back_with_every_checksum(there: There) -> None:
    """From one backup; Vault with the keys that it had, Chatwoot without its first visitor's page."""
    there.written()
    before = there.seen()
    assert len([name for name in before if name.startswith("redis ")]) == 500
    assert [name for name in before if name.startswith("vault ")]
    made = json.loads(there.clone.smos("backup", "all", "--json").stdout.splitlines()[-1])
    assert made["missed"] == []
    domains = {part["name"]: (part["domain"], part["store"]) for part in made["parts"]}
    assert {store for domain, store in domains.values() if domain == "host:vps"} == {"r2"}
    assert domains["zone:zone"] == ("cloudflare", "azure")

    there.destroyed()
    with pytest.raises((psycopg.OperationalError, AssertionError)):
        there.seen()
    there.redis.set(ONBOARDING, "true")  # as Chatwoot's preparation does in an empty database

    for service in SERVICES:
        there.clone.smos("restore", made["id"], "--service", service, "--yes")
    for slug in TENANTS:
        there.clone.smos("restore", made["id"], "--tenant", slug, "--yes")
    there.clone.smos("restore", made["id"], "--service", "botpress", "--yes")
    assert there.seen() == before
    assert there.redis.get(ONBOARDING) is None
    assert there.clone.smos("tenant", "status", "acme").returncode == 0
