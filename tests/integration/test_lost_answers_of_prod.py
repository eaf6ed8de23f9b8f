"""A whole `prod` whose vendors' answers are lost, of types of every vendor at once: run again as it is told, it ends as
an undisturbed one, and the run after changes nothing.

`Schema` and `DefaultPrivileges`, of which `prod` has none, are in tests/deploy/test_lost_answers.py with every type.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.conftest import Clone
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
PULLED = "docker:index/remoteImage:RemoteImage"
"""Is its host's, under the name of whoever pulled it last, be it a tenant."""
PROD = "urn:pulumi:prod::smarteros"
"""So begins the URN of what is prod's, or of its hosts' preparation."""


def made(clone: Clone) -> tuple[Counter[str], Counter[str]]:
    """The types of what exists at the vendors for prod, and the URNs of what its state has."""
    exported = json.loads(clone.shell("pulumi stack export --stack prod").stdout)["deployment"]["resources"]
    there = Counter(
        str(one["token"])
        for one in clone.inventory()
        if one["urn"].startswith(PROD) and not one["token"].startswith((OF_ITSELF, PULLED))
    )
    return there, Counter(str(one["urn"]) for one in exported)


def test_a_prod_of_lost_answers_is_as_an_undisturbed_one(demo: Clone, fresh: Clone) -> None:
    """What holds data or bears no mark is named by the operator; nothing else is asked for, nothing stays open."""
    fresh.smos("sandbox", "start")
    for token in sorted(TYPES):
        fresh.fault("lost-answer", token)
    named = until_well(fresh, "up", "prod", "--yes")
    assert named, "no answer was lost of anything that has to be named"
    fresh.look_after("prod")
    assert made(fresh) == made(demo)
    assert last_json(fresh.smos("up", "prod", "--yes", "--json").stdout)["changes"] == 0
    assert not list(Path(fresh.home.state, "intents").rglob("prod.jsonl"))
