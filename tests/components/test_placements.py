"""The contract of a placement: it keeps all that a workload asks for, or refuses before it declares any of it.

What it does beside one container (preparations, sidecars, replicas, stores, queues) is in test_placements_beside.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pulumi import ResourceOptions

from components.placements import Refusal
from components.workload import Health, Volume
from settings import Settings
from tests.components.declared import Declared, Hidden, declare, resolved
from tests.components.workloads import APP, GROWING, HELPER, PLACES, SECRET, container, only, place, run


@pytest.mark.parametrize("kind", PLACES)
def test_image_command_and_environment_are_kept(kind: str) -> None:
    """What to run, and with which plain environment."""
    inputs = container(kind)
    if kind == "azure":
        one = only(inputs)
        assert (one["image"], one["command"], one["args"]) == (APP.image, ["/bin/app"], ["--serve"])
        assert {"name": "COLOUR", "value": "green"} in one["env"]
    else:
        assert (inputs["entrypoints"], inputs["command"]) == (["/bin/app"], ["--serve"])
        assert "COLOUR=green" in resolved(inputs["envs"])
        (image,) = [one for one in run(kind) if "RemoteImage" in one.token]
        assert image.inputs["name"] == APP.image


@pytest.mark.parametrize("kind", PLACES)
def test_the_port_is_reached_by_its_name_over_tls_only(kind: str) -> None:
    """A host name leads to the port; the port itself is published nowhere."""
    inputs = resolved(container(kind))
    if kind == "azure":
        ingress = inputs["configuration"]["ingress"]
        assert (ingress["targetPort"], ingress["external"], ingress["allowInsecure"]) == (8080, True, False)
        (domain,) = ingress["customDomains"]
        assert (domain["name"], domain["bindingType"]) == (APP.hostname, "SniEnabled")
        assert domain["certificateId"] == "azure-origin-held-id"
    else:
        labels = {label["label"]: label["value"] for label in inputs["labels"]}
        assert labels["traefik.http.routers.app.rule"] == f"Host(`{APP.hostname}`)"
        assert labels["traefik.http.routers.app.entrypoints"] == "websecure"
        assert labels["traefik.http.services.app.loadbalancer.server.port"] == "8080"
        assert not inputs["ports"]


@pytest.mark.parametrize("kind", PLACES)
def test_without_a_name_nobody_outside_reaches_it(kind: str) -> None:
    """No host name, no way in."""
    inputs = resolved(container(kind, replace(APP, hostname=None)))
    if kind == "azure":
        assert inputs["configuration"]["ingress"]["external"] is False
        assert not inputs["configuration"]["ingress"]["customDomains"]
    else:
        assert not [label for label in inputs["labels"] if label["label"].startswith("traefik")]


@pytest.mark.parametrize("kind", PLACES)
def test_health_is_watched(kind: str) -> None:
    """The workload's own health, said outright."""
    inputs = container(kind)
    if kind == "azure":
        probes = {probe["type"]: probe["httpGet"] for probe in only(inputs)["probes"]}
        assert set(probes) == {"Startup", "Liveness", "Readiness"}
        assert all((get["path"], get["port"]) == ("/ready", 8080) for get in probes.values())
    else:
        assert "http://127.0.0.1:8080/ready" in inputs["healthcheck"]["tests"][1]
        assert inputs["wait"] is True


@pytest.mark.parametrize("kind", PLACES)
def test_limits_are_set(kind: str) -> None:
    """CPU and memory, and no swap."""
    inputs = container(kind)
    if kind == "azure":
        assert only(inputs)["resources"] == {"cpu": 0.5, "memory": "1Gi"}
        assert inputs["template"]["terminationGracePeriodSeconds"] == 40
    else:
        assert (inputs["cpus"], inputs["memory"], inputs["memorySwap"]) == ("0.5", 1024, 1024)
        assert inputs["stopTimeout"] == 40


@pytest.mark.parametrize("kind", PLACES)
def test_scratch_is_where_it_was_asked_for(kind: str) -> None:
    """A folder that is lost with the container, and no disk behind it."""
    inputs = resolved(container(kind))
    if kind == "azure":
        assert {"name": "cache", "storageType": "EmptyDir"} in inputs["template"]["volumes"]
        assert {"volumeName": "cache", "mountPath": "/cache"} in only(inputs)["volumeMounts"]
    else:
        assert "size=64m" in inputs["tmpfs"]["/cache"]


@pytest.mark.parametrize("kind", PLACES)
def test_secrets_stay_secret(kind: str) -> None:
    """In everything that is declared, a secret is marked; in an app's environment it is a reference."""
    for one in run(kind):
        assert SECRET not in json.dumps(one.inputs, default=lambda hidden: "hidden"), one.name
    if kind == "azure":
        app = json.dumps(resolved(container(kind)))
        assert SECRET not in app
        assert '"secretRef": "api-key"' in app
        assert '"keyVaultUrl"' in app


@pytest.mark.parametrize("kind", PLACES)
def test_secret_files_are_files(kind: str) -> None:
    """A file below /run/secrets, read-only for the container."""
    declared = run(kind)
    inputs = resolved(container(kind))
    if kind == "azure":
        (volume,) = [one for one in inputs["template"]["volumes"] if one["storageType"] == "Secret"]
        assert volume["secrets"] == [{"path": "token", "secretRef": "file-token"}]
        mount = {"volumeName": volume["name"], "mountPath": "/run/secrets"}
        assert mount in only(inputs)["volumeMounts"]
        return
    (loader,) = [one for one in declared if one.name == "app-secrets-loader"]
    (upload,) = loader.inputs["uploads"]
    assert {key: value for key, value in upload.items() if key != "content"} == {
        "file": "/run/secrets/token",
        "permissions": "0400",
    }
    assert isinstance(upload["content"], Hidden)
    assert {"volumeName": "smarteros-prod-app-secrets", "containerPath": "/run/secrets", "readOnly": True} in inputs[
        "volumes"
    ]
    assert "uploads" not in inputs


def only_loader(declared: Sequence[Declared]) -> dict[str, Any]:
    """The one container that brings secret files."""
    (loader,) = [one for one in declared if one.name == "app-secrets-loader"]
    answer: dict[str, Any] = resolved(loader.inputs)
    return answer


@pytest.mark.parametrize("kind", PLACES)
def test_a_changed_secret_reaches_the_container(kind: str) -> None:
    """Whatever it is handed over by, what runs is declared anew: neither an app nor a container reads it again."""
    other = SECRET[::-1]
    for changed in (replace(APP, secrets={"API_KEY": other}), replace(APP, secret_files={"token": other})):
        before, after = container(kind), container(kind, changed)
        if kind == "azure":
            before, after = ({"template": resolved(one)["template"]} for one in (before, after))
            assert resolved(before) != resolved(after)
        elif changed.secrets != APP.secrets:
            assert before["envs"] != after["envs"]
        else:
            # The loader is made anew, and the container bears its identity.
            old, new = (only_loader(run(kind, one)) for one in (APP, changed))
            assert old["uploads"] != new["uploads"]
            assert "smarteros.secret-files" in {one["label"] for one in before["labels"]}


def test_a_disk_on_a_host_is_protected() -> None:
    """What outlives the container is not deleted by accident."""
    disk = replace(APP, volumes=[Volume("data", "/data", needs="posix")])
    (volume,) = [one for one in run("docker", disk) if one.name == "app-data"]
    assert volume.protect
    assert {"volumeName": "smarteros-prod-app-data", "containerPath": "/data"} in container("docker", disk)["volumes"]


def test_a_container_of_a_host_is_closed() -> None:
    """No capability, no way to gain one, rotated logs, started again after a reboot."""
    inputs = container("docker", replace(APP, read_only_root=True, capabilities=["NET_RAW"]))
    assert inputs["capabilities"] == {"drops": ["ALL"], "adds": ["CAP_NET_RAW"]}
    assert inputs["securityOpts"] == ["no-new-privileges:true"]
    assert inputs["readOnly"] is True
    assert inputs["logDriver"] == "local"
    assert inputs["logOpts"] == {"max-size": "10m", "max-file": "3"}
    assert inputs["restart"] == "unless-stopped"


def test_data_and_socket_networks_lead_nowhere() -> None:
    """Of a host's networks only `edge` reaches the internet."""
    networks = {one.name: one.inputs for one in run("docker") if "network:Network" in one.token}
    assert {name: inputs["internal"] for name, inputs in networks.items()} == {
        "vps-edge": False,
        "vps-data": True,
        "vps-socket": True,
    }
    subnets = [inputs["ipamConfigs"][0]["subnet"] for inputs in networks.values()]
    assert sorted(subnets) == ["172.30.0.0/24", "172.30.1.0/24", "172.30.2.0/24"]


def test_paths_of_a_host_name_lead_to_other_ports() -> None:
    """A router and a service for each other port, stronger than the one of the name alone; TLS only."""
    routed = replace(APP, routes={"/websocket": 8072, "/longpolling": 8072, "/metrics": 9090})
    labels = {one["label"]: one["value"] for one in container("docker", routed)["labels"]}
    name = "traefik.http.routers.app-8072"
    assert labels[f"{name}.rule"] == (
        f"Host(`{APP.hostname}`) && PathPrefix(`/websocket`) || Host(`{APP.hostname}`) && PathPrefix(`/longpolling`)"
    )
    assert labels[f"{name}.entrypoints"] == "websecure"
    assert int(labels[f"{name}.priority"]) > len(f"Host(`{'x' * 253}`)"), "the other's priority is its rule's length"
    assert labels[f"{name}.service"] == "app-8072"
    assert labels["traefik.http.services.app-8072.loadbalancer.server.port"] == "8072"
    assert labels["traefik.http.services.app-9090.loadbalancer.server.port"] == "9090"
    assert labels["traefik.http.routers.app.service"] == "app"


def test_the_proxy_says_which_name_was_asked_for() -> None:
    """Whoever sends X-Forwarded-Host is not believed, at any of its routers: Odoo finds its database by it."""
    routed = replace(APP, routes={"/websocket": 8072})
    labels = {one["label"]: one["value"] for one in container("docker", routed)["labels"]}
    header = "traefik.http.middlewares.app-host.headers.customrequestheaders.X-Forwarded-Host"
    assert labels[header] == APP.hostname
    routers = [key.removesuffix(".rule") for key in labels if key.endswith(".rule")]
    assert len(routers) == 2
    assert {labels[f"{router}.middlewares"] for router in routers} == {"app-host"}


def test_a_routed_name_has_a_record_where_no_wildcard_leads_to_the_host() -> None:
    """While standby the wildcard is another environment's."""
    assert not [one for one in run("docker") if one.name == "app-name"]
    standby = declare(lambda settings: place("docker", settings).run("app", APP, ResourceOptions()), standby=True)
    (record,) = [one.inputs for one in standby if one.name == "app-name"]
    assert (record["type"], record["content"], record["proxied"]) == ("A", "203.0.113.10", True)
    assert record["name"] == APP.hostname


@pytest.mark.parametrize(
    ("kind", "asked", "expected"),
    [
        ("azure", {"sidecars": [replace(HELPER, cpu=0.3)]}, "cpu: Container Apps takes 0.25 to 4 CPU in steps"),
        ("azure", {"sidecars": [replace(HELPER, cpu=4, memory_mb=8192)]}, "cpu: Container Apps takes 0.25 to 4 CPU"),
        ("azure", {"sidecars": [replace(HELPER, memory_mb=1024)]}, "cpu: Container Apps gives 0.75 CPU exactly 1536"),
        ("azure", {"sidecars": [replace(HELPER, health=Health(command=["true"]))]}, "sidecars/helper: Container Apps"),
        ("docker", {"scale": GROWING.scale}, "scale: a host runs as many containers as it is told, not 1 to 3"),
        (
            "docker",
            {"replicas": 2, "hostname": None, "volumes": [Volume("data", "/data", needs="posix")]},
            "replicas: a host runs one container of a name, not 2",
        ),
        ("azure", {"routes": {"/websocket": 8072}}, "routes: the ingress of an app leads to one port"),
        ("docker", {"routes": {"/websocket": 8072}, "hostname": None}, "routes: paths lead to other ports, but there"),
        ("azure", {"volumes": [Volume("data", "/data", needs="posix")]}, "volumes/data: /data needs a POSIX"),
        ("azure", {"published_ports": [25]}, "published_ports: Container Apps publishes 443 only, not 25"),
        ("azure", {"cpu": 0.3}, "cpu: Container Apps takes 0.25 to 4 CPU in steps of 0.25, not 0.3"),
        ("azure", {"memory_mb": 1500}, "cpu: Container Apps gives 0.5 CPU exactly 1024 MB, not 1500"),
        ("azure", {"docker_socket": True}, "docker_socket: there is no Docker"),
        ("azure", {"capabilities": ["NET_RAW"]}, "capabilities: Container Apps grants none"),
        ("azure", {"health": Health(command=["true"])}, "health: Container Apps probes by HTTP"),
        ("azure", {"port": None}, "port: an app without a port"),
        ("docker", {"replicas": 2}, "replicas: a host runs one container of a name, not 2"),
        ("docker", {"cpu": 9}, "cpu: 9 CPUs asked for, vps has 8"),
        ("docker", {"memory_mb": 40000}, "memory_mb: 40000 MB asked for, vps has 32768"),
        ("docker", {"access": ["data"]}, "access: it has a host name"),
    ],
)
def test_what_it_cannot_do_it_refuses_before_it_declares_any_of_it(
    kind: str, asked: dict[str, Any], expected: str
) -> None:
    """The refusal names workload, field and numbers, and how to mend it."""
    refused: list[str] = []

    def build(settings: Settings) -> None:
        with pytest.raises(Refusal) as refusal:
            place(kind, settings).run("app", replace(APP, **asked), ResourceOptions())
        refused.append(str(refusal.value))

    declared = declare(build)
    assert not [one for one in declared if one.name.startswith("app")]
    assert refused[0].startswith(f"app/{expected}")
    assert "Fix: " in refused[0]
