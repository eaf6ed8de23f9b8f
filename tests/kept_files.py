"""Every file that the product keeps: the command that reads it, and what has to come of it when it is damaged.

A file of a fresh demo that is in neither table fails tests/integration/test_damage.py: say here who reads it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ELSEWHERE", "KEPT", "WAYS", "Kept"]


@dataclass(frozen=True)
class Kept:
    """`pattern`: of paths in the sandbox's folder. `reads`: what is typed after ./smos, with {slug} for a tenant's."""

    pattern: str
    reads: tuple[str, ...]
    restart: bool = False
    """Whether the simulated clouds are stopped before: they read it when they start."""
    heals: bool = False
    """It can be made anew without loss, and is: then the command succeeds. Else it is told."""


KEPT = (
    Kept("server.json", ("sandbox", "start"), heals=True),
    Kept("ports.json", ("sandbox", "start"), restart=True, heals=True),
    Kept("schema/*.json", ("sandbox", "start"), restart=True, heals=True),
    Kept("clusters/*/port", ("sandbox", "start"), restart=True, heals=True),
    Kept("clusters/*/owner", ("sandbox", "start"), restart=True, heals=True),
    Kept("scene.json", ("sandbox", "freshen"), heals=True),
    Kept("ssh_config", ("sandbox", "start"), restart=True, heals=True),
    Kept("blobs/address", ("sandbox", "start"), restart=True, heals=True),
    Kept("edge.pem", ("sandbox", "start"), restart=True, heals=True),
    Kept("seen/Pulumi.prod.yaml", ("sandbox", "freshen"), heals=True),
    Kept("passphrase", ("state", "list", "prod"), heals=True),
    Kept("bin/pulumi", ("state", "list", "prod"), heals=True),
    Kept("tunnel-ports.json", ("sandbox", "freshen")),
    Kept("lock", ("sandbox", "freshen"), heals=True),
    Kept("serving", ("sandbox", "start"), restart=True, heals=True),
    Kept("base/Pulumi.prod.yaml.json", ("sandbox", "freshen")),
    Kept("project/Pulumi.prod.yaml", ("sandbox", "freshen"), heals=True),
    Kept("project/Pulumi.yaml", ("sandbox", "freshen"), heals=True),
    Kept("hosts/*/host_key", ("sandbox", "start"), restart=True),
    Kept("hosts/*/host_key.pub", ("sandbox", "freshen")),
    Kept("hosts/*/client_key.pub", ("sandbox", "start"), restart=True),
    Kept("hosts/*/client_key", ("state", "list", "prod")),
    Kept("key.txt", ("state", "list", "prod")),
    Kept("key.txt.signers", ("state", "list", "prod")),
    Kept("key.txt.seen", ("state", "list", "prod")),
    Kept("keyring.age", ("state", "list", "prod")),
    Kept("keyring.recipients", ("state", "list", "prod")),
    Kept("cloud.key", ("sandbox", "start"), restart=True),
    Kept("cloud.sqlite", ("sandbox", "start"), restart=True),
    Kept("registry/{slug}.yaml", ("tenant", "list")),
    Kept("state/.pulumi/stacks/smarteros/prod.json", ("up", "prod", "--yes")),
    Kept("state/.pulumi/stacks/smarteros-tenants-*/{slug}.json", ("tenant", "status", "{slug}")),
    Kept("state-copies/prod/*.json", ("state", "list", "prod"), heals=True),
    Kept("object-store.json", ("sandbox", "freshen"), heals=True),
)

ELSEWHERE = {
    ".smos-sandbox": "only whether it is there counts",
    ".smos-target": "only whether it is there counts (tests/deploy/test_target.py)",
    "a-life-was-shown": "only whether it is there counts",
    "cloud.sqlite-*": "SQLite's own, beside cloud.sqlite",
    "server.log": "written only; its last line is told",
    "docker.sock": "a socket, made at each start",
    "key.txt.signing": "read when the keyring is signed: tests/age_keyring/test_signers.py damages it",
    "keyring.age.bak": "written only: for the operator",
    "archive/*": "test_archive.py and test_shelf.py damage archives; a deleted tenant's file is written only",
    "base/*": "as base/Pulumi.prod.yaml.json",
    "seen/*": "as seen/Pulumi.prod.yaml",
    "project/*": "as project/Pulumi.prod.yaml and project/Pulumi.yaml, or a link into the clone",
    "clusters/*/data/*": "PostgreSQL's own: it says itself what is wrong, and its log is told",
    "clusters/*/extension/*": "written anew at each start",
    "clusters/*/log": "written only; its last lines are told",
    "clusters/*/cluster.json": "read inside the simulated clouds",
    "clusters/*/superuser": "read inside the simulated clouds",
    "clusters/*.crt": "written anew with the front that shows it",
    "clusters/*.key": "written anew with the front that shows it",
    "redis/*": "Redis' own, or written anew at each start; of a damaged one Redis' own words are told",
    "clients/*": "written anew at each start, by a process that reads none of it again",
    "fresh": "compared as a whole: one that differs makes everything anew (tests/deploy/test_fresh.py)",
    "drill/*.since": "one that can't be read is as none (tests/deploy/test_proofs.py)",
    "vaults/*": "read inside the simulated clouds",
    "blobs/*/*": "read inside the simulated clouds",
    "volumes/*": "files of simulated volumes: nothing of ours reads them but tar",
    "pulumi-home/*": "the engine's own",
    "runs/*": "written anew for each run",
    "fleet/*": "read line by line, or only told; through kept/ (tests/kept)",
    "state/intents/*": "read line by line, or only told; through kept/ (tests/kept)",
    "state/known/*": "one that can't be read is as none: the tenant is asked for real",
    "state/tenants-run.lock": "read line by line, or only told; through kept/ (tests/kept)",
    "state/.pulumi/backups/*": "the engine's own; nothing here reads it",
    "state/.pulumi/history/*": "the engine's own; nothing here reads it",
    "state/.pulumi/meta.yaml*": "the engine's own: it says itself what is wrong",
    "state/.pulumi/stacks/*.attrs": "tests/deploy/test_state.py",
    "state/.pulumi/stacks/*.bak": "the engine's own; nothing here reads it",
    "state/.pulumi/stacks/*": "as the state of prod, or a tenant's",
    "state-copies/*": "as those of prod",
    "tenants/*": "written anew for each run",
    "registry/*": "as the tenant's",
}


def _cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _in_its_place(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damaged(file: Path) -> None:
        file.unlink()
        make(file)

    return damaged


DEEP = b"[" * 200_000
WAYS: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut off": _cut,
    "random bytes": lambda file: file.write_bytes(b"\x00\xff\xfe{]" * 50),
    "another type": lambda file: file.write_bytes(b"[1, 2]"),
    "nested deep": lambda file: file.write_bytes(DEEP),
    "a long number": lambda file: file.write_bytes(b"9" * 10_000),
    "a folder": _in_its_place(lambda file: file.mkdir()),
    "a fifo": _in_its_place(os.mkfifo),
    "a dangling link": _in_its_place(lambda file: file.symlink_to(file.parent / "nowhere")),
}
