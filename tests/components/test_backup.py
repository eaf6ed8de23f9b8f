"""The backup environment: it declares what prod declares, service by service, beside it in one zone, without Azure."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from settings import load_files
from settings.default_images import every_default_image
from settings.systems.smarteros import SYSTEM
from tests.components.declared import ROOT, Declared, config_of, platform, resolved

PER_SERVER = ("smarteros:services:PostgresServer", "smarteros:services:Provisioner")
RECORD, SETTING = "cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/zoneSetting:ZoneSetting"
CONTAINER = "docker:index/container:Container"


@cache
def declared(stack: str) -> tuple[Declared, ...]:
    """What an environment declares; asked once."""
    return tuple(platform(stack))


def of(stack: str, token: str) -> list[dict[str, Any]]:
    """The inputs of every resource of a type."""
    return [resolved(one.inputs) for one in declared(stack) if one.token == token]


def core(stack: str) -> dict[str, Any]:
    """What the settings of an environment say of the services that both run."""
    return {key: expected for key, expected in config_of(stack)["services"].items() if key in SYSTEM.profiles["core"]}


def services(stack: str) -> set[tuple[str, str]]:
    """What runs of those: kind and name. How many database servers carry it is a placement's business."""
    found = {(one.token, one.name) for one in declared(stack) if one.token.startswith("smarteros:services:")}
    beyond = {key for key in config_of(stack)["services"] if key not in SYSTEM.profiles["core"]}
    return {one for one in found if one[0] not in PER_SERVER and one[1].split("-")[0] not in beyond}


def test_every_core_service_of_prod_is_a_service_of_backup() -> None:
    """Service by service, and no other: the settings' keys, and what is declared for them."""
    assert set(config_of("backup")["services"]) == set(core("prod")) == set(SYSTEM.profiles["core"])
    assert services("backup") == services("prod")
    for token in PER_SERVER:
        assert [one for one in declared("backup") if one.token == token]


def test_no_service_of_prod_is_told_something_else() -> None:
    """A service's own settings are the same; only where it runs, and on which server its database is, may differ."""
    differ = {"placement", "database"}
    prod, backup = core("prod"), core("backup")
    for service, wanted in prod.items():
        kept = {key: value for key, value in wanted.items() if key not in differ}
        assert kept == {key: value for key, value in backup[service].items() if key not in differ}, service
    for key in ("system", "domain", "operators", "cloudflare"):
        assert config_of("prod")[key] == config_of("backup")[key], key


def n8n_environment(stack: str) -> dict[str, str]:
    """What n8n is told, by whichever placement."""
    if stack == "prod":
        (app,) = of(stack, "azure-native:app:ContainerApp")
        (container,) = app["template"]["containers"]
        return {one["name"]: one.get("value", "(secret)") for one in container["env"]}
    (one,) = [one for one in declared(stack) if one.name == "n8n-container"]
    return dict(line.split("=", 1) for line in resolved(one.inputs)["envs"])


def test_n8n_is_told_the_same_on_both_placements() -> None:
    """The same image and the same variables; what differs is where its database is and at which name it answers."""
    prod, backup = n8n_environment("prod"), n8n_environment("backup")
    wires = {name for name in prod if name.startswith("SMOS_")}  # the other ends of its calls do not run in backup
    assert wires
    assert set(prod) - wires - {"SMARTEROS_REVISION"} == set(backup)  # a revision is Container Apps' alone
    differ = {key for key in backup if prod[key] != backup[key] and prod[key] != "(secret)"}
    names = {"N8N_HOST", "N8N_EDITOR_BASE_URL", "N8N_WEBHOOK_URL"}
    assert differ == {"DB_POSTGRESDB_HOST", "DB_POSTGRESDB_SSL_ENABLED", *names}
    assert all("n8n-standby.smarterbot.cl" in backup[key] for key in names)
    images = {one["name"] for one in of("backup", "docker:index/remoteImage:RemoteImage")}
    assert {
        every_default_image()["n8n"].reference,
        every_default_image()["postgres"].reference,
        every_default_image()["redis"].reference,
    } <= images


def test_nothing_of_backup_is_in_azure() -> None:
    """The loss of Azure takes nothing from it."""
    assert not [one.name for one in declared("backup") if "azure" in one.token or "azure" in one.provider]


def test_until_a_fail_over_it_answers_on_standby_names_alone() -> None:
    """Each routed name has a record of its own to the second machine; wildcard and zone settings are prod's."""
    found = {(one["name"], one["content"], one["proxied"]) for one in of("backup", RECORD)}
    names = ("edge", "n8n", "pausa")
    assert found == {(f"{name}-standby.smarterbot.cl", "203.0.113.20", True) for name in names}
    assert of("backup", SETTING) == []
    assert {one["name"] for one in of("prod", RECORD)} >= {"*.smarterbot.cl", "n8n.smarterbot.cl"}
    assert len(of("prod", SETTING)) == 3
    labels = {one["label"]: one["value"] for one in container("n8n-container")["labels"]}
    assert labels["traefik.http.routers.n8n.rule"] == "Host(`n8n-standby.smarterbot.cl`)"


def container(name: str) -> dict[str, Any]:
    """One container of backup."""
    (found,) = [one for one in declared("backup") if one.name == name]
    inputs = resolved(found.inputs)
    assert isinstance(inputs, dict)
    return inputs


def test_after_a_fail_over_it_has_names_wildcard_and_zone() -> None:
    """One setting makes it what prod was: the wildcard is enough for every name then."""
    after = platform("backup", standby=False)
    records = [one.inputs["name"] for one in after if one.token == RECORD]
    assert sorted(records) == ["*.smarterbot.cl", "edge.smarterbot.cl"]
    assert len([one for one in after if one.token == SETTING]) == 3
    (n8n,) = [resolved(one.inputs) for one in after if one.name == "n8n-container"]
    assert "N8N_HOST=n8n.smarterbot.cl" in n8n["envs"]


def test_without_a_wildcard_each_routed_name_has_a_record_of_its_own() -> None:
    """Also where the reverse proxy itself has a single name."""
    wanted = deepcopy(config_of("backup")["services"])
    wanted["traefik"]["hostname"] = "edge"
    for standby, suffix in ((True, "-standby"), (False, "")):
        found = platform("backup", services=wanted, standby=standby)
        names = sorted(one.inputs["name"] for one in found if one.token == RECORD)
        assert names == [f"{name}{suffix}.smarterbot.cl" for name in ("edge", "n8n", "pausa")]


@pytest.mark.parametrize(
    ("token", "key"),
    [
        (RECORD, "name"),
        ("cloudflare:index/r2Bucket:R2Bucket", "name"),
        (CONTAINER, "name"),
        ("docker:index/volume:Volume", "name"),
        ("docker:index/network:Network", "name"),
    ],
)
def test_no_two_things_of_the_two_have_one_name(token: str, key: str) -> None:
    """They stand beside each other in one zone, one account and one sandbox."""
    prod, backup = ({one[key] for one in of(stack, token)} for stack in ("prod", "backup"))
    assert backup
    assert not prod & backup


def test_machines_ports_and_networks_are_apart() -> None:
    """Two machines; both tunnels can be open at once; a log line says whose address it is."""
    prod, backup = (load_files(stack, ROOT) for stack in ("prod", "backup"))
    assert not {host.address for host in prod.remote_hosts} & {host.address for host in backup.remote_hosts}
    assert not {host.host_key for host in prod.remote_hosts} & {host.host_key for host in backup.remote_hosts}
    assert not {host.network_cidr for host in prod.hosts} & {host.network_cidr for host in backup.hosts}
    ports = [forward.local_port for settings in (prod, backup) for forward in settings.tunnels()]
    assert len(ports) == len(set(ports))
    assert max(ports[: len(prod.tunnels())]) + 50 < backup.tunnel.first_port


def test_what_holds_data_is_protected_in_backup_too() -> None:
    """Disks, databases and buckets."""
    protected = {one.name for one in declared("backup") if one.protect}
    assert {
        "postgres-vps-data",
        "redis-data",
        "traefik-certificates",
        "n8n-db-database",
        "knowledge-db-database",
        "storage-backups",
        "storage-knowledge",
        "storage-attachments",
    } <= protected
