"""A whole `prod` whose vendors' answers are lost, of types of every vendor at once: run again as it is told, it ends as
an undisturbed one, and the run after changes nothing.

`Schema` and `DefaultPrivileges`, of which `prod` has none, are in tests/deploy/test_lost_answers.py with every type.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from sandbox import client
from tests.integration.conftest import Clone, copy_clone
from tests.integration.test_demo import last_json
from tests.integration.test_lost_answers import until_well

pytestmark = pytest.mark.slow

TYPES = {
    "azure-native:app:ContainerApp",
    "azure-native:managedidentity:UserAssignedIdentity",
    "azure-native:storage:StorageAccount",
    "azure-native:authorization:RoleAssignment",
    "cloudflare:index/dnsRecord:DnsRecord",
    "docker:index/network:Network",
    "docker:index/container:Container",
    "postgresql:index/role:Role",
    "postgresql:index/database:Database",
    "postgresql:index/extension:Extension",
    "postgresql:index/grant:Grant",
    "command:remote:Command",
    "command:remote:CopyToRemote",
}
OF_ITSELF = "random:"
"""Lives in the state alone: one is made anew whenever its run is."""


def made(clone: Clone) -> tuple[Counter[str], Counter[str]]:
    """The types of what exists at the vendors, and the URNs of what the state has."""
    exported = json.loads(clone.shell("pulumi stack export --stack prod").stdout)["deployment"]["resources"]
    there = Counter(str(one["token"]) for one in clone.inventory() if not str(one["token"]).startswith(OF_ITSELF))
    return there, Counter(str(one["urn"]) for one in exported)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Counter[str], Counter[str]]:
    """What there is after a run that nothing disturbed."""
    clone = copy_clone(tmp_path_factory.mktemp("undisturbed"))
    try:
        clone.smos("up", "prod", "--yes", "--json")
        return made(clone)
    finally:
        client.stop(clone.home)


def test_a_prod_of_lost_answers_is_as_an_undisturbed_one(
    undisturbed: tuple[Counter[str], Counter[str]], fresh: Clone
) -> None:
    """What holds data or bears no mark is named by the operator; nothing else is asked for, nothing stays open."""
    fresh.smos("sandbox", "start")
    for token in sorted(TYPES):
        fresh.smos("sandbox", "fault", "lost-answer", "--token", token, "--operation", "create")
    named = until_well(fresh, "up", "prod", "--yes")
    assert named, "no answer was lost of anything that has to be named"
    fresh.look_after("prod")
    assert made(fresh) == undisturbed
    assert last_json(fresh.smos("up", "prod", "--yes", "--json").stdout)["changes"] == 0
    assert not list(Path(fresh.home.state, "intents").rglob("prod.jsonl"))
