"""The main job, as an operator types it: demo, the plain CLI, what is reached and by whom."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
from typing import Any

import psycopg
import pytest
import yaml

from age_keyring import Identity, Keyring
from tests.integration.conftest import Clone
from tests.integration.looked_after import looked_at, who_may_connect, who_should_not

pytestmark = pytest.mark.slow


def last_json(output: str) -> dict[str, Any]:
    """The last line, which is one JSON object."""
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return found


def test_the_demo_again_changes_nothing_and_says_so(demo: Clone) -> None:
    """A second run is a proof, not an action."""
    facts = last_json(demo.smos("demo", "--json").stdout)
    assert facts.keys() == {"ok", "changes", "resources", "tenants", "violations", "seconds"}
    assert (facts["ok"], facts["changes"], facts["violations"]) == (True, 0, 0)
    assert facts["resources"] > 60
    said = demo.smos("demo").stdout
    assert "nothing had to be changed" in said
    assert "https://n8n." in said


def test_the_plain_cli_works_in_a_plain_shell(demo: Clone) -> None:
    """After `eval "$(./smos sandbox env)"`: up, preview without changes, config, policy pack; no tracked file
    is touched.
    """
    before = tracked(demo)
    done = demo.shell(
        "pulumi up --stack prod --yes && pulumi preview --stack prod --expect-no-changes && "
        "pulumi preview --stack prod --policy-pack policy && pulumi config get smarteros:domain --stack prod"
    )
    assert "unchanged" in done.stdout
    assert "smarteros@" in done.stdout
    said = re.findall(r"warning: (.+)", done.stdout + done.stderr)
    assert all("Botpress v12 has had no release" in one for one in said), said
    assert tracked(demo) == before


def test_what_tests_ask_of_a_clone_is_what_its_commands_tell(demo: Clone) -> None:
    """Hundreds of times they ask without starting a command; here it is started."""
    told = [json.loads(line) for line in demo.smos("sandbox", "inventory", "docker", "--json").stdout.splitlines()]
    assert told == demo.inventory("docker")
    status = last_json(demo.smos("sandbox", "status", "--json").stdout)
    assert status == {"running": True, "pid": status["pid"], **demo.asked("status")}
    assert json.loads(demo.shell("pulumi stack output platform --json --stack prod").stdout) == demo.platform()
    address = last_json(demo.smos("vault", "status", "prod", "--json").stdout)["address"]
    assert address == f"http://127.0.0.1:{demo.platform()['vault']['localPort']}"
    planned = demo.smos("sandbox", "fault", "slow", "--token", "no:such/type:Type", "--operation", "create")
    assert planned.stdout == "planned: slow, 1 time(s), create of no:such/type:Type\n"
    host = status["machines"][0]["address"]
    assert demo.smos("sandbox", "away", host).stdout == f"away: {host}\n"
    assert demo.smos("sandbox", "away", host, "--back").stdout == f"back: {host}\n"


def test_an_edit_of_a_tracked_file_is_seen_by_the_next_plain_command(demo: Clone) -> None:
    """The shadow project is never stale."""
    file = demo.root / "Pulumi.prod.yaml"
    before = file.read_text()
    try:
        file.write_text(before.replace("cost-center: platform", "cost-center: changed"))
        done = demo.shell("pulumi preview --stack prod --diff")
        assert "changed" in done.stdout
    finally:
        file.write_text(before)
    demo.shell("pulumi preview --stack prod --expect-no-changes")


def test_n8n_answers_under_its_own_name_with_its_certificate(demo: Clone) -> None:
    """After one `up`: the visitor's TLS verifies, the origin's certificate verifies, and the database lets n8n in."""
    edge = demo.asked("status")["edge"]
    domain = yaml.safe_load((demo.root / "Pulumi.prod.yaml").read_text())["config"]["smarteros:domain"]
    status, body = visit(edge, f"n8n.{domain}", "/healthz/readiness")
    assert (status, body) == (200, {"status": "ok"})
    with pytest.raises(ssl.SSLError):
        visit(edge, "n8n.example.com", "/")


def test_nobody_can_claim_a_service_that_runs(demo: Clone) -> None:
    """Asked as a stranger would ask, by the public names: every one has its owner, and n8n's measures are nobody's."""
    report = last_json(demo.smos("status", "prod", "--json").stdout)
    assert report["ok"], report
    seen = {(one["service"], one["path"]): one["state"] for one in report["services"]}
    assert {service for service, _ in seen} == {"n8n", "chatwoot", "metabase", "botpress", "mcp", "odoo", "holding"}
    assert seen["n8n", "/metrics"] == "owned"
    assert [key for key, state in seen.items() if state not in ("owned", "nobody's")] == []


def visit(edge: dict[str, Any], name: str, path: str) -> tuple[int, dict[str, Any]]:
    """One HTTPS request to the simulated edge, as a browser that trusts its authority."""
    context = ssl.create_default_context(cafile=edge["trust"])
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", edge["port"]), 5) as raw,
        context.wrap_socket(raw, server_hostname=name) as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        data = b"".join(iter(lambda: secure.recv(65536), b""))
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_databases_are_real_and_private(demo: Clone) -> None:
    """Through the tunnel with the right password: PostgreSQL with pgvector. With another password, or without
    TLS: refused.
    """
    platform = json.loads(demo.shell("pulumi stack output platform --json --stack prod").stdout)
    keyring = Keyring.open(demo.home.keyring, Identity.read(demo.home.key))
    for name, server in platform["databaseServers"].items():
        password = keyring.get(f"prod/databaseProvisionerPasswords/{name}")
        where: dict[str, Any] = {"host": "127.0.0.1", "port": server["localPort"], "user": server["provisioner"]}
        with psycopg.connect(**where, password=password, dbname="postgres", sslmode=server["sslmode"]) as connection:
            assert connection.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone() == (
                True,
            )
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(**where, password="wrong", dbname="postgres", sslmode=server["sslmode"])
        if server["sslmode"] == "require":
            with pytest.raises(psycopg.OperationalError, match="no encryption"):
                psycopg.connect(**where, password=password, dbname="postgres", sslmode="disable")


def test_every_database_is_its_owners_alone(demo: Clone) -> None:
    """Asked by SQL on every server, for platform and tenants; a door that somebody opens is found, by a refresh too."""
    platform = demo.platform()
    found = who_may_connect(demo, "prod")
    assert {("azure", "n8n", "n8n", "n8n"), ("vps", "t_acme", "t_acme", "t_acme")} <= found
    assert who_should_not(found) == set()
    keyring = Keyring.open(demo.home.keyring, Identity.read(demo.home.key))
    where = {"host": "127.0.0.1", "port": platform["databaseServers"]["vps"]["localPort"], "user": "postgres"}
    password = keyring.get("prod/databaseAdminPasswords/vps")
    with psycopg.connect(**where, password=password, dbname="postgres", autocommit=True) as admin:
        admin.execute("GRANT CONNECT ON DATABASE metabase TO PUBLIC")
        try:
            wrong = who_should_not(who_may_connect(demo, "prod"))
            assert {("vps", "metabase", "metabase", one) for one in ("PUBLIC", "chatwoot", "t_acme")} <= wrong
            assert "metabase-db-closed" in str(looked_at(demo, "prod").to_refresh())
        finally:
            admin.execute("REVOKE CONNECT ON DATABASE metabase FROM PUBLIC")
    demo.look_after("prod")


def test_what_somebody_deleted_beside_pulumi_is_found_and_mended(demo: Clone) -> None:
    """Drift: a record lost in the vendor's console is seen by refresh and made again by up."""
    record = next(one for one in demo.inventory("cloudflare:index/dnsRecord") if "n8n" in one["urn"])
    demo.smos("sandbox", "forget", record["id"])
    demo.shell("pulumi refresh --stack prod --yes")
    assert last_json(demo.smos("up", "prod", "--yes", "--json").stdout)["changes"] >= 1
    assert last_json(demo.smos("up", "prod", "--yes", "--json").stdout)["changes"] == 0


def test_an_image_that_was_pruned_is_pulled_by_the_next_run(demo: Clone) -> None:
    """`docker image prune -a` on the host: the state names images that are gone, and a container that is made anew gets
    its own all the same, without a refresh before.
    """
    settings = demo.root / "Pulumi.prod.yaml"
    before = settings.read_text()
    images = [one for one in demo.inventory("docker:index/remoteImage") if "metabase" in one["id"]]
    assert images
    for one in images:
        demo.smos("sandbox", "forget", one["id"])
    try:
        head, metabase, rest = before.partition("    metabase:\n")
        changed = head + metabase + rest.replace("timezone: America/Santiago", "timezone: America/Lima", 1)
        assert changed != before
        settings.write_text(changed)
        assert last_json(demo.smos("up", "prod", "--yes", "--json").stdout)["changes"] >= 1
        assert last_json(demo.smos("up", "prod", "--yes", "--json").stdout)["changes"] == 0
        assert [one for one in demo.inventory("docker:index/remoteImage") if "metabase" in one["id"]]
    finally:
        settings.write_text(before)
    demo.smos("up", "prod", "--yes")


def tracked(clone: Clone) -> dict[str, bytes]:
    """The content of every file outside of ignored folders."""
    files = (file for file in clone.root.rglob("*") if file.is_file())
    ignored = {".venv", ".smos", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
    return {str(file): file.read_bytes() for file in files if not ignored & set(file.relative_to(clone.root).parts)}


def test_git_sees_no_change_after_a_simulated_run() -> None:
    """What a simulated run makes is ignored by git."""
    done = subprocess.run(
        ["git", "check-ignore", ".smos/sandbox/project/Pulumi.yaml", ".venv/bin/python"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 2
