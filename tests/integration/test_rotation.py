"""Every secret of an environment replaced at once: each consumer has the new one, and the real servers let nobody in
with the old one.

What "has it" means is asked where it can be: PostgreSQL and Redis by logging in; containers by being new ones with the
new value; the state by holding nothing of the old.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import bcrypt
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from age_keyring import Identity, Keyring
from components.placements.azure.postgres import ADMIN_USER as AZURE_ADMIN
from components.placements.docker.postgres import ADMIN_USER as HOST_ADMIN
from components.services.postgres import PROVISIONER_LOGIN
from deploy.keys import NotGenerated, fresh_value
from settings import load_files, services
from settings.expected import expected_secrets
from settings.parts import camel
from settings.secrets import PLATFORM_SECRETS, SHAPES, SIGNING_SECRETS, ExpectedSecret, Secret
from tests.integration.conftest import ROOT, Clone
from tests.integration.test_backup import texts

STACKS = ("prod", "backup", "local")
CONTAINER = "docker:index/container:Container"

NOT_HERE = {
    "restic_password": "opens backups that were made with it: restic's own `key passwd` (docs/secrets.md)",
    "state_passphrase": "opens the state: `pulumi stack change-secrets-provider` (docs/secrets.md)",
    "host_private_keys": "the host must know its public half first: ./smos host up (docs/secrets.md)",
    **dict.fromkeys(
        ("archive_signing_key", "proof_signing_key", "review_signing_key"), "operators' programs sign with it"
    ),
    **dict.fromkeys(
        ("backup_store_access_key_ids", "backup_store_secret_keys"), "backups use it, and nothing that runs"
    ),
    "tenants_root_key": "the tenants' program reads it, and the platform does not",
}
"""Secrets that a plain `up` of the platform has nothing to do with, and why."""


def another(expected: ExpectedSecret) -> str:
    """Another one of its kind, a vendor's included."""
    try:
        return fresh_value(expected)
    except NotGenerated:
        shape = SHAPES[expected.kind]
        return (shape.sample + fresh_value(ExpectedSecret(expected.entry, "", "password", "")) * 2)[:60]


def test_every_secret_is_rotated_here_or_says_why_not() -> None:
    """A new one is decided, too; and a fresh value of each kind is of its shape."""
    every = {one.entry: one for stack in STACKS for one in expected_secrets(load_files(stack, ROOT))}
    assert NOT_HERE.keys() <= {one.name for one in every.values()} | {one.key for one in every.values()}
    for one in every.values():
        assert SHAPES[one.kind].fits(another(one)), one.entry


def test_the_page_says_of_each_secret_how_it_is_replaced() -> None:
    """docs/secrets.md has a row for each that the platform or a service may call for, and none for what is none."""
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "secrets.md").read_text(encoding="utf-8"), re.MULTILINE)
    of_services = [one for kind in _service_kinds() for one in kind]
    wanted = {camel(one.name) for one in (*PLATFORM_SECRETS, *SIGNING_SECRETS, *of_services)} | {"wiring"}
    assert set(rows) == wanted
    assert len(rows) == len(set(rows))


def _service_kinds() -> Iterator[list[Secret]]:
    for module in (
        importlib.import_module(one.name) for one in pkgutil.iter_modules(services.__path__, services.__name__ + ".")
    ):
        for thing in vars(module).values():
            if isinstance(thing, Secret):
                yield [thing]
            elif isinstance(thing, type) and thing.__module__ == module.__name__:
                for held in vars(thing).values():
                    if isinstance(held, tuple):
                        yield [one for one in held if isinstance(one, Secret)]


class Rotation:
    """One environment before and after."""

    def __init__(self, clone: Clone, stack: str) -> None:
        self.clone, self.stack = clone, stack
        left = {one.entry: one for one in expected_secrets(load_files(stack, ROOT))}
        self.expected = {
            entry: one for entry, one in left.items() if one.name not in NOT_HERE and one.key not in NOT_HERE
        }
        self.old: dict[str, str] = {}
        self.new: dict[str, str] = {}

    def replace(self) -> None:
        """Each in the keyring, as `./smos keys set` does."""
        with Keyring.changing(self.clone.home.keyring, Identity.read(self.clone.home.key)) as keyring:
            for entry, one in self.expected.items():
                self.old[entry], self.new[entry] = keyring.get(entry), another(one)
                keyring.put(entry, self.new[entry], replace=True)

    def resources(self) -> list[dict[str, Any]]:
        """Those of the state, secrets shown."""
        state = json.loads(self.clone.shell(f"pulumi stack export --show-secrets --stack {self.stack}").stdout)
        return list(state["deployment"]["resources"])

    def of(self, name: str, key: str, which: dict[str, str]) -> str:
        """The value of the one secret that each server or user has."""
        (entry,) = [entry for entry, one in self.expected.items() if (one.name, one.key) == (name, key)]
        return which[entry]


def lets_in(port: int, user: str, password: str) -> bool:
    """PostgreSQL."""
    try:
        connection = psycopg.connect(
            host="127.0.0.1", port=port, user=user, password=password, dbname="postgres", connect_timeout=10
        )
    except psycopg.OperationalError:
        return False
    connection.close()
    return True


def knows(port: int, user: str, password: str) -> bool:
    """Redis."""
    try:
        redis.Redis(port=port, username=user, password=password, retry=Retry(NoBackoff(), 0)).ping()
    except redis.AuthenticationError:
        return False
    return True


def stands_in(value: str, text: str) -> bool:
    """As it is, as Redis' file of users has it, or as n8n's owner has it."""
    hashes = re.findall(r"\$2b\$\d{2}\$[./A-Za-z0-9]{53}", text)
    return (
        value in text
        or hashlib.sha256(value.encode()).hexdigest() in text
        or any(bcrypt.checkpw(value.encode()[:72], one.encode()) for one in hashes)
    )


def containers(resources: list[dict[str, Any]], values: dict[str, str]) -> dict[str, str]:
    """The containers in whose inputs one of these values stands → their ids."""
    found = {}
    for one in resources:
        if one["type"] == CONTAINER:
            held = "\n".join(texts(one["inputs"]))
            if any(stands_in(value, held) for value in values.values()):
                found[one["urn"].rpartition("::")[2]] = str(one["id"])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("stack", ["prod"])
def test_every_consumer_has_the_new_secret(fresh: Clone, stack: str) -> None:
    """All at once, one `up`; then nothing is left to do, and a refresh reads it all with the new ones."""
    clone, rotation = fresh, Rotation(fresh, stack)
    clone.smos("up", stack, "--yes")
    before = rotation.resources()
    rotation.replace()
    clone.smos("up", stack, "--yes")
    after = rotation.resources()

    inputs = "\n".join(text for one in after for text in texts(one.get("inputs", {})))
    assert [entry for entry, value in rotation.old.items() if stands_in(value, inputs)] == [], "old ones that are left"
    assert [entry for entry, value in rotation.new.items() if not stands_in(value, inputs)] == [], "that nobody has"
    was, now = containers(before, rotation.old), containers(after, rotation.new)
    assert was.keys() == now.keys()
    assert [name for name in was if was[name] == now[name]] == [], "containers that still have the old one"

    _asked_servers(rotation)
    assert json.loads(clone.smos("preview", stack, "--json").stdout.splitlines()[-1])["changes"] == 0
    clone.shell(f"pulumi refresh --stack {stack} --preview-only --expect-no-changes --non-interactive")


def _asked_servers(rotation: Rotation) -> None:
    """The real ones, by logging in with both."""
    facts = json.loads(rotation.clone.smos("sandbox", "status", "--json").stdout.splitlines()[-1])
    settings = load_files(rotation.stack, ROOT)
    for server in settings.database_servers:
        on_azure = server.placement.where == "azure"
        # Each has one: Azure's is called after the server, a host's after its volume.
        (port,) = [one["port"] for one in facts["databases"] if one["folder"].startswith("azure-") == on_azure]
        users = {
            "database_admin_passwords": AZURE_ADMIN if on_azure else HOST_ADMIN,
            "database_provisioner_passwords": PROVISIONER_LOGIN,
        }
        for name, user in users.items():
            old, new = (rotation.of(name, server.name, which) for which in (rotation.old, rotation.new))
            assert (lets_in(port, user, new), lets_in(port, user, old)) == (True, False), (server.name, user)
    (port,) = [one["port"] for one in facts["redises"]]
    for user in settings.redis_users:
        old, new = (rotation.of("redis_passwords", str(user), which) for which in (rotation.old, rotation.new))
        assert (knows(port, str(user), new), knows(port, str(user), old)) == (True, False), user
