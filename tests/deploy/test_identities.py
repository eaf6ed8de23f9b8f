"""Under which ids things are known at their vendors, and what is asked of whom to learn them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.identities import Means, Pending, Unknown, identity_of
from deploy.identity_templates import IDS, NOWHERE
from sandbox.cloudflare.server import api as cloudflare_api
from sandbox.core.inventory import Inventory
from sandbox.core.judge import fill
from sandbox.core.records import Computing, Record
from sandbox.docker.daemon import docker_id
from sandbox.docker.server.api import DockerSocket
from sandbox.vendors import packages
from settings import Settings, load_files

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "t" * 40
ZONE = "0123456789abcdef0123456789abcdef"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
CERTIFICATE = "cloudflare:index/originCaCertificate:OriginCaCertificate"
ASKED = {
    "cloudflare:index/customHostname:CustomHostname",
    RECORD,
    CERTIFICATE,
    "docker:index/container:Container",
    "docker:index/network:Network",
    "docker:index/remoteImage:RemoteImage",
    "postgresql:index/grant:Grant",
    "postgresql:index/defaultPrivileges:DefaultPrivileges",
    "postgresql:index/grantRole:GrantRole",
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Those of prod."""
    return load_files("prod", ROOT)


def pending(token: str, inputs: dict[str, Any], provider: dict[str, Any] | None = None) -> Pending:
    """A creation without an end."""
    return Pending(urn=f"urn:pulumi:prod::smarteros::{token}::it", token=token, inputs=inputs, provider=provider or {})


KINDS = [kind for package in packages() for kind in package.types]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token)
def test_every_simulated_type_can_be_found_again(kind: Any) -> None:
    """A new type in the sandbox without a way to find what a killed run made of it is noticed here."""
    assert kind.token in {*IDS, *ASKED} or kind.token.startswith(NOWHERE), (
        f"add {kind.token} to deploy/identity_templates.py"
    )


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.overwrites and kind.token not in ASKED], ids=lambda kind: kind.token
)
def test_what_a_creation_overwrites_is_made_again(kind: Any, settings: Settings) -> None:
    """Nothing needs to be adopted: the vendor takes the same once more."""
    assert identity_of(pending(kind.token, {}), Means(settings=settings)) is None


IN_INPUTS = [kind for kind in KINDS if isinstance(kind.id, str) and not kind.overwrites]


@pytest.mark.parametrize("kind", IN_INPUTS, ids=lambda kind: kind.token)
def test_an_id_that_follows_from_the_inputs_is_the_vendors(kind: Any, settings: Settings) -> None:
    """The sandbox's tables have it from the vendor's documentation; both say the same."""
    names = {word.split("}")[0] for word in kind.id.split("{")[1:]}
    inputs = {name: f"the-{name}" for name in names}
    assert identity_of(pending(kind.token, inputs), Means(settings=settings)) == fill(kind.id, inputs)


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("postgresql:index/grant:Grant", {"role": "public", "database": "n8n", "objectType": "database"}),
        (
            "postgresql:index/grant:Grant",
            {"role": "r", "database": "d", "schema": "s", "objectType": "table", "objects": ["a", "b"]},
        ),
        (
            "postgresql:index/defaultPrivileges:DefaultPrivileges",
            {"role": "r", "database": "d", "owner": "o", "objectType": "table"},
        ),
        ("postgresql:index/grantRole:GrantRole", {"role": "a", "grantRole": "b"}),
        ("vault:index/authBackend:AuthBackend", {"type": "approle"}),
        ("vault:index/mount:Mount", {"path": "kv-acme", "type": "kv-v2"}),
        ("vault:appRole/authBackendRole:AuthBackendRole", {"roleName": "acme"}),
        ("vault:transit/secretBackendKey:SecretBackendKey", {"backend": "transit", "name": "acme"}),
        ("vault:kv/secretV2:SecretV2", {"mount": "kv-acme", "name": "redis"}),
        ("postgresql:index/extension:Extension", {"name": "vector", "database": "knowledge"}),
        ("postgresql:index/role:Role", {"name": "knowledge"}),
        (
            "azure-native:authorization:RoleAssignment",
            {"scope": "/subscriptions/s/resourceGroups/g", "roleAssignmentName": "216e9a49"},
        ),
        ("docker:index/volume:Volume", {"name": "smarteros-prod-data"}),
    ],
)
def test_the_other_ids_are_those_of_the_sandbox_too(token: str, inputs: dict[str, Any], settings: Settings) -> None:
    """Those that are more than names in a row."""
    kind = next(kind for kind in KINDS if kind.token == token)
    name = str(inputs.get(kind.named_by or "", ""))
    computing = Computing(id="", name=name, inputs=inputs, config={}, cloud=None)  # type: ignore[arg-type] # none is asked
    assert not isinstance(kind.id, str)
    assert identity_of(pending(token, inputs), Means(settings=settings)) == kind.id(computing)


def test_what_lives_in_the_state_alone_is_made_anew(settings: Settings) -> None:
    """A password that was never noted protects nothing."""
    assert identity_of(pending("random:index/randomPassword:RandomPassword", {}), Means(settings=settings)) is None


def test_an_unknown_type_is_said_and_not_guessed(settings: Settings) -> None:
    """Creating twice or losing track: both are worse than asking."""
    with pytest.raises(Unknown, match="pulumi import"):
        identity_of(pending("aws:s3:Bucket", {"name": "x"}), Means(settings=settings))
    with pytest.raises(Unknown, match="resourceGroupName"):
        identity_of(
            pending("azure-native:resources:ResourceGroup", {}, {"subscriptionId": "s"}), Means(settings=settings)
        )


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Inventory]:
    """A cloud with a zone, two records, a certificate and a container."""
    found = Inventory(tmp_path)
    found.put(Record(id=ZONE, token="sandbox:zone", inputs={"name": "smarterbot.cl"}, outputs={}))
    for identity, content in (("r1", "203.0.113.9"), ("r2", "n8n.example.net")):
        inputs = {"zoneId": ZONE, "name": "n8n.smarterbot.cl", "type": "CNAME" if identity == "r2" else "A"}
        found.put(Record(id=identity, token=RECORD, inputs=inputs, outputs={**inputs, "content": content}))
    certificate = {"csr": "CSR\n", "hostnames": ["n8n.smarterbot.cl"]}
    found.put(Record(id="c1", token=CERTIFICATE, inputs=certificate, outputs={}))
    token, scope = "docker:index/container:Container", "203.0.113.10:22"
    found.put(Record(id="d1", token=token, inputs={"name": "redis"}, outputs={}, scope=scope))
    yield found
    found.close()


@pytest.fixture
def cloudflare(cloud: Inventory) -> Iterator[str]:
    """The sandbox's two routes over real HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = cloudflare_api.answer(cloud, self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/client/v4"
    server.shutdown()
    server.server_close()


def test_cloudflare_is_asked_for_records_and_certificates(cloudflare: str, settings: Settings) -> None:
    """By name, type and content; by request and host names. What is not there is made anew."""
    means, provider = Means(settings=settings, cloudflare=cloudflare), {"apiToken": TOKEN}
    wanted = {"zoneId": ZONE, "name": "n8n.smarterbot.cl", "type": "CNAME", "content": "n8n.example.net."}
    assert identity_of(pending(RECORD, wanted, provider), means) == "r2"
    assert identity_of(pending(RECORD, {**wanted, "content": "other.example.net"}, provider), means) is None
    certificate = {"csr": "CSR", "hostnames": ["n8n.smarterbot.cl"]}
    assert identity_of(pending(CERTIFICATE, certificate, provider), means) == "c1"
    assert identity_of(pending(CERTIFICATE, {**certificate, "csr": "another"}, provider), means) is None


def test_a_token_that_cloudflare_refuses_is_said_without_showing_it(cloudflare: str, settings: Settings) -> None:
    """Nothing is taken for missing because nobody was let in."""
    wanted = {"zoneId": ZONE, "name": "n8n.smarterbot.cl", "type": "A", "content": "203.0.113.9"}
    with pytest.raises(Unknown, match="Cloudflare does not say whether it exists: answered 403") as raised:
        identity_of(pending(RECORD, wanted, {"apiToken": "short"}), Means(settings=settings, cloudflare=cloudflare))
    assert "short" not in str(raised.value)


def test_a_host_knows_its_containers_by_name(cloud: Inventory) -> None:
    """What the simulated `docker container inspect` answers."""
    assert docker_id(cloud, "ssh://203.0.113.10:22", "container", "redis") == "d1"
    assert docker_id(cloud, "ssh://203.0.113.10:22", "network", "redis") is None
    assert docker_id(cloud, "ssh://198.51.100.7:22", "container", "redis") is None


def test_this_machines_own_engine_is_asked_at_its_socket(cloud: Inventory, settings: Settings, tmp_path: Path) -> None:
    """Found, not there, and nobody to ask: three different answers, the last of them no answer."""
    file = tmp_path / "docker.sock"
    host = f"unix://{file}"
    container = "docker:index/container:Container"
    cloud.put(Record(id="0a1b", token=container, inputs={"name": "s-local-redis"}, outputs={}, scope=host))
    cloud.put(Record(id="0c2d", token=container, inputs={"name": "elsewhere"}, outputs={}, scope="203.0.113.10:22"))
    wanted, means = {"name": "s-local-redis"}, Means(settings=settings)
    engine = DockerSocket(file, cloud)
    try:
        assert identity_of(pending(container, wanted, {"host": host}), means) == "0a1b"
        assert identity_of(pending(container, {"name": "elsewhere"}, {"host": host}), means) is None
    finally:
        engine.close()
    with pytest.raises(Unknown, match=f"does not answer at {host}"):
        identity_of(pending(container, wanted, {"host": host}), means)
