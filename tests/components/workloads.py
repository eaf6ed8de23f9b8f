"""A workload that asks for something of everything, and what a placement of prod declares for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pulumi import ResourceOptions

from components.placements import RunsContainers
from components.placements.azure import AzurePlatform, AzurePlatformArgs
from components.placements.docker import DockerHost, DockerHostArgs
from components.workload import Health, RedisList, Scale, Sidecar, Volume, Workload
from settings import Settings
from tests.components.declared import Declared, declare, resolved

__all__ = [
    "APP",
    "GROWING",
    "HELPED",
    "HELPER",
    "PLACES",
    "PREPARED",
    "QUEUE",
    "SECRET",
    "azure",
    "container",
    "only",
    "place",
    "run",
]

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
    user="1000:1000",
    stop_timeout_s=40,
)
PLACES = ["azure", "docker"]
PREPARED = replace(APP, prepare=["/bin/app", "migrate"])
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
QUEUE = RedisList(host="queue.example.org", port=10000, tls=True, password="API_KEY", key="jobs", per_replica=5)
GROWING = replace(APP, hostname=None, scale=Scale(min_replicas=1, max_replicas=3, by=QUEUE))


def azure(settings: Settings) -> AzurePlatform:
    """Azure, in prod."""
    return AzurePlatform("azure", AzurePlatformArgs(settings=settings))


def place(kind: str, settings: Settings) -> RunsContainers:
    """The placement of that kind, in prod."""
    if kind == "azure":
        return azure(settings)
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
