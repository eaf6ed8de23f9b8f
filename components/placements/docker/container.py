"""One container of a host, closed as far as its image allows: no capability, no way up, limits, rotated logs.

Secret files come by a second container that never starts: Docker copies files into it as it is created,
through it into a small volume, which the real container then mounts read-only. So no secret stands in an
environment variable that `docker inspect` shows, and a read-only root stays read-only (see
docs/adr/secret-files-on-docker.md).

What has to be prepared runs in a container of its own, to its end, before the real one is made
(see docs/adr/prepare-on-docker.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi_docker as docker
from pulumi import ComponentResource, Input, Output, ResourceOptions, log
from pulumi.runtime import is_dry_run

from components.placements import Refusal
from components.placements.docker.reach import PublishedPort
from components.secrecy import secret
from components.workload import Volume, Workload
from settings.naming import Names

__all__ = ["ClosedContainer", "ClosedContainerArgs"]

DOCKER_SOCKET = "/var/run/docker.sock"
RETRIES = 5


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A network, and the fixed address in it if there is one."""

    network: Output[str]
    address: str | None = None


@dataclass(frozen=True, kw_only=True)
class ClosedContainerArgs:
    """What runs, and in which networks of the host."""

    names: Names
    workload: Workload
    networks: Mapping[str, Attachment]
    labels: Mapping[str, str]
    ports: Sequence[PublishedPort]
    images: dict[str, docker.RemoteImage]
    """What the host has of the registries already: whoever is the first to run an image, fetches it."""
    docker_socket: str
    protect: bool
    volume_labels: Mapping[str, str] = field(default_factory=dict)


class ClosedContainer(ComponentResource):
    """A container that runs and says that it is healthy."""

    host: Output[str]

    def __init__(self, name: str, args: ClosedContainerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:docker:ClosedContainer", name, None, opts)
        inside = ResourceOptions(parent=self)
        workload, container_name = args.workload, args.names.container(name)
        image = args.images.get(workload.image) or docker.RemoteImage(
            f"{name}-image", name=workload.image, keep_locally=True, opts=inside
        )
        args.images[workload.image] = image
        volumes = [self._volume(name, args, volume) for volume in workload.volumes if volume.needs == "posix"]
        labels: dict[str, Input[str]] = dict(args.labels)
        if not workload.read_only_root:
            labels["smarteros.writable-root"] = workload.writable_root_because
        if workload.secret_files:
            volume, loader = self._secret_files(name, args, image)
            volumes.append(volume)
            # Another content is another loader: the container starts anew and reads it.
            labels["smarteros.secret-files"] = loader.id
        if workload.docker_socket:
            volumes.append(
                docker.ContainerVolumeArgs(host_path=args.docker_socket, container_path=DOCKER_SOCKET, read_only=True)
            )
        if workload.prepare:
            # Another preparation is another container: it starts anew, after the preparation has ended well.
            labels["smarteros.prepared"] = self._prepared(name, args, image, volumes, labels)
        container = docker.Container(
            f"{name}-container",
            name=container_name,
            image=image.image_id,
            command=list(workload.args) or None,
            entrypoints=list(workload.command) or None,
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(
                    name=attachment.network, aliases=[name], ipv4_address=attachment.address
                )
                for attachment in args.networks.values()
            ],
            ports=[
                docker.ContainerPortArgs(internal=one.internal, external=one.external, ip=one.address, protocol="tcp")
                for one in args.ports
            ],
            volumes=volumes,
            labels=_labels(labels),
            healthcheck=_healthcheck(workload),
            restart="unless-stopped",
            wait=True,
            wait_timeout=_wait_s(workload),
            must_run=True,
            **_process(workload),
            opts=_replaced(self),
        )
        self.host = Output.all(container_name, container.id).apply(lambda both: str(both[0]))
        self.register_outputs({"host": self.host})

    def _volume(self, name: str, args: ClosedContainerArgs, volume: Volume) -> docker.ContainerVolumeArgs:
        if volume.of:
            theirs = args.names.container(f"{volume.of}-{volume.name}")
            return docker.ContainerVolumeArgs(volume_name=theirs, container_path=volume.path)
        created = docker.Volume(
            f"{name}-{volume.name}",
            name=args.names.container(f"{name}-{volume.name}"),
            labels=_of_volume(args),
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        return docker.ContainerVolumeArgs(volume_name=created.name, container_path=volume.path)

    def _prepared(
        self,
        name: str,
        args: ClosedContainerArgs,
        image: docker.RemoteImage,
        volumes: list[docker.ContainerVolumeArgs],
        labels: Mapping[str, Input[str]],
    ) -> Output[str]:
        """Runs the preparation to its end. What it is called by, once it has ended well."""
        container_name = args.names.container(f"{name}-prepare")
        own = {key: text for key, text in labels.items() if not key.startswith("traefik.")}
        container = docker.Container(
            f"{name}-prepare",
            name=container_name,
            image=image.image_id,
            entrypoints=list(args.workload.prepare),
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(name=attachment.network) for attachment in args.networks.values()
            ],
            volumes=volumes,
            labels=_labels(own),
            restart="no",
            must_run=False,
            # Waits for its end.
            attach=True,
            **_process(args.workload),
            opts=_replaced(self),
        )
        return Output.all(container.id, container.exit_code).apply(
            lambda found: ended_well(name, container_name, str(found[0]), found[1])
        )

    def _secret_files(
        self, name: str, args: ClosedContainerArgs, image: docker.RemoteImage
    ) -> tuple[docker.ContainerVolumeArgs, docker.Container]:
        """A volume with the files in it, readable by the container's own user alone."""
        folder = Workload.SECRETS_FOLDER
        owner, _, group = (args.workload.user or "0:0").partition(":")
        volume = docker.Volume(
            f"{name}-secrets",
            name=args.names.container(f"{name}-secrets"),
            labels=_of_volume(args),
            opts=ResourceOptions(parent=self),
        )
        loader = docker.Container(
            f"{name}-secrets-loader",
            name=args.names.container(f"{name}-secrets-loader"),
            image=image.image_id,
            start=False,
            must_run=False,
            network_mode="none",
            restart="no",
            labels=[docker.ContainerLabelArgs(label=key, value=text) for key, text in args.volume_labels.items()]
            or None,
            volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path=folder)],
            uploads=[
                docker.ContainerUploadArgs(
                    file=f"{folder}/{file}",
                    content=secret(content),
                    permissions="0400",
                    owner=owner,
                    group=group or owner,
                )
                for file, content in args.workload.secret_files.items()
            ],
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )
        mount = docker.ContainerVolumeArgs(volume_name=volume.name, container_path=folder, read_only=True)
        return mount, loader


def _of_volume(args: ClosedContainerArgs) -> list[docker.VolumeLabelArgs] | None:
    return [docker.VolumeLabelArgs(label=key, value=text) for key, text in args.volume_labels.items()] or None


def _replaced(parent: ClosedContainer) -> ResourceOptions:
    """One that did not become healthy is made anew by the next run: its provider would update it, which does nothing,
    and call that a success.
    """
    return ResourceOptions(parent=parent, delete_before_replace=True, replace_on_changes=["#initerror"])


def ended_well(name: str, container_name: str, identity: str, exit_code: int | None) -> str:
    """The container's identity. Raises Refusal when it ended badly: the provider itself takes any end for a good one
    (resource_docker_container_funcs.go, `attach`).
    """
    if exit_code == 0:
        return identity
    why = f"its preparation ended with {exit_code}, so it is not started"
    mend = f"`docker logs {container_name}` on its host says why; ./smos up runs it again"
    if is_dry_run():
        log.warn(f"{name}/prepare: {why}. Mend: {mend}")
        return identity
    raise Refusal(name, "prepare", why, mend)


def _labels(labels: Mapping[str, Input[str]]) -> list[docker.ContainerLabelArgs]:
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


def _healthcheck(workload: Workload) -> docker.ContainerHealthcheckArgs:
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


def _wait_s(workload: Workload) -> int:
    """As long as Docker waits before it calls it unhealthy: who gives up earlier replaces it in its migration."""
    health = workload.health
    return health.start_s + RETRIES * (health.interval_s + health.timeout_s)


def _duration(seconds: int) -> str:
    """As Docker writes it back: another form would be a change at every refresh."""
    return f"{seconds // 60}m{seconds % 60}s" if seconds >= 60 else f"{seconds}s"


def _process(workload: Workload) -> dict[str, Any]:
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
        "cpus": f"{workload.cpu:g}",
        "read_only": workload.read_only_root,
        "capabilities": docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=adds or None),
        "security_opts": ["no-new-privileges:true"],
        "ulimits": [docker.ContainerUlimitArgs(name="nofile", soft=65536, hard=65536)],
        "log_driver": "local",
        "log_opts": {"max-size": "10m", "max-file": "3"},
        "init": True,
        "stop_timeout": workload.stop_timeout_s,
        "destroy_grace_seconds": workload.stop_timeout_s,
    }
