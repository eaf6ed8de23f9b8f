"""A whole tenant whose vendors' answers are lost, several types at once: the same in the end as an undisturbed one."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_kills import inventory, write_file

pytestmark = pytest.mark.slow

TYPES = (
    "azure-native:managedidentity:UserAssignedIdentity",
    "cloudflare:index/dnsRecord:DnsRecord",
    "postgresql:index/role:Role",
    "postgresql:index/database:Database",
    "vault:index/mount:Mount",
    "vault:index/policy:Policy",
)
ASKED_FOR = {"database-owner", "database-database", "vault-mount"}
"""What may hold data, or bears no mark: the operator says so."""
MANY = 30


def lose(clone: Clone, operation: str) -> None:
    """The next answer to each type's creation or deletion."""
    for token in TYPES:
        clone.fault("lost-answer", token, operation=operation)


def until_well(clone: Clone, *command: str) -> set[str]:
    """The command again and again, as its refusals say, until it ends well; what had to be named."""
    named: set[str] = set()
    for _ in range(MANY):
        words = [word for name in sorted(named) for word in ("--take-over", name)]
        done: subprocess.CompletedProcess[str] = clone.smos(*command, *words, ok=None)
        if done.returncode == 0:
            return named
        named |= set(re.findall(r"--take-over ([\w.-]+)", done.stdout + done.stderr))
    raise AssertionError(f"{command} never ends well: {done.stdout}{done.stderr}")


@pytest.fixture
def undisturbed(demo: Clone) -> Iterator[Clone]:
    """A platform with a tenant that nothing was lost of. Both go again."""
    write_file(demo, 900, "lostnot")
    assert last_json(demo.smos("tenant", "apply", "lostnot", "--json").stdout)["ok"]
    try:
        yield demo
    finally:
        for slug in ("lostnot", "lostall"):
            demo.smos("tenant", "delete", slug, "--no-export", "--yes", "--confirm", slug, ok=None)
            (demo.home.folder / "registry" / f"{slug}.yaml").unlink(missing_ok=True)


def test_a_tenant_of_lost_answers_is_as_an_undisturbed_one(undisturbed: Clone) -> None:
    """Made, unchanged, and taken down until nothing is left at any vendor."""
    clone = undisturbed
    write_file(clone, 901, "lostall")
    lose(clone, "create")
    assert until_well(clone, "tenant", "apply", "lostall") == ASKED_FOR
    assert last_json(clone.smos("tenant", "apply", "lostall", "--anew", "--json", ok=None).stdout)["changes"] == 0
    found = inventory(clone, "lostnot", "lostall")
    assert found["lostall"] == found["lostnot"]
    lose(clone, "delete")
    assert not until_well(clone, "tenant", "delete", "lostall", "--no-export", "--yes", "--confirm", "lostall")
    write_file(clone, 901, "lostall")  # its file went with it, and says whom to look for
    assert not inventory(clone, "lostall")["lostall"], json.dumps(inventory(clone, "lostall")["lostall"])
    assert not list((clone.home.state / "intents").rglob("lostall.jsonl"))
