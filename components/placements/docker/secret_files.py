"""A container's secret files: a small volume that another container has filled before, and that it mounts read-only.

So no secret stands in an environment variable that `docker inspect` shows, and a read-only root stays read-only. Docker
copies the files into that other container, the loader, as it is created; they are root's then. Who asks the provider
for another owner gets the user of the image, or an error of an older engine; so the loader itself gives them away, with
the one capability that it takes, and ends (see docs/adr/secret-files-on-docker.md).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_docker as docker
from pulumi import ComponentResource, Output, ResourceOptions

from components.placements import Refusal
from components.placements.docker.process import LIMITED, container_labels, ended_well, replaced
from components.secrecy import secret
from components.workload import Workload
from settings.naming import Names

__all__ = ["SecretFilesArgs", "secret_files", "volume_labels"]

FOLDER = Workload.SECRETS_FOLDER
MEMORY_MB = 64


@dataclass(frozen=True, kw_only=True)
class SecretFilesArgs:
    """Whose, and by which image."""

    names: Names
    workload: Workload
    labels: Mapping[str, str]
    image: docker.RemoteImage
    """The workload's own: the host has it anyway."""


def secret_files(
    name: str, args: SecretFilesArgs, parent: ComponentResource
) -> tuple[docker.ContainerVolumeArgs, Output[str]]:
    """What the container mounts, and a mark, another one with every other content: it starts anew and reads it."""
    owner = _owner(name, args.workload)
    called = args.names.container(f"{name}-secrets-loader")
    files = {f"{FOLDER}/{file}": content for file, content in args.workload.secret_files.items()}
    volume = docker.Volume(
        f"{name}-secrets",
        name=args.names.container(f"{name}-secrets"),
        labels=volume_labels(args.labels),
        opts=ResourceOptions(parent=parent),
    )
    loader = docker.Container(
        f"{name}-secrets-loader",
        name=called,
        image=args.workload.image,
        entrypoints=["/bin/sh", "-c", shlex.join(["chown", owner, *files])],
        user="0:0",
        capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=["CAP_CHOWN"]),
        network_mode="none",
        restart="no",
        attach=True,  # waits for its end
        must_run=False,
        memory=MEMORY_MB,
        memory_swap=MEMORY_MB,
        labels=container_labels(
            {**args.labels, "smarteros.writable-root": "Docker copies files into no container whose root is read-only"}
        ),
        volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path=FOLDER)],
        uploads=[
            docker.ContainerUploadArgs(file=file, content=secret(content), permissions="0400")
            for file, content in files.items()
        ],
        **LIMITED,
        opts=replaced(parent, args.image),
    )
    mount = docker.ContainerVolumeArgs(volume_name=volume.name, container_path=FOLDER, read_only=True)
    mark = Output.all(loader.id, loader.exit_code).apply(
        lambda found: ended_well(name, "secret_files", called, str(found[0]), found[1])
    )
    return mount, mark


def volume_labels(labels: Mapping[str, str]) -> list[docker.VolumeLabelArgs] | None:
    """As the provider wants them."""
    return [docker.VolumeLabelArgs(label=key, value=text) for key, text in labels.items()] or None


def _owner(name: str, workload: Workload) -> str:
    """Whoever reads the files, in numbers: what an image calls its users is not known here."""
    user, _, group = (workload.user or "").partition(":")
    if not re.fullmatch(r"\d+", user) or not re.fullmatch(r"\d*", group):
        why = (
            f"it has secret files, and which number reads them is not said ({workload.user or 'the user of its image'})"
        )
        raise Refusal(name, "user", why, 'in numbers, as in user="1000:1000"')
    return f"{user}:{group or user}"
