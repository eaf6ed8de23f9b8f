"""SmarterOS as a whole: what prod declares, in which order, and that nothing in it gives a secret away."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from settings.systems.smarteros import SYSTEM
from tests.components.declared import (
    SECRET_TEXTS,
    Declared,
    Hidden,
    config_of,
    declare,
    platform,
    prod_config,
    resolved,
    smarteros,
)

STACKS = ["prod", "backup"]


@cache
def declared_by(stack: str) -> tuple[Declared, ...]:
    """What an environment declares; asked once."""
    return tuple(platform(stack))


def prod() -> tuple[Declared, ...]:
    """What prod declares."""
    return declared_by("prod")


def named(name: str, stack: str = "prod") -> Declared:
    """The one resource of that name."""
    (found,) = [one for one in declared_by(stack) if one.name == name and one.custom]
    return found


def all_before(one: Declared) -> set[str]:
    """Everything that must exist before a resource, over any number of steps."""
    by_urn = {other.urn: other for other in prod()}
    found: set[str] = set()
    waiting = before(one)
    while waiting:
        urn = waiting.pop()
        if urn not in found:
            found.add(urn)
            waiting += before(by_urn[urn]) if urn in by_urn else []
    return {by_urn[urn].name for urn in found if urn in by_urn}


def before(one: Declared) -> list[str]:
    """What a resource waits for directly: its dependencies, and its provider."""
    return [*one.dependencies, *([one.provider.rpartition("::")[0]] if one.provider else [])]


def plain_texts(value: Any) -> Iterator[str]:
    """Every text that is not inside a secret."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from plain_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from plain_texts(inner)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_is_declared_in_plain(stack: str) -> None:
    """Every secret of the settings, and every generated one, is marked wherever it goes."""
    generated = ["SharedKeyOfTheWorkspace"]
    for one in declared_by(stack):
        for text in plain_texts(one.inputs):
            assert not any(secret in text for secret in SECRET_TEXTS + generated), one.name


def test_the_output_has_what_the_fleet_needs_and_no_secret() -> None:
    """`platform` is read by others: typed, and without a secret."""

    reported: list[Any] = []

    def build(settings: Any) -> None:
        output = smarteros(settings).platform
        output.apply(reported.append)

    declare(build)
    (output,) = reported
    text = json.dumps(output)
    assert not any(secret in text for secret in SECRET_TEXTS)
    assert output["urls"]["n8n"] == "https://n8n.smarterbot.cl"
    wanted = {
        key: service["placement"]["where"]
        for key, service in prod_config()["services"].items()
        if "placement" in service
    }
    assert output["placements"] == wanted
    assert output["redis"] == {"localPort": 15473, "through": "vps"}
    azure = output["databaseServers"]["azure"]
    assert (azure["localPort"], azure["sslmode"], azure["provisioner"]) == (
        15432,
        "require",
        "smarteros_provisioner_login",
    )


def test_n8n_is_born_with_its_name_after_what_proves_it() -> None:
    """One `up`: ownership, name, certificate, role and secrets all exist before the app does."""
    before = all_before(named("n8n-app"))
    assert {
        "n8n-ownership",
        "n8n-name",
        "azure-origin-held",
        "azure-vault-reader-may-read",
        "n8n-secret-n8n-encryption-key",
        "n8n-db-database",
        "n8n-db-closed-as-owner",
        "postgres-azure-endpoint-names",
    } <= before
    ownership, name = named("n8n-ownership").inputs, named("n8n-name").inputs
    assert (ownership["name"], ownership["content"]) == ("asuid.n8n.smarterbot.cl", '"A1B2"')
    assert (name["type"], name["proxied"]) == ("CNAME", True)
    assert name["content"] == "ca-n8n-prod.blue.brazilsouth.azurecontainerapps.io"


@pytest.mark.parametrize(
    ("owner", "server"), [("n8n-db-owner", "postgres-azure-host"), ("knowledge-db-owner", "postgres-vps-container")]
)
def test_databases_wait_for_their_server(owner: str, server: str) -> None:
    """The provider of a server connects only when the server is there and lets it in."""
    assert server in all_before(named(owner))


def test_parameters_of_the_server_change_one_after_the_other() -> None:
    """A server takes one change at a time: each waits for the one before."""
    chain = [one for one in prod() if one.token == "azure-native:dbforpostgresql:Configuration"]
    for earlier, later in itertools.pairwise(chain):
        assert earlier.name in all_before(later)
    assert chain[-1].name in all_before(named("postgres-azure-host"))


def test_the_public_door_of_azures_postgres_is_the_hosts_address() -> None:
    """One address, never 0.0.0.0."""
    rules = [one.inputs for one in prod() if one.token.endswith(":FirewallRule")]
    assert [(rule["startIpAddress"], rule["endIpAddress"]) for rule in rules] == [("203.0.113.10", "203.0.113.10")]
    assert named("postgres-azure-require-secure-transport").inputs["value"] == "ON"


@pytest.mark.parametrize("stack", STACKS)
def test_only_the_reverse_proxy_publishes_ports(stack: str) -> None:
    """80 and 443 of a host are Traefik's; nothing else is published."""
    containers = [one for one in declared_by(stack) if one.token == "docker:index/container:Container"]
    published = {one.name: [port["external"] for port in one.inputs.get("ports", [])] for one in containers}
    assert {name: ports for name, ports in published.items() if ports} == {"traefik-container": [80, 443]}


@pytest.mark.parametrize("stack", STACKS)
def test_only_the_socket_proxy_sees_dockers_socket(stack: str) -> None:
    """Traefik reads the API through it, over a network that leads nowhere."""
    holders = [one.name for one in declared_by(stack) if "docker.sock" in json.dumps(resolved(one.inputs))]
    assert holders == ["traefik-docker-api-container"]
    networks = resolved(named("traefik-docker-api-container", stack).inputs)["networksAdvanced"]
    assert [network["name"] for network in networks] == [f"smarteros-{stack}-socket"]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", ["redis-container", "postgres-vps-container"])
def test_data_is_in_the_network_without_a_way_out(name: str, stack: str) -> None:
    """Databases and queues are in `data`, alone."""
    networks = resolved(named(name, stack).inputs)["networksAdvanced"]
    assert [network["name"] for network in networks] == [f"smarteros-{stack}-data"]


def test_the_container_has_the_address_to_which_the_tunnel_leads() -> None:
    """The forward's target is known before the run, so the address is fixed."""
    (network,) = resolved(named("postgres-vps-container").inputs)["networksAdvanced"]
    assert network["ipv4Address"] == "172.30.1.11"


@pytest.mark.parametrize("stack", STACKS)
def test_every_image_has_a_tag_that_stands_still(stack: str) -> None:
    """Never `latest`: a rebuild runs what ran before."""
    for one in declared_by(stack):
        if one.token == "docker:index/remoteImage:RemoteImage":
            assert ":" in one.inputs["name"], one.name
            assert not one.inputs["name"].endswith(":latest"), one.name


@pytest.mark.parametrize("stack", STACKS)
def test_the_host_key_is_pinned(stack: str) -> None:
    """The Docker provider accepts the key of the settings and no other."""
    host = config_of(stack)["hosts"][0]
    provider = resolved(named("docker-vps", stack).inputs)
    options = json.loads(provider["sshOpts"]) if isinstance(provider["sshOpts"], str) else provider["sshOpts"]
    assert "StrictHostKeyChecking=yes" in options
    assert f"KnownHostsCommand=/bin/echo %H {host['hostKey']}" in options
    assert provider["host"] == f"ssh://deploy@{host['address']}:22"


def test_what_holds_data_is_protected() -> None:
    """Databases, disks, blobs and the vault; with `protect: false` nothing is."""
    protected = {one.name for one in prod() if one.protect}
    assert {
        "azure-group",
        "azure-vault-vault",
        "postgres-azure-server",
        "storage-account",
        "storage-backups",
        "n8n-db-database",
        "knowledge-db-database",
        "tenants-template",
        "postgres-vps-data",
        "redis-data",
        "traefik-certificates",
    } <= protected
    assert not [one for one in platform(protect=False) if one.protect]


@pytest.mark.parametrize("stack", STACKS)
def test_databases_are_closed_to_others_and_their_owners_are_no_administrators(stack: str) -> None:
    """PUBLIC may not connect; the owner of a database is a role of its own."""
    for database in ("n8n", "knowledge"):
        lent = stack == "prod" and database == "n8n"
        grant = named(f"{database}-db-closed-as-owner" if lent else f"{database}-db-closed", stack).inputs
        assert (grant["role"], grant["privileges"]) == ("public", [])
        owner = named(f"{database}-db-owner", stack).inputs
        assert owner["name"] == database
        assert isinstance(owner["password"], Hidden)
        assert not owner.get("superuser")
        assert not owner.get("createRole")


def test_an_administrator_who_is_no_superuser_has_the_owners_rights_before_the_database_is_made() -> None:
    """Granted later, the provider takes them back with its own; and without them PUBLIC stays in. A superuser needs
    none. What the provider reads of the membership is another one's, and no change.
    """
    assert "n8n-db-administered" in all_before(named("n8n-db-database"))
    lent = named("n8n-db-administered")
    assert (lent.inputs["role"], lent.inputs["grantRole"]) == ("smarteros_admin", "n8n")
    assert list(lent.ignored) == ["withAdminOption"]
    assert [one.name for one in declared_by("backup") if one.name.endswith("-administered")] == []


def test_each_database_server_has_its_own_provider() -> None:
    """Explicit providers: one local port each, TLS where the server demands it, no superuser on Azure."""
    azure, vps = (resolved(named(f"databases-{server}").inputs) for server in ("azure", "vps"))
    assert (azure["port"], azure["sslmode"], azure["superuser"]) == ("15432", "require", "false")
    assert (vps["port"], vps["sslmode"], vps["superuser"]) == ("15433", "disable", "true")
    for one in prod():
        if one.token.startswith("postgresql:"):
            assert "::databases-" in one.provider, one.name


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_of_azure_cloudflare_and_docker_has_an_explicit_provider(stack: str) -> None:
    """Nothing falls back to whatever account the shell is logged into."""
    for one in declared_by(stack):
        package = one.token.split(":")[0]
        if one.custom and package in {"azure-native", "cloudflare", "docker"}:
            assert one.provider.split("::")[-2] in {"azure", "cloudflare", "docker-vps"}, one.name


def test_everything_in_azure_has_tags_that_say_whose_it_is() -> None:
    """System, environment and who manages it, beside the settings' own."""
    for one in prod():
        if one.token.startswith("azure-native:") and "tags" in one.inputs:
            wanted = {"system": "smarteros", "environment": "prod", "managed-by": "pulumi", "owner": "smartercl"}
            assert wanted.items() <= one.inputs["tags"].items(), one.name


@pytest.mark.parametrize("service", ["n8n", "redis", "traefik", "knowledge", "storage", "tenants"])
def test_a_service_without_a_key_does_not_run(service: str) -> None:
    """What the settings do not name is not declared. Of the others, those that can be without it are there."""
    needs = {"holding": "traefik", "guard": "tenants"}
    there = [key for key in SYSTEM.profiles["core"] if service not in (key, needs.get(key))]
    services = {key: value for key, value in prod_config()["services"].items() if key in there}
    declared = platform(services=services, ai={})  # what does not run is handed no keys
    assert not [one for one in declared if one.name == service or one.name.startswith(f"{service}-")]
