"""A tenant with an n8n of its own and a domain of its own, by the commands: up, unchanged, suspended, resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_life import made, secret
from tests.integration.test_tenants import server

pytestmark = pytest.mark.slow
SLUG = "estudio-3"
CONTAINER, HOSTNAME = "docker:index/container:Container", "cloudflare:index/customHostname:CustomHostname"
FILE = f"""rut: 76086428-5
name: Estudio 3
domain: {SLUG}.smarterbot.cl
domains: [www.estudiotres.cl]
tier: pro
isolation: {{ n8n: silo }}
state: active
"""


@pytest.fixture(scope="module")
def silo(demo: Clone) -> Iterator[Clone]:
    """The tenant is up."""
    file = demo.home.folder / "registry" / f"{SLUG}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(FILE)
    applied = last_json(demo.smos("tenant", "apply", SLUG, "--json").stdout)
    assert (applied["ok"], applied["violations"]) == (True, 0)
    try:
        yield demo
    finally:
        demo.smos("tenant", "delete", SLUG, "--no-export", "--yes", "--confirm", SLUG, ok=None)
        file.unlink(missing_ok=True)


def running(clone: Clone) -> list[dict[str, Any]]:
    """The tenant's containers on the simulated host."""
    return [one for one in clone.inventory(CONTAINER) if one["urn"].startswith(f"urn:pulumi:{SLUG}::")]


def pending(clone: Clone) -> list[dict[str, str]]:
    """What waits for a human."""
    found = last_json(clone.smos("tenant", "status", SLUG, "--json").stdout)["pending"]
    return list(found)


def connect(clone: Clone, database: str, user: str, password: str) -> None:
    """As an application does."""
    psycopg.connect(**server(clone), dbname=database, user=user, password=password).close()


def test_it_is_up_and_again_changes_nothing(silo: Clone) -> None:
    """One container, on the host, under the tenant's name."""
    assert len(running(silo)) == 1
    inputs = made(silo, SLUG)[f"t-{SLUG}-n8n-container"]["inputs"]
    assert inputs["name"].endswith(f"-t-{SLUG}-n8n")
    assert {"label": "smarteros.tenant", "value": SLUG} in inputs["labels"]
    assert last_json(silo.smos("tenant", "apply", SLUG, "--json").stdout)["changes"] == 0


def test_its_database_lets_its_own_role_in_and_no_other(silo: Clone) -> None:
    """Not even the tenant's other role, nor does its role reach the other database."""
    resources = made(silo, SLUG)
    own, other = (secret(resources[name]) for name in ("n8n-database-password", "database-password"))
    connect(silo, "n8n_estudio_3", "n8n_estudio_3", own)
    for database, user, password in (
        ("n8n_estudio_3", "t_estudio_3", other),
        ("t_estudio_3", "n8n_estudio_3", own),
        ("t_acme", "n8n_estudio_3", own),
    ):
        with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
            connect(silo, database, user, password)


def test_suspended_nothing_runs_and_resumed_it_is_as_before(silo: Clone) -> None:
    """Its database keeps what is in it, its key and password are the same."""
    before = made(silo, SLUG)
    environment = before[f"t-{SLUG}-n8n-container"]["inputs"]["envs"]
    password = secret(before["n8n-database-password"])
    where = {**server(silo), "dbname": "n8n_estudio_3", "user": "n8n_estudio_3", "password": password}
    with psycopg.connect(**where) as own:
        own.execute("CREATE TABLE workflow_entity (id int)")
    silo.smos("tenant", "suspend", SLUG)
    assert running(silo) == []
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(**where)
    silo.smos("tenant", "resume", SLUG)
    assert len(running(silo)) == 1
    assert made(silo, SLUG)[f"t-{SLUG}-n8n-container"]["inputs"]["envs"] == environment
    with psycopg.connect(**where) as own:
        assert own.execute("SELECT count(*) FROM workflow_entity").fetchone() == (0,)
    assert last_json(silo.smos("tenant", "apply", SLUG, "--json").stdout)["changes"] == 0


def test_its_domain_waits_for_humans_and_fails_nothing(silo: Clone) -> None:
    """First for whoever enables Cloudflare for SaaS, then for the customer's DNS."""
    (one,) = pending(silo)
    assert (one["what"], silo.inventory(HOSTNAME)) == ("domain www.estudiotres.cl", [])
    assert "customDomains" in one["mend"]
    file = silo.root / "Pulumi.prod.yaml"
    text = file.read_text()
    try:
        file.write_text(text.replace("    tenants:\n", "    tenants:\n      customDomains: true\n", 1))
        silo.smos("up", "prod", "--yes")
        silo.smos("tenant", "apply", SLUG)
        (two,) = pending(silo)
        assert f"www.estudiotres.cl CNAME {SLUG}.smarterbot.cl" in two["mend"]
        (made_there,) = silo.inventory(HOSTNAME)
        assert made_there["urn"].endswith("::domains-www.estudiotres.cl")
        assert last_json(silo.smos("tenant", "apply", SLUG, "--json").stdout)["changes"] == 0
    finally:
        file.write_text(text)
        silo.smos("up", "prod", "--yes", ok=None)
        silo.smos("tenant", "apply", SLUG, ok=None)
    assert silo.inventory(HOSTNAME) == []
    assert json.dumps(pending(silo)) == json.dumps([one])


def test_its_workflows_come_back_from_its_archive(silo: Clone) -> None:
    """Its own n8n's database is in the archive that a delete makes, and an import puts it back."""
    word = secret(made(silo, SLUG)["n8n-database-password"])
    with psycopg.connect(**server(silo), dbname="n8n_estudio_3", user="n8n_estudio_3", password=word) as own:
        own.execute("CREATE TABLE execution_data (data text)")
        own.execute("INSERT INTO execution_data VALUES ('{\"año\": 1}')")
    gone = last_json(silo.smos("tenant", "delete", SLUG, "--yes", "--confirm", SLUG, "--json").stdout)
    assert gone["left"] == 0
    assert last_json(silo.smos("tenant", "import", gone["archive"], "--json").stdout)["ok"]
    word = secret(made(silo, SLUG)["n8n-database-password"])
    with psycopg.connect(**server(silo), dbname="n8n_estudio_3", user="n8n_estudio_3", password=word) as own:
        assert own.execute("SELECT data FROM execution_data").fetchall() == [('{"año": 1}',)]
    assert len(running(silo)) == 1
