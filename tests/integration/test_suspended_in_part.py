"""A tenant is suspended while the host or Vault is away: what can be reached is closed, the rest is named, and the same
command completes it once it can be reached.
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator

import psycopg
import pytest
import redis
import yaml

from age_keyring import Identity, Keyring
from deploy.vault_api import VaultApi
from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_life import Data, made, rut, with_redis

pytestmark = pytest.mark.slow
SLUG, DOMAIN = "lejania", "lejania.smarterbot.cl"
REACH = "azure-native:authorization:RoleAssignment"


@pytest.fixture(scope="module")
def tenant(demo: Clone) -> Iterator[Clone]:
    demo.smos("create", "tenant", rut(77888901), "Lejanía", DOMAIN, "--json")
    with_redis(demo, SLUG, 9)
    yield demo
    demo.smos("vault", "unseal", "prod")
    demo.smos("tenant", "delete", SLUG, "--yes", "--confirm", SLUG)


def sealed(clone: Clone) -> None:
    """By whoever may: the address of Vault is in no state that it has."""
    port = clone.platform()["vault"]["localPort"]
    token = Keyring.open(clone.home.keyring, Identity.read(clone.home.key)).get("prod/vault/rootToken")
    VaultApi(port).ask("PUT", "sys/seal", token=token)


@contextlib.contextmanager
def without_the_host(clone: Clone) -> Iterator[None]:
    """It is off the network for the block, and what is behind it."""
    config = yaml.safe_load((clone.root / "Pulumi.prod.yaml").read_text())["config"]
    address = next(one["address"] for one in config["smarteros:hosts"] if one["name"] == "vps")
    clone.asked("away", address=address, back=False)
    try:
        yield
    finally:
        clone.asked("away", address=address, back=True)


def leads_to(clone: Clone) -> str:
    """The tenant's name, as the vendor has it."""
    address = clone.shell("echo $SMOS_CLOUDFLARE_API").stdout.strip()
    zone = yaml.safe_load((clone.root / "Pulumi.prod.yaml").read_text())["config"]["smarteros:cloudflare"]["zoneId"]
    url = f"{address}/zones/{zone}/dns_records?name={DOMAIN}"
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {'x' * 40}"})  # noqa: S310 - the sandbox
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - likewise
        (record,) = json.load(answer)["result"]
    return str(record["content"])


def reached_storage(clone: Clone, role_assignment: str) -> bool:
    """Whether the tenant's identity reaches its container."""
    return role_assignment in str(clone.inventory(REACH))


def test_status_tells_what_it_uses_and_doctor_whether_redis_answers(tenant: Clone) -> None:
    """Asked of the servers; of a host that is away nothing is told, and nothing fails for it."""
    usage = last_json(tenant.smos("tenant", "status", SLUG, "--json").stdout)["usage"][f"t_{SLUG}"]
    assert (usage["databaseMbQuota"], usage["connectionsQuota"], usage["connections"]) == (10240, 10, 0)
    assert 0 < usage["databaseMb"] < 100
    report = last_json(tenant.smos("doctor", "prod", "--json").stdout)["checks"]
    assert [one["detail"] for one in report if one["what"] == "redis"] == ["answers"]
    with without_the_host(tenant):
        assert "usage" not in last_json(tenant.smos("tenant", "status", SLUG, "--json").stdout)
        report = last_json(tenant.smos("doctor", "prod", "--json").stdout)["checks"]
        (detail,) = [one["detail"] for one in report if one["what"] == "redis"]
        assert detail.startswith("can't be asked now")


def test_what_can_be_reached_is_closed_while_vault_is_sealed_or_the_host_is_away(tenant: Clone) -> None:
    """Each time: exit code 1, what is left by name, and the rest closed; again, it is whole; resumed, as before."""
    data, before = Data(tenant, SLUG), leads_to(tenant)
    data.fill()
    reach = str(made(tenant, SLUG)["blobs-reach"]["inputs"]["roleAssignmentName"])
    assert reached_storage(tenant, reach)

    sealed(tenant)
    refused = tenant.smos("tenant", "suspend", SLUG, ok=False)
    said = refused.stdout + refused.stderr
    assert f"tenant {SLUG}: not closed: Vault (vault); the other doors are. Fix: the same command again" in said, said
    assert "is sealed. Fix: ./smos vault unseal prod" in said
    assert leads_to(tenant).startswith("pausa.")
    assert not reached_storage(tenant, reach)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(**data.database)
    with pytest.raises(redis.RedisError, match="invalid username-password pair"):
        data.redis.ping()
    tenant.smos("vault", "unseal", "prod")
    assert last_json(tenant.smos("tenant", "suspend", SLUG, "--json").stdout)["ok"] is True
    assert last_json(tenant.smos("tenant", "suspend", SLUG, "--json").stdout)["changes"] == 0
    tenant.smos("tenant", "resume", SLUG, "--json")
    assert leads_to(tenant) == before
    assert reached_storage(tenant, reach)
    data = Data(tenant, SLUG)
    assert data.seen()[:2] == (25, 25)

    with without_the_host(tenant):
        refused = tenant.smos("tenant", "suspend", SLUG, ok=False)
    said = refused.stdout + refused.stderr
    for door in ("PostgreSQL (database-owner)", "Vault (vault)", f"its Redis (t-{SLUG}-redis)"):
        assert door in said.partition("the other doors are")[0], said
    assert leads_to(tenant).startswith("pausa.")
    assert not reached_storage(tenant, reach)
    assert data.seen()[:2] == (25, 25)  # what was named as open, is
    # Taken back before it was completed: what was closed is opened again, though the state has not heard of it.
    tenant.smos("tenant", "resume", SLUG, "--json")
    assert leads_to(tenant) == before
    assert reached_storage(tenant, reach)
    assert last_json(tenant.smos("tenant", "drift", SLUG, "--json").stdout)["ok"] is True
