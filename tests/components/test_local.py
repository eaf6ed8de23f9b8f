"""The environment `local`: any of the services on the developer's own Docker engine, reached on its loopback alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from deploy.policies import facts_of
from policy.rule import Facts
from settings import Settings, expected_secrets, load_files
from settings.problems import Problem
from settings.reading import read_settings
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import ROOT, Declared, config_of, platform, resolved
from tests.policy.judged import violations

CONTAINER = "docker:index/container:Container"
NETWORK = "docker:index/network:Network"
LOCAL = config_of("local")
ALL = tuple(LOCAL["services"])
NEEDS_A_DATABASE = {key for key, wanted in LOCAL["services"].items() if "database" in wanted}
OWN_PORT = "botpress"


def read(**changed: Any) -> tuple[Settings | None, list[Problem]]:
    """The settings of local, with some keys replaced; None removes one."""
    values = {key: value for key, value in {**LOCAL, **changed}.items() if value is not None}
    return read_settings("local", values, "Pulumi.local.yaml")


def only(keys: Iterable[str]) -> dict[str, Any]:
    """The services of these keys, and no other."""
    wanted = set(keys)
    return {key: deepcopy(value) for key, value in LOCAL["services"].items() if key in wanted}


def with_needs(key: str) -> list[str]:
    """A service, and the least beside it."""
    service = dict(local().services.running())[key]
    named = getattr(service, "hostname", None) and key not in ("traefik", OWN_PORT)
    return [key, *(["traefik"] if named else []), *(["redis"] if service.uses_redis() else [])]


def local() -> Settings:
    """The tracked settings."""
    return load_files("local", ROOT)


@cache
def declared() -> tuple[Declared, ...]:
    """What the tracked file declares; asked once."""
    return tuple(platform("local"))


def containers(found: Iterable[Declared]) -> dict[str, dict[str, Any]]:
    """The inputs of each container that starts."""
    inputs = {one.name: resolved(one.inputs) for one in found if one.token == CONTAINER}
    return {name: value for name, value in inputs.items() if value.get("start") is not False}


def services_of(found: Iterable[Declared]) -> set[str]:
    """The services' components, but for the database servers'."""
    components = {one.name for one in found if one.token.startswith("smarteros:services:")}
    return {name for name in components if not re.match("postgres-|provisioner-|.*-db$", name)}


def bindings(found: Iterable[Declared]) -> dict[str, list[tuple[Any, int, int]]]:
    """Container → (address, port of the machine, its own port) of all that is published."""
    return {
        name: [(one.get("ip"), int(one["external"]), int(one["internal"])) for one in inputs.get("ports") or []]
        for name, inputs in containers(found).items()
    }


def closed(found: list[Declared]) -> None:
    """Nothing leads out of this machine, or in."""
    assert not [one.name for one in found if re.search("azure|cloudflare|command", one.token + one.provider)]
    for name, published in bindings(found).items():
        assert all(address == "127.0.0.1" for address, _, _ in published), name


@pytest.fixture(autouse=True)
def without_an_engine_of_the_testers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Docker this machine has is not meant."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)


# -- subsets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ALL)
def test_a_service_runs_with_no_more_than_it_needs_itself(key: str) -> None:
    """Its database server, Redis, the proxy of its name: nothing else of the platform."""
    wanted = with_needs(key)
    servers = LOCAL["databaseServers"] if NEEDS_A_DATABASE & set(wanted) else []
    found = platform("local", services=only(wanted), databaseServers=servers)
    assert services_of(found) == set(wanted)
    assert len([one for one in found if one.token == "smarteros:services:PostgresServer"]) == len(servers)
    closed(found)


@pytest.mark.parametrize("key", ALL)
def test_each_service_may_be_left_out_unless_another_needs_it(key: str) -> None:
    """Then it is said which one, where, and what mends it; nothing runs half."""
    rest = [one for one in ALL if one != key]
    needing = [one for one in rest if key in with_needs(one)]
    settings, problems = read(services=only(rest))
    assert {problem.path for problem in problems} == {f"smarteros:services/{one}/placement/host" for one in needing}, (
        problems
    )
    assert all(problem.mend == f"services.{key} on that host" for problem in problems)
    assert (settings is None) == bool(needing)


def test_nothing_but_the_machine_itself_is_no_mistake() -> None:
    """Its networks are made, and wait for the first service."""
    found = platform("local", services={}, databaseServers=[])
    assert len([one for one in found if one.token == NETWORK]) == 3
    closed(found)


@pytest.mark.parametrize("key", sorted(NEEDS_A_DATABASE))
def test_without_a_database_server_it_is_refused(key: str) -> None:
    """With the path into the file, and what is there instead."""
    _, problems = read(services=only(with_needs(key)), databaseServers=[])
    (problem,) = [one for one in problems if one.path == f"smarteros:services/{key}/database"]
    assert (problem.value, problem.why) == ('"own"', "no database server has this name")
    assert problem.mend == "one of: none is declared"


def test_every_service_that_can_run_on_a_host_is_in_the_file() -> None:
    """So that one only has to leave out. Blobs are Azure's and R2's, tenants need a zone, and the guard is theirs."""
    assert set(ALL) | {"storage", "tenants", "guard"} >= set(SmarterOSServices.model_fields)


# -- how it is reached -------------------------------------------------------------------------------------------------


def test_everything_is_published_on_the_loopback_and_nothing_else_is() -> None:
    """The proxy, what operators reach, and Botpress where its specification has it."""
    closed(list(declared()))
    first = local().tunnel.first_port
    assert {name: found for name, found in bindings(declared()).items() if found} == {
        "traefik-container": [("127.0.0.1", 8080, 80)],
        "postgres-own-container": [("127.0.0.1", first, 5432)],
        "vault-container": [("127.0.0.1", first + 40, 8200)],
        "redis-container": [("127.0.0.1", first + 41, 6379)],
        "botpress-container": [("127.0.0.1", 3010, 3000)],
    }
    assert local().tunnels() == []


def test_the_ports_are_where_the_program_looks_for_them() -> None:
    """It speaks to the databases at the very ports that Docker publishes."""
    ports = {int(one.inputs["port"]) for one in declared() if one.token == "pulumi:providers:postgresql"}
    assert ports == {local().forward("own").local_port}


def test_what_is_published_is_in_a_network_that_lets_it_out() -> None:
    """Docker publishes no port of a container whose networks are all internal; its own API's network is."""
    internal = {resolved(one.inputs)["name"]: one.inputs["internal"] for one in declared() if one.token == NETWORK}
    assert internal == {"smarteros-local-edge": False, "smarteros-local-data": False, "smarteros-local-socket": True}
    for name, inputs in containers(declared()).items():
        if inputs.get("ports"):
            assert any(not internal[one["name"]] for one in inputs["networksAdvanced"]), name


def test_names_are_below_localhost_and_in_plain() -> None:
    """Those of the settings, of the routes, and all that services are told of themselves."""
    settings = local()
    addresses = {key: settings.address(key) for key, one in settings.services.running() if getattr(one, "hostname", "")}
    for key, address in addresses.items():
        if key not in ("traefik", OWN_PORT):
            assert (address.url, address.proxies) == (f"http://{key}.localhost:8080", 1)
    assert (addresses[OWN_PORT].url, addresses[OWN_PORT].proxies) == ("http://localhost:3010", 0)
    for name, inputs in containers(declared()).items():
        labels = {one["label"]: one["value"] for one in inputs.get("labels") or []}
        entries = {value for label, value in labels.items() if label.endswith(".entrypoints")}
        assert entries <= {"web"}, name
        for line in inputs.get("envs") or []:
            assert not re.search(r"https://[\w.-]*localhost", line), line


def test_botpress_has_a_port_and_no_route() -> None:
    """One address: what it tells browsers of itself is where they are."""
    inputs = containers(declared())["botpress-container"]
    assert not [one for one in inputs["labels"] if one["label"].startswith("traefik")]
    assert "EXTERNAL_URL=http://localhost:3010" in inputs["envs"]


def test_n8n_takes_cookies_without_tls() -> None:
    """Else nobody could log in; in prod it does not."""
    envs = containers(declared())["n8n-container"]["envs"]
    assert {
        "N8N_HOST=n8n.localhost",
        "N8N_PROTOCOL=http",
        "N8N_SECURE_COOKIE=false",
        "N8N_PROXY_HOPS=1",
        "N8N_WEBHOOK_URL=http://n8n.localhost:8080/",
    } <= set(envs)
    assert load_files("prod", ROOT).address("n8n").tls


def test_the_proxy_answers_in_plain_and_asks_nobody_for_certificates() -> None:
    """No token, no volume of certificates, no redirection to TLS; nobody outside is believed."""
    inputs = containers(declared())["traefik-container"]
    flags = " ".join(inputs["command"])
    assert "--entrypoints.web.address=:80" in flags
    for word in ("websecure", "acme", "redirections", "trustedips"):
        assert word not in flags
    assert not inputs.get("envs")
    assert [one for one in inputs["volumes"] if "volumeName" in one] == []


def test_the_engine_is_this_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its socket: what the file says, else DOCKER_HOST, else Docker's default. Never a machine elsewhere."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    (provider,) = [one for one in platform("local", services={}) if one.token == "pulumi:providers:docker"]
    assert provider.inputs["host"] == "unix:///var/run/docker.sock"
    assert "sshOpts" not in provider.inputs
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    assert docker_host() == "unix:///run/user/1000/docker.sock"
    assert docker_host(dockerHost="unix:///said.sock") == "unix:///said.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://203.0.113.1:2375")
    _, (problem,) = read()
    assert (problem.path, problem.value) == ("smarteros:hosts/0/dockerHost", '"tcp://203.0.113.1:2375"')
    assert "DOCKER_HOST" in problem.why


def docker_host(**changed: Any) -> str:
    """The engine of these settings."""
    settings, problems = read(hosts=[LOCAL["hosts"][0] | changed])
    assert settings is not None, problems
    assert settings.own_machine is not None
    return settings.own_machine.docker_host


def test_an_engine_without_root_has_its_socket_mounted_from_elsewhere() -> None:
    """Traefik's reader gets it at the usual place, read-only."""
    hosts = [LOCAL["hosts"][0] | {"socket": "/run/user/1000/docker.sock"}]
    found = platform("local", services=only(["traefik"]), databaseServers=[], hosts=hosts)
    (mount,) = [one for one in containers(found)["traefik-docker-api-container"]["volumes"] if "hostPath" in one]
    assert (mount["hostPath"], mount["containerPath"], mount["readOnly"]) == (
        "/run/user/1000/docker.sock",
        "/var/run/docker.sock",
        True,
    )


# -- what is refused ---------------------------------------------------------------------------------------------------

OWN = LOCAL["hosts"][0]
REMOTE = config_of("prod")["hosts"][0]
WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("hosts/1/reach", {"hosts": [OWN, REMOTE]}, "all of an environment is on that one machine", "of its own"),
    ("hosts/1/reach", {"hosts": [OWN, OWN | {"name": "other"}]}, "all of an environment is on", "of its own"),
    ("hosts/0", {"hosts": [OWN | {"reach": "telnet"}]}, "it does not say how it is reached", "reach: ssh, or local"),
    ("hosts/0/address", {"hosts": [OWN | {"address": "203.0.113.1"}]}, "this key is not known", ""),
    ("hosts/0/hostKey", {"hosts": [{**OWN, "reach": "ssh", "address": "203.0.113.1"}]}, "missing", "add it"),
    ("cloudflare/zoneId", {"cloudflare": config_of("prod")["cloudflare"]}, "127.0.0.1 alone", "out, or reach: ssh"),
    ("cloudflare", {"azure": config_of("prod")["azure"]}, "it is needed for azure", "zoneId and accountId"),
    ("domain", {"domain": "smarterbot.cl"}, "no name of it leads to the developer's own machine", "localhost"),
    ("hosts/0/ports/chat", {"hosts": [OWN | {"ports": {"chat": 3010}}]}, "no service is called so", "chatwoot"),
    ("hosts/0/ports/knowledge", {"hosts": [OWN | {"ports": {"knowledge": 1}}]}, "at no port of its own", "leave it"),
    ("hosts/0/ports/botpress", {"hosts": [OWN | {"ports": {"botpress": 8080}}]}, "hosts/0/httpPort has this", "other"),
    ("hosts/0/ports/botpress", {"hosts": [OWN | {"ports": {"botpress": 15672}}]}, "services/vault has this", "other"),
    ("hosts/0/httpPort", {"hosts": [OWN | {"httpPort": 15632}]}, "databaseServers/own has this port", "another one"),
    ("hosts/0/socket", {"hosts": [OWN | {"socket": "docker.sock"}]}, "not a path", "/var/run/docker.sock"),
    ("hosts/0/dockerHost", {"hosts": [OWN | {"dockerHost": "ssh://x@203.0.113.1"}]}, "not a socket", "reach: ssh"),
]


@pytest.mark.parametrize(("path", "changed", "why", "mend"), WRONG)
def test_what_can_not_be_is_refused_with_its_place_and_its_mend(
    path: str, changed: dict[str, Any], why: str, mend: str
) -> None:
    """Before anything is created."""
    settings, problems = read(**changed)
    assert settings is None
    found = [one for one in problems if one.path == f"smarteros:{path}"]
    assert found, problems
    assert any(why in one.why and mend in one.mend for one in found), found


@pytest.mark.parametrize("stack", ["prod", "backup"])
def test_others_can_not_do_without_a_zone_or_be_at_localhost(stack: str) -> None:
    """What is optional on a developer's machine is not on a server."""
    config = config_of(stack)
    for changed, path in (({"cloudflare": {}}, "cloudflare"), ({"domain": "localhost"}, "domain")):
        settings, problems = read_settings(stack, {**config, **changed}, "file")
        assert settings is None
        assert f"smarteros:{path}" in [one.path for one in problems]


def test_a_port_of_its_own_leads_to_one_port_only() -> None:
    """Odoo's websockets are at another one, which the proxy alone can tell apart."""
    hosts = [OWN | {"ports": {"odoo": 8069}}]
    with pytest.raises(Exception, match="paths of it lead to other ports") as refused:
        platform("local", services=only(["odoo"]), hosts=hosts)
    assert "leave odoo out of the host's ports" in str(refused.value)


# -- secrets, protection, policies -------------------------------------------------------------------------------------


def test_no_secret_of_other_environments_comes_to_this_machine() -> None:
    """Not n8n's key, with which prod's credentials open, and no vendor's token. Its own are made by `keys init`."""
    entries = [one.entry for one in expected_secrets(local())]
    assert {one for one in entries if not one.startswith("local/")} == {
        "shared/resticPassword",
        "shared/statePassphrase",
    }
    assert "local/n8nEncryptionKey" in entries
    assert not [one for one in expected_secrets(local()) if one.external]


def test_what_it_holds_may_go_without_being_named() -> None:
    """Only there: a server's stack without protection still wants each thing named."""
    assert local().disposable
    assert not [one.name for one in declared() if one.protect]
    assert not read(protect=True)[0].disposable  # type: ignore[union-attr] # they are right
    for stack in ("prod", "backup"):
        settings, _ = read_settings(stack, {**config_of(stack), "protect": False}, "file")
        assert settings is not None
        assert not settings.disposable


def test_no_rule_has_anything_to_say() -> None:
    """What makes no sense on a developer's machine is no violation there, and what does is kept."""
    assert list(violations(declared(), facts_of(local()))) == []


def test_the_same_on_a_server_is_full_of_violations() -> None:
    """The name of the environment excuses nothing: only that all of it is on one's own machine does."""
    server = Facts(environment="local", domain="localhost", system="smarteros")
    broken = {text.partition(":")[0] for text in violations(declared(), server)}
    assert broken >= {"edge-publishes", "data-networks-internal", "stateful-protected"}
    for stack in ("prod", "backup"):
        assert not facts_of(load_files(stack, ROOT)).own_machine
    assert facts_of(local()).own_machine


def test_no_secret_is_declared_in_plain() -> None:
    """As in every environment."""
    texts = [text for one in declared() for text in plain(one.inputs)]
    assert not [text for text in texts if "Throw4way" in text]


def plain(value: Any) -> Iterator[str]:
    """Every text that is not inside a secret."""
    if isinstance(value, dict):
        yield from (text for inner in value.values() for text in plain(inner))
    elif isinstance(value, list):
        yield from (text for inner in value for text in plain(inner))
    elif isinstance(value, str):
        yield value


def test_the_output_says_where_it_is_and_has_no_place_for_tenants() -> None:
    """Their names would lead nowhere."""
    from tests.components.declared import declare, smarteros

    reported: list[Any] = []
    declare(lambda settings: smarteros(settings).platform.apply(reported.append), "local")
    output = json.loads(json.dumps(reported[0]))
    assert output["urls"]["n8n"] == "http://n8n.localhost:8080"
    assert (output["zoneId"], output["tenants"]) == (None, None)
    assert output["databaseServers"]["own"]["localPort"] == 15632
