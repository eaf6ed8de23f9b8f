"""What is left of a deleted tenant is found at every vendor, and nobody else's is taken for it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from access.provisioner import APPROLE, PROVISIONER, provisioner_policy
from deploy.arm import ARM_API
from deploy.guards import NotReady
from deploy.identities import CLOUDFLARE_API
from deploy.target import RunTarget, Target
from sandbox.azure.server import arm as arm_api
from sandbox.cloudflare.server import api as cloudflare_api
from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from tenants import residue
from tenants.model import Tenant
from tenants.platform import Redis, Server, Vault
from tenants.residue import Left, cloudflare, hosts, left_of, searches
from tenants.secrets import TenantSecrets, VaultLogin
from tenants.session import PlatformSession
from tenants.steps.step import Search
from tests.provider.servers import PASSWORD, admin, limited_provisioner, postgres_server, redis_server
from tests.sandbox.vault.server.servers import Asked, simulated
from tests.tenants.test_stack import BLOBS, NOTHING_KNOWN, platform

TENANT = Tenant.model_validate(
    {
        **{"rut": "12345678-5", "name": "Acme", "domain": "acme.example.com", "tier": "enterprise"},
        "domains": ["www.acme.cl"],
    }
)
OTHERS = ("acme", "acme-2", "acm", "globex")
AZURE = BLOBS["azure"]
GROUP = f"/subscriptions/{AZURE.subscription_id}/resourceGroups/{AZURE.resource_group}/providers/Microsoft."
CONTAINERS = f"{GROUP}Storage/storageAccounts/{AZURE.account}/blobServices/default/containers"
TOKEN = "t" * 40
RULE = 'path "x" { capabilities = ["read"] }'
Plant = Callable[["Everywhere"], None]


class Everywhere:
    """Every vendor, real or simulated, without anything of the tenant; with what others have."""

    def __init__(self, **parts: Any) -> None:
        self.cluster, self.redis, self.vault = parts["cluster"], parts["redis"], cast(Asked, parts["vault"])
        self.cloud, self.stacks = cast(Inventory, parts["cloud"]), {"acme-2": "smarteros-tenants-00"}
        self.labelled: dict[str, list[str]] = {}
        self.session = cast(PlatformSession, parts["session"])

    def sql(self, statement: str) -> None:
        """As the provisioner."""
        with psycopg.connect(**admin(self.cluster, user="login"), autocommit=True) as connection:
            connection.execute("SET ROLE provisioner")
            connection.execute(statement)

    def record(self, token: str, identity: str, **inputs: Any) -> None:
        """Something in a cloud."""
        self.cloud.put(Record(id=identity, token=token, inputs=inputs, outputs=inputs))

    def left(self) -> list[Left]:
        """What is found."""
        return left_of(self.session, TENANT, OTHERS)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """PostgreSQL, Redis and Vault."""
    folder = tmp_path_factory.mktemp("residue")
    with (
        postgres_server(folder / "postgres") as cluster,
        redis_server(folder / "redis") as redis,
        simulated(folder / "vault") as vault,
    ):
        vault.done("POST", f"sys/auth/{APPROLE}", {"type": "approle"})
        vault.done("POST", "sys/mounts/transit", {"type": "transit"})
        vault.done("PUT", f"sys/policies/acl/{PROVISIONER}", {"policy": provisioner_policy()})
        vault.done("POST", f"auth/{APPROLE}/role/{PROVISIONER}", {"token_policies": [PROVISIONER]})
        role = vault.done("GET", f"auth/{APPROLE}/role/{PROVISIONER}/role-id")["data"]["role_id"]
        secret = vault.done("POST", f"auth/{APPROLE}/role/{PROVISIONER}/secret-id", {})["data"]["secret_id"]
        login = VaultLogin(role_id=role, secret_id=secret)
        yield {"cluster": cluster, "redis": redis, "vault": vault, "login": login}


@pytest.fixture
def everywhere(servers: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Everywhere]:
    """All of it, with a tenant beside it that begins alike."""
    cloud = Inventory(tmp_path / "cloud")
    with _clouds(cloud) as address:
        usual = platform(True)
        own = {"local_port": servers["cluster"].port, "login": "login", "provisioner": "provisioner"}
        server = Server(**{**vars(usual.server), **own})
        place = RunTarget(
            **{
                **{name: cast(Any, None) for name in RunTarget.__dataclass_fields__},
                "target": Target.SANDBOX,
                "environ": {ARM_API: f"{address}/arm", CLOUDFLARE_API: f"{address}/client/v4"},
            }
        )
        parts = {
            **vars(usual),
            "server": server,
            "redis": Redis(local_port=servers["redis"].port, host="redis", login=limited_provisioner(servers["redis"])),
            "vault": Vault(local_port=servers["vault"].port),
            "custom_domains": True,
        }
        session = PlatformSession(
            place=place,
            policy_pack=tmp_path,
            settings=cast(Any, SimpleNamespace(remote_hosts=[SimpleNamespace(name="vps")])),
            platform=type(usual)(**parts),
            secrets=TenantSecrets(
                cloudflare_token=TOKEN,
                provisioner_password=PASSWORD,
                redis_password=PASSWORD,
                vault=servers["login"],
            ),
            known=NOTHING_KNOWN,
            encryption=cast(Any, None),
            stacks={"acme-2": "smarteros-tenants-00"},
        )
        found = Everywhere(**servers, cloud=cloud, session=session)
        monkeypatch.setattr("tenants.residue.state.stacks_of", lambda *_: found.stacks)
        monkeypatch.setattr("tenants.residue.state.folder_of", lambda *_: tmp_path)
        monkeypatch.setattr(hosts, "means_of", lambda *_: SimpleNamespace(ssh_config=None))

        async def answered(_host: object, command: str, _config: object) -> tuple[int, str, str]:
            kind = "volume" if "volume ls" in command else "container"
            wanted = "label=smarteros.tenant=acme " in command
            return 0, "".join(f"{one}\n" for one in found.labelled.get(kind, []) if wanted), ""

        monkeypatch.setattr("hosts.ssh.run", answered)
        cloud.put(
            Record(id="0" * 32, token="sandbox:zone", inputs={"name": "example.com", "accountId": "f" * 32}, outputs={})
        )
        _plant_neighbour(found)
        yield found
        _clean(found)


@contextlib.contextmanager
def _clouds(cloud: Inventory) -> Iterator[str]:
    """The sandbox's answers for Azure and Cloudflare, over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers.get("Authorization", "")
            if self.path.startswith("/arm/"):
                address = f"http://{self.headers['Host']}/arm"
                status, body = arm_api.answer(cloud, self.path, token, address)
            else:
                status, body = cloudflare_api.answer(cloud, self.path, token)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _plant_neighbour(there: Everywhere) -> None:
    """acme-2, whole, in every place."""
    there.sql("CREATE ROLE t_acme_2")
    there.sql("CREATE DATABASE t_acme_2")
    there.sql("CREATE ROLE t_acme_2_old")
    there.sql("CREATE ROLE n8n_acme_2")
    there.redis.client().acl_setuser("t_acme_2", enabled=True)
    there.redis.client().set("t_acme_2:cart", "1")
    there.vault.done("POST", "sys/mounts/kv-acme-2", {"type": "kv-v2"})
    there.vault.done("PUT", "sys/policies/acl/tenant-acme-2", {"policy": RULE})
    there.vault.done("POST", f"auth/{APPROLE}/role/tenant-acme-2", {})
    there.vault.done("POST", "transit/keys/tenant-acme-2", {})
    _record(there, "acme-2.example.com", "tenant acme-2")
    _hostname(there, "www.acme-2.cl")
    _container(there, "t-acme-2", "acme-2")
    _identity(there, "t-acme-2", "acme-2")
    _assignment(there, "t-acme-2")


def _clean(there: Everywhere) -> None:
    with psycopg.connect(**admin(there.cluster), autocommit=True) as connection:
        for kind, question in (
            ("DATABASE", r"SELECT datname FROM pg_database WHERE datname ~ '^(t|n8n)_'"),
            ("ROLE", r"SELECT rolname FROM pg_roles WHERE rolname ~ '^(t|n8n)_'"),
        ):
            for (name,) in connection.execute(cast(Any, question)).fetchall():
                connection.execute(cast(Any, f'DROP {kind} "{name}"'))
    client = there.redis.client()
    client.flushall()
    for user in [one for one in client.acl_users() if one.startswith("t_")]:
        client.acl_deluser(user)
    for slug in ("acme", "acme-2", "acme-copy"):
        there.vault.ask("DELETE", f"sys/mounts/kv-{slug}")
        there.vault.ask("DELETE", f"sys/policies/acl/tenant-{slug}")
        there.vault.ask("DELETE", f"auth/{APPROLE}/role/tenant-{slug}")
        there.vault.ask("POST", f"transit/keys/tenant-{slug}/config", {"deletion_allowed": True})
        there.vault.ask("DELETE", f"transit/keys/tenant-{slug}")


def _record(there: Everywhere, name: str, comment: str = "") -> None:
    there.record(
        "cloudflare:index/dnsRecord:DnsRecord", f"r{name}", zoneId="0" * 32, name=name, type="CNAME", comment=comment
    )


def _hostname(there: Everywhere, name: str) -> None:
    there.record("cloudflare:index/customHostname:CustomHostname", f"h{name}", zoneId="0" * 32, hostname=name)


def _container(there: Everywhere, name: str, slug: str = "") -> None:
    more = {"metadata": {"tenant": slug}} if slug else {}
    there.record("azure-native:storage:BlobContainer", f"{CONTAINERS}/{name}", containerName=name, **more)


def _identity(there: Everywhere, name: str, slug: str = "") -> None:
    identity = f"{GROUP}ManagedIdentity/userAssignedIdentities/{AZURE.prefix}-{name}"
    there.record("azure-native:managedidentity:UserAssignedIdentity", identity, tags={"tenant": slug} if slug else {})


def _assignment(there: Everywhere, container: str) -> None:
    scope = f"{CONTAINERS}/{container}"
    identity = f"{scope}/providers/Microsoft.Authorization/roleAssignments/of-{container}"
    there.record("azure-native:authorization:RoleAssignment", identity, scope=scope)


def test_with_nothing_planted_nothing_is_found(everywhere: Everywhere) -> None:
    """Though a tenant that begins alike is there, whole, at every vendor."""
    assert everywhere.left() == []


PLANTED: dict[str, tuple[str, Plant, str]] = {
    "database": ("PostgreSQL", lambda at: at.sql("CREATE DATABASE t_acme"), 'DROP DATABASE "t_acme"'),
    "a copy of the database": ("PostgreSQL", lambda at: at.sql("CREATE DATABASE t_acme_before"), "t_acme_before"),
    "database of its own n8n": ("PostgreSQL", lambda at: at.sql("CREATE DATABASE n8n_acme"), "n8n_acme"),
    "role": ("PostgreSQL", lambda at: at.sql("CREATE ROLE t_acme"), 'DROP ROLE "t_acme"'),
    "a role made by hand": ("PostgreSQL", lambda at: at.sql("CREATE ROLE t_acme_reader"), "t_acme_reader"),
    "user of Redis": ("Redis", lambda at: at.redis.client().acl_setuser("t_acme"), "ACL DELUSER t_acme"),
    "a user made by hand": ("Redis", lambda at: at.redis.client().acl_setuser("t_acme_tmp"), "t_acme_tmp"),
    "key": ("Redis", lambda at: at.redis.client().set("t_acme:cart", "1"), "UNLINK"),
    "keys copied": ("Redis", lambda at: at.redis.client().set("t_acme_bak:cart", "1"), "t_acme_bak:cart"),
    "mount": (
        "Vault",
        lambda at: at.vault.done("POST", "sys/mounts/kv-acme", {"type": "kv-v2"}),
        "vault secrets disable kv-acme",
    ),
    "a copy of the mount": (
        "Vault",
        lambda at: at.vault.done("POST", "sys/mounts/kv-acme-copy", {"type": "kv-v2"}),
        "vault secrets disable kv-acme-copy",
    ),
    "policy": (
        "Vault",
        lambda at: at.vault.done("PUT", "sys/policies/acl/tenant-acme", {"policy": RULE}),
        "vault policy delete tenant-acme",
    ),
    "login": (
        "Vault",
        lambda at: at.vault.done("POST", f"auth/{APPROLE}/role/tenant-acme", {}),
        "vault delete auth/approle/role/tenant-acme",
    ),
    "key for signatures": (
        "Vault",
        lambda at: at.vault.done("POST", "transit/keys/tenant-acme", {}),
        "vault delete transit/keys/tenant-acme",
    ),
    "record": ("Cloudflare", lambda at: _record(at, "acme.example.com"), "zone's DNS"),
    "record below": ("Cloudflare", lambda at: _record(at, "www.acme.example.com"), "www.acme.example.com"),
    "record elsewhere": ("Cloudflare", lambda at: _record(at, "x.example.com", "tenant acme"), "x.example.com"),
    "custom hostname": ("Cloudflare", lambda at: _hostname(at, "www.acme.cl"), "the custom hostname www.acme.cl"),
    "container": ("Azure", lambda at: _container(at, "t-acme"), "az storage container-rm delete"),
    "a copy of the container": ("Azure", lambda at: _container(at, "t-acme-copy"), "t-acme-copy"),
    "container by its metadata": ("Azure", lambda at: _container(at, "odd", "acme"), "odd"),
    "identity": ("Azure", lambda at: _identity(at, "t-acme"), "az identity delete"),
    "identity by its tag": ("Azure", lambda at: _identity(at, "odd", "acme"), "az identity delete"),
    "role assignment": ("Azure", lambda at: _assignment(at, "t-acme"), "az role assignment delete"),
    "container of Docker": (
        "host vps",
        lambda at: at.labelled.update(container=["n8n-acme"]),
        "docker rm --force n8n-acme",
    ),
    "volume": ("host vps", lambda at: at.labelled.update(volume=["n8n-acme"]), "docker volume rm n8n-acme"),
    "stack": ("Pulumi's state", lambda at: at.stacks.update(acme="smarteros-tenants-01"), "tenant delete acme"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_found_with_its_mend(everywhere: Everywhere, what: str) -> None:
    """One thing at one vendor is one line, which says where, what and how it goes."""
    where, plant, expected = PLANTED[what]
    plant(everywhere)
    (found,) = everywhere.left()
    assert found.where.startswith(where)
    assert expected in str(found)


SHOWS = {
    "PostgreSQL": "database",
    "PostgreSQL, its n8n's": "database of its own n8n",
    "Redis": "key",
    "Docker": "volume",
    "Azure": "identity",
    "Vault": "policy",
    "Cloudflare": "record",
    "Cloudflare for SaaS": "custom hostname",
    "Pulumi's state": "stack",
}
"""What each search alone finds; that of R2 has a test of its own, since a platform has one kind of storage."""


def test_every_search_is_shown_to_be_needed() -> None:
    """Below, or in the test of R2."""
    assert {one.where for one in searches()} == {*SHOWS, "Cloudflare R2"}


@pytest.mark.parametrize(
    "search", [one for one in searches() if one.where != "Cloudflare R2"], ids=lambda one: one.where
)
def test_each_search_is_needed(everywhere: Everywhere, monkeypatch: pytest.MonkeyPatch, search: Search) -> None:
    """Without it, what is left there is not found: no other one covers for it."""
    _, plant, _ = PLANTED[SHOWS[search.where]]
    plant(everywhere)
    rest = tuple(one for one in searches() if one != search)
    monkeypatch.setattr(residue, "searches", lambda: rest)
    assert everywhere.left() == []


def test_a_bucket_of_r2_is_found_and_a_neighbours_is_not(everywhere: Everywhere) -> None:
    """Where the platform's storage is R2."""
    values = {**vars(everywhere.session.platform), "blobs": BLOBS["r2"]}
    fields = {**vars(everywhere.session), "platform": type(everywhere.session.platform)(**values)}
    everywhere.session = PlatformSession(**fields)
    token, prefix = "cloudflare:index/r2Bucket:R2Bucket", BLOBS["r2"].prefix
    everywhere.record(token, "b2", accountId="f" * 32, name=f"{prefix}-t-acme-2")
    assert everywhere.left() == []
    everywhere.record(token, "b1", accountId="f" * 32, name=f"{prefix}-t-acme")
    everywhere.record(token, "b3", accountId="f" * 32, name=f"{prefix}-t-acme-copy")
    assert [one.what for one in everywhere.left()] == [
        f"the bucket {prefix}-t-acme",
        f"the bucket {prefix}-t-acme-copy",
    ]


def test_who_cant_be_asked_is_no_proof(everywhere: Everywhere) -> None:
    """A vendor that refuses the question stops it: silence is not an empty answer."""
    everywhere.vault.done("PUT", f"sys/policies/acl/{PROVISIONER}", {"policy": RULE})
    try:
        with pytest.raises(NotReady, match="Vault can't be asked what is left"):
            everywhere.left()
    finally:
        everywhere.vault.done("PUT", f"sys/policies/acl/{PROVISIONER}", {"policy": provisioner_policy()})


def test_every_page_of_a_list_is_read(everywhere: Everywhere, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number, and by cursor."""
    asked: list[str] = []
    pages: list[dict[str, Any]] = [
        {"result": [{"name": "a"}], "result_info": {"total_pages": 2}},
        {"result": [{"name": "b"}], "result_info": {"total_pages": 2}},
        {"result": {"buckets": [{"name": "c"}]}, "result_info": {"cursor": "x y"}},
        {"result": {"buckets": [{"name": "d"}]}, "result_info": {"cursor": ""}},
    ]

    def answered(url: str, _token: str) -> dict[str, Any]:
        asked.append(url.partition("?")[2])
        return pages[len(asked) - 1]

    monkeypatch.setattr(cloudflare, "_get", answered)
    names = [
        one["name"] for path in ("zones/z/dns_records", "b") for one in cloudflare.listed(everywhere.session, path)
    ]
    assert names == ["a", "b", "c", "d"]
    assert asked == ["per_page=100&page=1", "per_page=100&page=2", "per_page=100&page=1", "per_page=100&cursor=x+y"]
