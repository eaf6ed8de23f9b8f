"""Nothing secret stands anywhere in plain: not in state or its backups, output, logs, nor arguments of processes."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from age_keyring import Identity, Keyring
from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_life import stack

pytestmark = pytest.mark.slow

SIGNATURE = "4dabf18193072939515e22adb298388d"
SHORTEST = 16


def secret_texts(value: Any) -> Iterator[str]:
    """Every secret of a state that was exported with its secrets shown: what a canary would be."""
    if isinstance(value, dict):
        if SIGNATURE in value and "plaintext" in value:
            yield from _texts(json.loads(value["plaintext"]))
            return
        for item in value.values():
            yield from secret_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from secret_texts(item)


def _texts(value: Any) -> Iterator[str]:
    """As it is, and as it would stand in JSON. (Not by line: a private key's lines hold its public half, too.)"""
    if isinstance(value, str) and len(value) >= SHORTEST:
        yield value
        yield json.dumps(value)[1:-1]


def canaries(demo: Clone) -> set[str]:
    """What is in the keyring, and what providers computed and marked secret (keys of certificates, storage, logs)."""
    exported = json.loads(demo.shell("pulumi stack export --show-secrets --stack prod").stdout)
    keyring = Keyring.open(demo.home.keyring, Identity.read(demo.home.key))
    # A role's id is the name of a login; Vault, its provider and so the state show it. The secret id is the secret.
    hidden = [path for path in keyring.paths() if not path.endswith("RoleId")]
    inside = {text for path in hidden for text in _texts(keyring.get(path))}
    found = inside | set(secret_texts(exported))
    assert len(found) > 10
    return found


def test_no_secret_is_on_the_disk_in_plain(demo: Clone) -> None:
    """State, backups, checkpoints, logs, the shadow project and the inventory hold no secret in plain.

    Left out: the SSH keys of the simulated machines and the state's passphrase, which are files by nature (0600), and
    what stands in a cluster's own data folder, which is the database server's disk; and the volume of secrets of a
    simulated Redis or of a simulated program beside PostgreSQL, which its container alone mounts. On its volume of data
    Redis keeps the list of its users, which is a secret as a whole: of passwords it has the hashes alone.
    """
    found = [text.encode() for text in canaries(demo)]
    for file in files(demo.home.folder):
        content = file.read_bytes()
        list_of_users = file.parent.parent.name == "redis" and file.name == "users.acl"
        leaked = [text[:4] for text in found if text in content and not (list_of_users and text.startswith(b"user "))]
        assert not leaked, f"{file} holds a secret in plain"


def files(folder: Path) -> Iterator[Path]:
    """Every file to look into."""
    for file in folder.rglob("*"):
        parts = file.relative_to(folder).parts
        if (
            file.is_file()
            and not file.is_symlink()
            and parts[0] != "hosts"
            and "data" not in parts
            and not (parts[0] == "redis" and "-secrets-" in parts[1])
            and not (parts[0] == "clients" and parts[2].endswith("-secrets"))
            and file.name not in ("superuser", "passphrase")
        ):
            yield file


def test_no_secret_is_printed_or_passed_as_an_argument(fresh: Clone) -> None:
    """Everything is created, and changed, and not changed: no output and no process's argument holds a secret."""
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        looks: Counter[int] = Counter()
        for number in itertools.count():
            if ended.wait(0.01):
                return
            here = psutil.pids()
            for pid in looks.keys() - set(here):
                del looks[pid]  # its number may be another's next
            for pid in here:
                # What it is told stands from its `exec` on, which comes soon.
                if looks[pid] < 100 or number % 100 == 0:
                    looks[pid] += 1
                    with contextlib.suppress(psutil.Error):
                        seen.update(psutil.Process(pid).cmdline())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        fresh.shell("pulumi up --stack prod --yes --diff --logtostderr -v=3")
        fresh.smos("demo")
        fresh.shell("pulumi up --stack prod --yes --diff --refresh")
    finally:
        ended.set()
        watcher.join()
    printed = "\n".join(fresh.said)
    found = canaries(fresh)
    assert not [text[:6] for text in found if text in printed], "printed in plain"
    arguments = "\n".join(seen)
    assert not [text[:6] for text in found if text in arguments], "passed as an argument"


def tenants_canaries(demo: Clone, slugs: list[str]) -> set[str]:
    """What tenants' states hold as secret: passwords of databases and Redis, what is put into Vault, the logins."""
    found: set[str] = set()
    for slug in slugs:
        exported = json.loads(stack(demo, slug, f"pulumi stack export --show-secrets --stack {slug}"))
        made = set(secret_texts(exported))
        assert len(made) >= 3, slug
        found |= made
    keyring = Keyring.open(demo.home.keyring, Identity.read(demo.home.key))
    return found - {keyring.get(path) for path in keyring.paths() if path.endswith("RoleId")}


def test_half_of_a_login_is_a_secret_too(demo: Clone) -> None:
    """The id of each AppRole: of the platform's own, and of every tenant's."""
    found = [
        one
        for file in (demo.home.state / ".pulumi" / "stacks").rglob("*.json")
        for one in (json.loads(file.read_text())["checkpoint"]["latest"] or {}).get("resources", [])
        if one["type"] == "vault:appRole/authBackendRole:AuthBackendRole"
    ]
    assert len(found) > 4
    assert [one["urn"] for one in found if not isinstance(one["outputs"]["roleId"], dict)] == []


def test_no_secret_of_a_tenant_is_on_the_disk_or_printed(demo: Clone, tmp_path: Path) -> None:
    """States, work folders, the registry, the fleet's journals, the shelf, archives, logs, and what every command says,
    with --json and without: none of them holds a tenant's secret in plain.
    """
    demo.said.clear()
    listed = last_json(demo.smos("tenant", "list", "--json").stdout)["tenants"]
    slugs = [one["slug"] for one in listed]
    assert len(slugs) > 1
    first = slugs[0]
    for words in (["show", first], ["status", first], ["plan", first], ["drift", first], ["export", first]):
        more = ["--to", str(tmp_path / "archive")] if words[0] == "export" else []
        demo.smos("tenant", *words, *more)
        demo.smos("tenant", *words, "--json", *(["--to", str(tmp_path / "again")] if more else []))
    demo.smos("tenant", "apply", "--all", "--json")
    printed = "\n".join(demo.said)
    found = tenants_canaries(demo, slugs)
    assert [text[:4] for text in found if text in printed] == [], "printed in plain"
    for file in [*files(demo.home.folder), *(one for one in tmp_path.rglob("*") if one.is_file())]:
        content = file.read_bytes()
        content += gzip.decompress(content) if file.suffix == ".gz" else b""
        leaked = [text[:4] for text in found if text.encode() in content]
        assert not leaked, f"{file} holds a tenant's secret in plain"
