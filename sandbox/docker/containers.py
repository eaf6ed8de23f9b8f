"""What a simulated container is, read from its record: its image, its mounts, what it was given, who reaches it.

For whoever runs something real behind one. Nothing is started here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from sandbox.core.records import Cloud, Record

__all__ = [
    "CONTAINER",
    "IMAGE",
    "VOLUME",
    "at",
    "beside",
    "command",
    "environment",
    "files_below",
    "folder_of",
    "health",
    "image_name",
    "keeps_running",
    "runs_image",
    "upload",
    "uploads_into",
    "volumes",
]

CONTAINER = "docker:index/container:Container"
IMAGE = "docker:index/remoteImage:RemoteImage"
VOLUME = "docker:index/volume:Volume"


def image_name(cloud: Cloud, record: Record) -> str:
    """The image that a container runs, by its name, though the record may hold an id."""
    image = str(record.inputs.get("image", ""))
    for pulled in cloud.find(IMAGE):
        names = (pulled.outputs.get("imageId"), pulled.outputs.get("repoDigest"), pulled.inputs.get("name"))
        if pulled.scope == record.scope and image in names:
            return str(pulled.inputs["name"])
    return image


def runs_image(cloud: Cloud, record: Record, images: tuple[str, ...]) -> bool:
    """Whether a container is a service and has one of these images, of whatever version."""
    if not keeps_running(record):
        return False
    named = image_name(cloud, record).split("@")[0].rsplit(":", 1)[0].removeprefix("docker.io/")
    return named in images


def keeps_running(record: Record) -> bool:
    """Whether the container is a service: neither one that never starts, nor one whose end is waited for."""
    return record.inputs.get("start") is not False and record.inputs.get("attach") is not True


def at(cloud: Cloud, address: str, host: str) -> Iterator[Record]:
    """The containers that have a fixed address in a network of the machine at an address."""
    for record in cloud.find(CONTAINER):
        networks = record.inputs.get("networksAdvanced") or []
        here = record.scope.rsplit(":", 1)[0] == address
        if here and any(network.get("ipv4Address") == host for network in networks):
            yield record


def beside(cloud: Cloud, record: Record, name: str) -> Record | None:
    """Another container of the same machine, by its name."""
    found = (one for one in cloud.find(CONTAINER) if one.scope == record.scope)
    return next((one for one in found if one.inputs.get("name") == name), None)


def environment(record: Record) -> dict[str, str]:
    """The environment variables of a simulated container: name → value."""
    pairs = (str(one).partition("=") for one in record.inputs.get("envs") or [])
    return {name: value for name, _, value in pairs}


def command(record: Record) -> list[str]:
    """Its entry point, if it has one of its own, and its command."""
    return [str(word) for name in ("entrypoints", "command") for word in record.inputs.get(name) or ()]


def health(record: Record) -> tuple[str, ...]:
    """The words of its health check; none where it has none."""
    return tuple((record.inputs.get("healthcheck") or {}).get("tests") or ())


def volumes(record: Record) -> dict[str, str]:
    """The named volumes that it mounts: name → path in the container."""
    mounted = record.inputs.get("volumes") or []
    return {str(one["volumeName"]): str(one.get("containerPath")) for one in mounted if one.get("volumeName")}


def upload(record: Record, path: str) -> str:
    """The content of a file that was put into the container as it was made; "" when there is none."""
    found = (one for one in record.inputs.get("uploads") or [] if one.get("file") == path)
    return next((str(one.get("content") or "") for one in found), "")


def uploads_into(cloud: Cloud, scope: str, volume: str) -> dict[str, str]:
    """What containers of a machine put into a volume as they were made: path below the volume → content."""
    found: dict[str, str] = {}
    for other in cloud.find(CONTAINER):
        path = volumes(other).get(volume) if other.scope == scope else None
        for one in (other.inputs.get("uploads") or []) if path else []:
            if str(one.get("file")).startswith(f"{path}/"):
                found[str(one["file"]).removeprefix(f"{path}/")] = str(one.get("content") or "")
    return found


def folder_of(folder: Path, scope: str, name: str) -> Path:
    """Where what stands behind something of a machine keeps its data: apart for each machine and name."""
    mark = hashlib.sha256(f"{scope}\0{name}".encode()).hexdigest()[:8]
    shown = "".join(letter if letter.isalnum() else "-" for letter in name)[:40]
    return folder / f"{shown}-{mark}"


def files_below(cloud: Cloud, record: Record) -> Mapping[str, str]:
    """The files that the container finds in its volumes, put there by others: path → content."""
    return {
        f"{path}/{file}": content
        for volume, path in volumes(record).items()
        for file, content in uploads_into(cloud, record.scope, volume).items()
    }
