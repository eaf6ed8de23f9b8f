"""The contract of a placement: it keeps all that a workload asks for, or refuses before it declares any of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from pulumi import ResourceOptions

from components.placements import Placement, QueueServer, Refusal
from components.placements.azure import AzurePlatform, AzurePlatformArgs
from components.placements.cloudflare import ObjectStorage
from components.placements.docker import DockerHost, DockerHostArgs
from components.workload import Health, RedisList, Scale, Sidecar, Volume, Workload
from settings import Settings
from settings.parts import ManagedRedis
from tests.components.declared import Answers, Declared, Hidden, declare, resolved

SECRET = "a-value-that-nobody-may-see"
APP = Workload(
    image="example.org/app:1",
    port=8080,
    hostname="app.smarterbot.cl",
    health=Health(http_path="/ready"),
    cpu=0.5,
    memory_mb=1024,
    env={"COLOUR": "green"},
    secrets={"API_KEY": SECRET},
    secret_files={"token": SECRET},
    volumes=[Volume("cache", "/cache", needs="scratch")],
    command=["/bin/app"],
    args=["--serve"],
    stop_timeout_s=40,
)
PLACES = ["azure", "docker"]


def place(kind: str, settings: Settings) -> Placement:
    """The placement of that kind, in prod."""
    if kind == "azure":
        return AzurePlatform("azure", AzurePlatformArgs(settings=settings))
    return DockerHost("vps", DockerHostArgs(settings=settings, host=settings.hosts[0]))


def run(kind: str, workload: Workload = APP) -> list[Declared]:
    """What a placement declares for a workload."""
    return declare(lambda settings: place(kind, settings).run("app", workload, ResourceOptions()))


def container(kind: str, workload: Workload = APP) -> dict[str, Any]:
    """The container itself, as that placement's vendor is told."""
    token = "azure-native:app:ContainerApp" if kind == "azure" else "docker:index/container:Container"
    beside = ("-loader", "-prepare")
    (found,) = [one for one in run(kind, workload) if one.token == token and not one.name.endswith(beside)]
    return found.inputs


def only(app: dict[str, Any]) -> dict[str, Any]:
    """The one container of a Container App."""
    (one,) = resolved(app)["template"]["containers"]
    assert isinstance(one, dict)
    return one


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
    assert (upload["file"], upload["permissions"]) == ("/run/secrets/token", "0400")
    assert isinstance(upload["content"], Hidden)
    assert loader.inputs["start"] is False
    assert {"volumeName": "smarteros-prod-app-secrets", "containerPath": "/run/secrets", "readOnly": True} in inputs[
        "volumes"
    ]
    assert "uploads" not in inputs


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


def test_a_container_that_did_not_become_healthy_is_made_anew() -> None:
    """The engine keeps it with the error of its creation; the provider's update would do nothing, and call it well."""
    waited = [one for one in run("docker", PREPARED) if one.name in ("app-container", "app-prepare")]
    assert [one.replace_on_changes for one in waited] == [("#initerror",)] * 2


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


PREPARED = replace(APP, prepare=["/bin/app", "migrate"], user="1000:1000")


def test_a_host_prepares_in_a_container_of_its_own_before_it_starts_the_real_one() -> None:
    """The same image, environment, secrets, volumes, networks, user and limits; it runs once, to its end."""
    declared = {one.name: one for one in run("docker", PREPARED)}
    prepare, main = declared["app-prepare"], declared["app-container"]
    inputs = prepare.inputs
    assert (inputs["name"], inputs["entrypoints"]) == ("smarteros-prod-app-prepare", ["/bin/app", "migrate"])
    assert "command" not in inputs
    assert (inputs["attach"], inputs["mustRun"], inputs["restart"]) == (True, False, "no")
    same = ("image", "envs", "user", "volumes", "tmpfs", "memory", "cpus", "capabilities", "securityOpts", "logOpts")
    assert {key: resolved(inputs[key]) for key in same} == {key: resolved(main.inputs[key]) for key in same}
    networks = [[one["name"] for one in each.inputs["networksAdvanced"]] for each in (prepare, main)]
    assert networks[0] == networks[1]
    assert "aliases" not in inputs["networksAdvanced"][0], "its name leads to the real one alone"
    assert not [one for one in inputs["labels"] if one["label"].startswith("traefik")]
    assert prepare.urn in main.dependencies
    labels = {label["label"]: label["value"] for label in main.inputs["labels"]}
    assert labels["smarteros.prepared"] == "app-prepare-id", "another preparation is another container"


def test_a_host_does_not_start_what_was_prepared_badly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider takes any end of a command for a good one: the run fails here, with where to look."""
    answer = Answers.new_resource

    def badly(self: Answers, args: Any) -> tuple[str | None, dict[str, Any]]:
        found, outputs = answer(self, args)
        return found, {**outputs, **({"exitCode": 3} if args.name == "app-prepare" else {})}

    monkeypatch.setattr(Answers, "new_resource", badly)
    with pytest.raises(Refusal, match=r"^app/prepare: its preparation ended with 3, .* Mend: `docker logs smarteros-"):
        run("docker", PREPARED)


def test_an_app_prepares_in_an_init_container() -> None:
    """The same image, environment and mounts; the replica starts when it has ended well."""
    template = resolved(container("azure", PREPARED))["template"]
    (prepare,), (main,) = template["initContainers"], template["containers"]
    assert (prepare["name"], prepare["command"]) == ("app-prepare", ["/bin/app", "migrate"])
    assert "args" not in prepare
    assert "probes" not in prepare
    for key in ("image", "env", "volumeMounts", "resources"):
        assert prepare[key] == main[key]
    assert "initContainers" not in resolved(container("azure"))["template"]


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


HELPER = Sidecar(
    name="helper",
    image="example.org/helper:1",
    port=9000,
    health=Health(http_path="/alive"),
    cpu=0.25,
    memory_mb=512,
    env={"MODE": "quiet"},
    shares=["COLOUR", "API_KEY"],
    reaches={"MAIN_URL": 8081},
    volumes=[Volume("tmp", "/scratch", needs="scratch")],
    user="1000:1000",
    read_only_root=True,
)
HELPED = replace(APP, sidecars=[HELPER], access=["web", "data"])


def test_a_sidecar_is_in_the_same_app() -> None:
    """Its own limits, probes and scratch; what it shares is the same secret; the main container is at its address."""
    app = resolved(container("azure", HELPED))
    main, helper = app["template"]["containers"]
    assert (main["name"], helper["name"]) == ("app", "app-helper")
    assert helper["resources"] == {"cpu": 0.25, "memory": "0.5Gi"}
    assert {probe["httpGet"]["port"] for probe in helper["probes"]} == {9000}
    environment = {one["name"]: one.get("value", one.get("secretRef")) for one in helper["env"]}
    assert environment == {
        "MODE": "quiet",
        "COLOUR": "green",
        "API_KEY": "api-key",
        "MAIN_URL": "http://127.0.0.1:8081",
    }
    assert helper["volumeMounts"] == [{"volumeName": "helper-tmp", "mountPath": "/scratch"}]
    assert {"name": "helper-tmp", "storageType": "EmptyDir"} in app["template"]["volumes"]
    assert [one["name"] for one in app["configuration"]["secrets"]].count("api-key") == 1


def test_a_sidecar_on_a_host_is_a_container_that_finds_the_main_one_by_its_name() -> None:
    """After it, in one network with it and in none of its others, without its labels, ports and secret files."""
    declared = {one.name: one for one in run("docker", HELPED) if "container:Container" in one.token}
    main, helper = declared["app-container"], declared["app-helper-container"]
    inputs = resolved(helper.inputs)
    assert inputs["name"] == "smarteros-prod-app-helper"
    assert set(inputs["envs"]) == {
        "MODE=quiet",
        "COLOUR=green",
        f"API_KEY={SECRET}",
        "MAIN_URL=http://smarteros-prod-app:8081",
    }
    assert all(isinstance(one, Hidden) for one in helper.inputs["envs"] if SECRET in str(one))
    assert [one["name"] for one in inputs["networksAdvanced"]] == ["smarteros-prod-edge"]
    assert len(main.inputs["networksAdvanced"]) == 2
    assert (inputs["memory"], inputs["cpus"], inputs["readOnly"]) == (512, "0.25", True)
    assert not [one for one in inputs["labels"] if one["label"].startswith("traefik")]
    assert "app-helper-secrets-loader" not in declared
    assert main.urn in helper.dependencies


QUEUE = RedisList(host="queue.example.org", port=10000, tls=True, password="API_KEY", key="jobs", per_replica=5)
GROWING = replace(APP, hostname=None, scale=Scale(min_replicas=1, max_replicas=3, by=QUEUE))


def test_an_app_grows_with_a_list_in_redis() -> None:
    """KEDA's scaler for lists; its password is a secret of the app."""
    scale = resolved(container("azure", GROWING))["template"]["scale"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (1, 3)
    (rule,) = scale["rules"]
    assert rule["custom"] == {
        "type": "redis",
        "metadata": {"address": "queue.example.org:10000", "listName": "jobs", "listLength": "5", "enableTLS": "true"},
        "auth": [{"secretRef": "api-key", "triggerParameter": "password"}],
    }


def test_a_host_runs_as_many_as_it_is_told() -> None:
    """Numbered, each with its own sidecar, which finds its own main container."""
    two = replace(HELPED, hostname=None, scale=Scale(min_replicas=2, max_replicas=2, by=QUEUE))
    declared = {one.name: one for one in run("docker", two) if "container:Container" in one.token}
    assert {name for name in declared if "loader" not in name} == {
        "app-1-container",
        "app-1-helper-container",
        "app-2-container",
        "app-2-helper-container",
    }
    assert "MAIN_URL=http://smarteros-prod-app-2:8081" in resolved(declared["app-2-helper-container"].inputs["envs"])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"sidecars": [replace(HELPER, port=8080)]}, "listen on one port"),
        ({"sidecars": [replace(HELPER, shares=["COLOR"])]}, "shares COLOR, which is not set"),
        ({"scale": Scale(min_replicas=1, max_replicas=2, by=replace(QUEUE, password="KEY"))}, "KEY is no secret"),
    ],
)
def test_a_workload_that_contradicts_itself_can_not_be_made(asked: dict[str, Any], told: str) -> None:
    """A service's mistake, found where it is made."""
    with pytest.raises(ValueError, match=told):
        replace(APP, **asked)


def test_a_scale_is_at_least_one_and_in_order() -> None:
    """None, or more at least than at most, is a service's mistake."""
    for least, most in ((0, 1), (3, 2)):
        with pytest.raises(ValueError, match=f"from {least} to {most} replicas"):
            Scale(min_replicas=least, max_replicas=most, by=QUEUE)


@pytest.mark.parametrize(
    ("kind", "asked", "told"),
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
def test_what_it_cannot_do_it_refuses_before_it_declares_any_of_it(kind: str, asked: dict[str, Any], told: str) -> None:
    """The refusal names workload, field and numbers, and how to mend it."""
    refused: list[str] = []

    def build(settings: Settings) -> None:
        with pytest.raises(Refusal) as refusal:
            place(kind, settings).run("app", replace(APP, **asked), ResourceOptions())
        refused.append(str(refusal.value))

    declared = declare(build)
    assert not [one for one in declared if one.name.startswith("app")]
    assert refused[0].startswith(f"app/{told}")
    assert "Mend: " in refused[0]


QUEUE_SIZE = ManagedRedis.model_validate({})


def test_a_queue_of_azure_s_own_is_private_and_loses_nothing() -> None:
    """No public address, TLS alone, not clustered, nothing evicted, written to a disk; its key stays secret."""
    found: list[QueueServer] = []
    declared = {
        one.name: one
        for one in declare(
            lambda settings: found.append(place("azure", settings).queue_server("jobs", QUEUE_SIZE, ResourceOptions()))
        )
    }
    cluster, database = declared["jobs-cluster"], declared["jobs-database"]
    assert cluster.inputs["sku"] == {"name": "Balanced_B0"}
    assert (cluster.inputs["publicNetworkAccess"], cluster.inputs["minimumTlsVersion"]) == ("Disabled", "1.2")
    assert (database.inputs["clientProtocol"], database.inputs["port"]) == ("Encrypted", 10000)
    assert (database.inputs["clusteringPolicy"], database.inputs["evictionPolicy"]) == ("NoCluster", "NoEviction")
    assert database.inputs["persistence"] == {"aofEnabled": True, "aofFrequency": "1s"}
    assert database.inputs["accessKeysAuthentication"] == "Enabled", "the default is that nobody can log in with a key"
    assert cluster.protect
    assert database.protect
    (connection,) = declared["jobs-endpoint"].inputs["privateLinkServiceConnections"]
    assert (connection["privateLinkServiceId"], connection["groupIds"]) == ("jobs-cluster-id", ["redisEnterprise"])
    assert declared["jobs-zone"].inputs["privateZoneName"] == "privatelink.redis.azure.net"
    server = found[0]
    assert (server.port, server.tls) == (10000, True)
    assert asyncio.run(server.password.is_secret())


def store(kind: str) -> list[Declared]:
    """What a placement declares for the settings' storage."""
    storage = {"placement": {"where": kind}, "containers": ["backups", "knowledge"]}

    def build(settings: Settings) -> None:
        placed = ObjectStorage(settings) if kind == "r2" else place(kind, settings)
        assert list(placed.object_store("storage", ResourceOptions()).containers) == ["backups", "knowledge"]

    return declare(build, services={"storage": storage}, ai={}, accounts={})


@pytest.mark.parametrize(
    ("kind", "token", "named"),
    [
        ("azure", "azure-native:storage:BlobContainer", {"backups", "knowledge"}),
        ("r2", "cloudflare:index/r2Bucket:R2Bucket", {"smarteros-prod-backups", "smarteros-prod-knowledge"}),
    ],
)
def test_an_object_store_has_every_container_protected_and_private(kind: str, token: str, named: set[str]) -> None:
    """One a container of the settings; nobody outside reads them; what is left over is cleaned up."""
    declared = store(kind)
    containers = [one for one in declared if one.token == token]
    assert {one.inputs.get("containerName", one.inputs.get("name")) for one in containers} == named
    assert all(one.protect for one in containers)
    assert all(one.inputs.get("publicAccess", "None") == "None" for one in containers)
    assert not [one for one in declared if "Domain" in one.token]
    assert [one for one in declared if "ifecycle" in one.token or "ManagementPolicy" in one.token]


@pytest.mark.parametrize(
    ("kind", "asked", "told"),
    [
        ("docker", "object_store", "placement: a host keeps no blobs"),
        ("r2", "run", "placement: R2 runs no containers"),
        ("r2", "database_server", "placement: R2 runs no databases"),
        ("docker", "queue_server", "placement: a host has no Redis for one service alone"),
        ("r2", "queue_server", "placement: R2 runs no Redis"),
    ],
)
def test_a_place_that_cannot_do_it_says_so(kind: str, asked: str, told: str) -> None:
    """A refusal, and nothing of it declared."""

    def build(settings: Settings) -> None:
        placed = ObjectStorage(settings) if kind == "r2" else place(kind, settings)
        given: dict[str, list[Any]] = {
            "run": [APP],
            "object_store": [],
            "database_server": ["vps", SECRET],
            "queue_server": [QUEUE_SIZE],
        }
        with pytest.raises(Refusal, match=rf"^thing/{told}.* Mend: "):
            getattr(placed, asked)("thing", *given[asked], ResourceOptions())

    assert not [one for one in declare(build) if one.name.startswith("thing")]


def test_a_routed_name_has_a_record_where_no_wildcard_leads_to_the_host() -> None:
    """While standby the wildcard is another environment's."""
    assert not [one for one in run("docker") if one.name == "app-name"]
    standby = declare(lambda settings: place("docker", settings).run("app", APP, ResourceOptions()), standby=True)
    (record,) = [one.inputs for one in standby if one.name == "app-name"]
    assert (record["type"], record["content"], record["proxied"]) == ("A", "203.0.113.10", True)
    assert record["name"] == APP.hostname
