"""What Azure does by itself, or does not do: a disk that grows, and an app that never reads a changed secret again."""

from __future__ import annotations

import json

import pytest

from tests.integration.conftest import Clone
from tests.integration.test_demo import visit

pytestmark = pytest.mark.slow

UNCHANGED = "pulumi preview --stack prod --expect-no-changes && pulumi refresh --stack prod --preview-only --diff"


def disk_gb(clone: Clone) -> int:
    """What the state has of the disk, after a refresh."""
    state = json.loads(clone.shell("pulumi stack export --stack prod").stdout)
    (server,) = [one for one in state["deployment"]["resources"] if one["type"].endswith(":dbforpostgresql:Server")]
    return int(server["inputs"]["storage"]["storageSizeGB"])


@pytest.mark.parametrize("seen", ["", "pulumi refresh --stack prod --yes && "], ids=["unseen", "refreshed"])
def test_a_disk_that_has_grown_stops_nobody(demo: Clone, seen: str) -> None:
    """Whether or not a refresh has told of it: the next `up` goes well, and from then on there is nothing to do."""
    before = disk_gb(demo)
    (server,) = demo.inventory("azure-native:dbforpostgresql:Server")
    report = demo.smos("sandbox", "grow", server["id"].rsplit("/", 1)[-1]).stdout
    assert f"{before} → {before * 2} GB" in report
    done = demo.shell(f"{seen}pulumi up --stack prod --yes && {UNCHANGED}")
    assert "replace" not in done.stdout
    assert disk_gb(demo) == before * 2


def test_a_changed_password_reaches_the_app(demo: Clone) -> None:
    """A preview says so, and after one `up` the running revision gets into its database."""
    state = json.loads(demo.shell("pulumi stack export --stack prod").stdout)
    (password,) = [
        one["urn"]
        for one in state["deployment"]["resources"]
        if one["type"] == "random:index/randomPassword:RandomPassword" and one["urn"].endswith("::n8n-db-password")
    ]
    foreseen = demo.shell(f"pulumi preview --stack prod --replace '{password}'").stdout
    assert any("ContainerApp" in line and "update" in line for line in foreseen.splitlines()), foreseen
    demo.shell(f"pulumi up --stack prod --yes --replace '{password}'")
    edge = demo.asked("status")["edge"]
    status, body = visit(edge, "n8n.smarterbot.cl", "/healthz/readiness")
    assert (status, body["status"]) == (200, "ok"), body
    demo.shell(UNCHANGED)
