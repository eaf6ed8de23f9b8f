"""What a placement does beside one container: preparations, sidecars, replicas that follow a list, stores, queues."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from pulumi import Resource, ResourceOptions

from components.placements import KeepsBlobs, QueueServer, Refusal
from components.placements.chosen import MadePlaces
from components.placements.cloudflare import ObjectStorage
from components.workload import Scale
from settings import Settings
from settings.parts import ManagedRedis
from settings.places import OnDocker, OnR2, Place
from tests.components.declared import Answers, Declared, Hidden, declare, resolved
from tests.components.workloads import (
    APP,
    GROWING,
    HELPED,
    HELPER,
    PREPARED,
    QUEUE,
    SECRET,
    azure,
    container,
    run,
)


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
    with pytest.raises(Refusal, match=r"^app/prepare: its preparation ended with 3, .* Fix: `docker logs smarteros-"):
        run("docker", PREPARED)


def test_an_app_prepares_in_an_init_container() -> None:
    """The same image, environment and mounts; the replica starts when it has ended well."""
    template = resolved(container("azure", PREPARED))["template"]
    (prepare,), (main,) = template["initContainers"], template["containers"]
    assert (prepare["name"], prepare["command"]) == ("app-prepare", ["/bin/app", "migrate"])
    assert "args" not in prepare
    assert "probes" not in prepare
    for key in ("image", "volumeMounts", "resources"):
        assert prepare[key] == main[key]
    # The app's alone: with it, a changed secret makes a new revision, and that prepares anew.
    assert prepare["env"] == [one for one in main["env"] if one["name"] != "SMARTEROS_REVISION"]
    assert "initContainers" not in resolved(container("azure"))["template"]


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
    ("asked", "expected"),
    [
        ({"sidecars": [replace(HELPER, port=8080)]}, "listen on one port"),
        ({"sidecars": [replace(HELPER, shares=["COLOR"])]}, "shares COLOR, which is not set"),
        ({"scale": Scale(min_replicas=1, max_replicas=2, by=replace(QUEUE, password="KEY"))}, "KEY is no secret"),
    ],
)
def test_a_workload_that_contradicts_itself_can_not_be_made(asked: dict[str, Any], expected: str) -> None:
    """A service's mistake, found where it is made."""
    with pytest.raises(ValueError, match=expected):
        replace(APP, **asked)


def test_a_scale_is_at_least_one_and_in_order() -> None:
    """None, or more at least than at most, is a service's mistake."""
    for least, most in ((0, 1), (3, 2)):
        with pytest.raises(ValueError, match=f"from {least} to {most} replicas"):
            Scale(min_replicas=least, max_replicas=most, by=QUEUE)


HOST = OnDocker.model_validate({"where": "docker", "host": "vps"})
BUCKETS = OnR2.model_validate({"where": "r2"})
QUEUE_SIZE = ManagedRedis.model_validate({})


def test_a_queue_of_azure_s_own_is_private_and_loses_nothing() -> None:
    """No public address, TLS alone, not clustered, nothing evicted, written to a disk; its key stays secret."""
    found: list[QueueServer] = []
    declared = {
        one.name: one
        for one in declare(
            lambda settings: found.append(azure(settings).queue_server("jobs", QUEUE_SIZE, ResourceOptions()))
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
        placed: KeepsBlobs = ObjectStorage(settings) if kind == "r2" else azure(settings)
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
    ("where", "asked", "expected"),
    [
        (HOST, "blobs", "a host keeps no blobs. Fix: placement: {where: azure} or {where: r2}"),
        (BUCKETS, "containers", "R2 runs no containers. Fix: placement: {where: azure} or {where: docker}"),
        (BUCKETS, "postgres", "R2 runs no databases. Fix: placement: {where: azure} or {where: docker}"),
        (HOST, "queues", "a host has no Redis for one service alone. Fix: placement: {where: azure}"),
        (BUCKETS, "queues", "R2 has no Redis for one service alone. Fix: placement: {where: azure}"),
    ],
)
def test_a_place_that_cannot_do_it_is_no_such_placement_and_is_refused(where: Place, asked: str, expected: str) -> None:
    """It has no method that refuses: whoever looks for one that can is told who can."""

    def build(settings: Settings) -> None:
        found = MadePlaces(settings, cast(Resource, None))
        with pytest.raises(Refusal) as refused:
            getattr(found, asked)(where)
        assert str(refused.value) == f"placement/{where.where}: {expected}"

    declare(build)
