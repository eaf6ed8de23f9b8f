"""One container of a host, closed as far as its image allows: no capability, no way up, limits, rotated logs.

What it runs is named, never told by its id: a name is fetched again where somebody has pruned the image, but an id,
which the state would keep, is in no registry.

Its secret files come by a volume (`secret_files`). What has to be prepared runs in a container of its own, to its end,
before the real one is made (see docs/adr/prepare-on-docker.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_docker as docker
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements.docker.process import (
    container_labels,
    ended_well,
    health_check,
    process_of,
    replaced,
    wait_s,
)
from components.placements.docker.reach import PublishedPort
from components.placements.docker.secret_files import SecretFilesArgs, secret_files, volume_labels
from components.workload import Volume, Workload
from settings.naming import Names

__all__ = ["ClosedContainer", "ClosedContainerArgs"]

DOCKER_SOCKET = "/var/run/docker.sock"


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
            files = SecretFilesArgs(names=args.names, workload=workload, labels=args.volume_labels, image=image)
            volume, labels["smarteros.secret-files"] = secret_files(name, files, self)
            volumes.append(volume)
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
            image=workload.image,
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
            labels=container_labels(labels),
            healthcheck=health_check(workload),
            restart="unless-stopped",
            wait=True,
            wait_timeout=wait_s(workload),
            must_run=True,
            **process_of(workload),
            opts=replaced(self, image),
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
            labels=volume_labels(args.volume_labels),
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
            image=args.workload.image,
            entrypoints=list(args.workload.prepare),
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(name=attachment.network) for attachment in args.networks.values()
            ],
            volumes=volumes,
            labels=container_labels(own),
            restart="no",
            must_run=False,
            # Waits for its end.
            attach=True,
            **process_of(args.workload),
            opts=replaced(self, image),
        )
        return Output.all(container.id, container.exit_code).apply(
            lambda found: ended_well(name, "prepare", container_name, str(found[0]), found[1])
        )
