"""What every container of a host has, whatever it runs: its limits, its walls, its logs, and how it is made anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi_docker as docker
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions, log
from pulumi.runtime import is_dry_run

from components.placements import Refusal
from components.secrecy import secret
from components.workload import Workload

__all__ = ["LIMITED", "container_labels", "cpus_of", "ended_well", "health_check", "process_of", "replaced", "wait_s"]

RETRIES = 5
LIMITED: Mapping[str, Any] = {
    "security_opts": ["no-new-privileges:true"],
    "log_driver": "local",
    "log_opts": {"max-size": "10m", "max-file": "3"},
}
# Its provider calls a change of these an update, and hands none of them to the engine (terraform-provider-docker 4.5.0,
# resource_docker_container_funcs.go, resourceDockerContainerUpdate); one that did not become healthy as well.
NEVER_UPDATED = ["healthcheck", "init", "tmpfs", "#initerror"]


def replaced(parent: ComponentResource, *after: Resource) -> ResourceOptions:
    """A container's options: what would be an update without effect makes it anew."""
    return ResourceOptions(
        parent=parent, depends_on=list(after), delete_before_replace=True, replace_on_changes=NEVER_UPDATED
    )


def ended_well(name: str, part: str, container_name: str, identity: str, exit_code: int | None) -> str:
    """The container's identity. Raises Refusal when it ended badly: the provider itself takes any end for a good one
    (resource_docker_container_funcs.go, `attach`).
    """
    if exit_code == 0:
        return identity
    what = {"prepare": "its preparation", "secret_files": "what gives it its secret files"}[part]
    why = f"{what} ended with {exit_code}, so it is not started"
    mend = f"`docker logs {container_name}` on its host says why; ./smos up runs it again"
    if is_dry_run():
        log.warn(f"{name}/{part}: {why}. Fix: {mend}")
        return identity
    raise Refusal(name, part, why, mend)


def container_labels(labels: Mapping[str, Input[str]]) -> list[docker.ContainerLabelArgs]:
    """As the provider takes them, in order."""
    return [docker.ContainerLabelArgs(label=key, value=text) for key, text in sorted(labels.items())]


def _environment(workload: Workload) -> list[Input[str]]:
    plain: list[Input[str]] = [
        # An Output of what is known already costs milliseconds, a hundred times.
        f"{key}={value}" if isinstance(value, str) else Output.concat(f"{key}=", value)
        for key, value in workload.env.items()
    ]
    return [*plain, *(secret(Output.concat(f"{key}=", value)) for key, value in workload.secrets.items())]


def _scratch(workload: Workload) -> dict[str, str]:
    """Scratch lives in memory, and belongs to the container's user."""
    owner, _, group = (workload.user or "0:0").partition(":")
    return {
        volume.path: f"rw,nosuid,nodev,size={volume.size_mb}m,mode=0700,uid={owner},gid={group or owner}"
        for volume in workload.volumes
        if volume.needs == "scratch"
    }


def health_check(workload: Workload) -> docker.ContainerHealthcheckArgs:
    """How Docker asks whether it works, and how long it waits for a start."""
    health = workload.health
    tests = list(health.command)
    if health.http_path:
        url = f"http://127.0.0.1:{workload.port}{health.http_path}"
        tests = ["CMD-SHELL", f"wget -q -O /dev/null {url} || exit 1"]
    return docker.ContainerHealthcheckArgs(
        tests=tests,
        interval=_duration(health.interval_s),
        timeout=_duration(health.timeout_s),
        # The first check that passes ends it: who is quick is healthy at once.
        start_period=_duration(health.start_s),
        retries=RETRIES,
    )


def wait_s(workload: Workload) -> int:
    """As long as Docker waits before it calls it unhealthy: who gives up earlier replaces it in its migration."""
    health = workload.health
    return health.start_s + RETRIES * (health.interval_s + health.timeout_s)


def _duration(seconds: int) -> str:
    """As Docker writes it back: another form would be a change at every refresh."""
    minutes, left = divmod(seconds, 60)
    if minutes >= 60:
        return f"{minutes // 60}h{minutes % 60}m{left}s"
    return f"{minutes}m{left}s" if minutes else f"{left}s"


def process_of(workload: Workload) -> dict[str, Any]:
    """What every process of a workload has: whose it is, what it is told, and its limits."""
    adds = [f"CAP_{capability}" for capability in workload.capabilities]
    return {
        "envs": _environment(workload),
        "user": workload.user,
        "tmpfs": _scratch(workload),
        "memory": workload.memory_mb,
        # As much as the memory: none of it is swapped, and a leak ends in a restart instead of a slow host.
        "memory_swap": workload.memory_mb,
        "shm_size": workload.shm_mb,
        "cpus": cpus_of(workload.cpu),
        "read_only": workload.read_only_root,
        "capabilities": docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=adds or None),
        "ulimits": [docker.ContainerUlimitArgs(name="nofile", soft=65536, hard=65536)],
        **LIMITED,
        "init": True,
        "stop_timeout": workload.stop_timeout_s,
        "destroy_grace_seconds": workload.stop_timeout_s,
    }


def cpus_of(cpu: float) -> str:
    """As the provider writes it back, for another form replaces the container at every run (helpers.go,
    nanoInt64ToDecimalString: 2 is read as 2.0, 10 as 10.).
    """
    nine = f"{cpu:.9f}"
    return f"{cpu:.1f}" if nine.count("0") == 9 else nine.rstrip("0")
