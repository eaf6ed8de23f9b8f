"""Docker images and volumes on a simulated daemon. Nothing is pulled: what a registry has is not known."""

from __future__ import annotations

import re

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Must, NeedsInCloud, OneOf, Pattern, UniqueItems
from sandbox.core.values import Props, Value
from sandbox.docker.containers import CONTAINER, IMAGE, VOLUME
from sandbox.docker.daemon import PROVIDER, daemon, on_host
from sandbox.docker.names import (
    LABEL_GO,
    REFERENCE,
    REFERENCE_GO,
    VOLUME_NAME,
    image_id,
    is_hexadecimal,
    repo_digest,
    repository,
)

__all__ = ["IMAGE", "TYPES", "VOLUME"]


def _in_use(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = inputs.get("name")
    for container in on_host(cloud, CONTAINER, config):
        volumes = [item.get("volumeName") for item in container.inputs.get("volumes") or []]
        mounts = [item.get("source") for item in container.inputs.get("mounts") or [] if item.get("type") == "volume"]
        if name in (*volumes, *mounts):
            return f"Error response from daemon: remove {name}: volume is in use - [{container.id}]"
    return None


def _image_in_use(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    if inputs.get("keepLocally") or inputs.get("forceRemove"):
        return None
    return _used(inputs, cloud, config)


def _kept(inputs: Props, cloud: Cloud, config: Props) -> bool:
    """Another stack's containers still use it, and know it as theirs."""
    return bool(inputs.get("keepLocally")) and _used(inputs, cloud, config) is not None


def _used(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = str(inputs.get("name"))
    same = [
        image for image in on_host(cloud, IMAGE, config) if image_id(str(image.inputs.get("name"))) == image_id(name)
    ]
    if len(same) > 1:
        return None  # another name keeps the image: this one is only untagged
    for container in on_host(cloud, CONTAINER, config):
        if container.inputs.get("image") in (name, image_id(name), repo_digest(name)):
            return (
                "Unable to remove Docker image: conflict: unable to remove repository reference "
                f'"{name}" (must force) - '
                f"container {container.id[:12]} is using its referenced image"
            )
    return None


def _volume_driver_options(value: Value, inputs: Props) -> bool | str:
    if inputs.get("driver", "local") != "local":
        return True
    unknown = sorted(set(value) - {"type", "o", "device"})
    if unknown:
        return f'invalid option: "{unknown[0]}"'
    size = re.search(r"(?:^|,)size=([^,]*)", str(value.get("o", "")))
    if value.get("type") == "tmpfs" and size and not re.fullmatch(r"\d+[kmgtKMGT%]?", size[1]):
        return f"mount of the volume: size={size[1]}: invalid argument"
    if value.get("type") in ("nfs", "nfs4") and "addr=" not in str(value.get("o", "")):
        return "mount of the volume: an NFS server needs addr= in o"
    missing = [name for name in ("type", "device") if name not in value]
    return f'missing required option: "{missing[0]}"' if value and missing else True


def _volume_id(computing: Computing) -> str:
    return str(computing.inputs["name"])


REMOTE_IMAGE = ResourceType(
    token=IMAGE,
    about="An image pulled onto a Docker host. Deleting it fails while a container uses it.",
    sources=(f"{PROVIDER}/resource_docker_image.go", f"{PROVIDER}/resource_docker_image_funcs.go"),
    properties=("name", "forceRemove", "keepLocally", "platform", "pullTriggers", "triggers"),
    rules=(
        Pattern(
            path="name",
            regex=REFERENCE,
            says="is not an image reference ([host/]path[:tag][@sha256:…], the path in lower case)",
            code="invalid reference format",
            source=REFERENCE_GO,
        ),
        Must(
            path="name",
            name="must:name:hexadecimal",
            test=lambda value, _: not is_hexadecimal(str(value)),
            says="is an id: no repository may be named so",
            code="invalid repository name, cannot specify 64-byte hexadecimal strings",
            source="https://github.com/distribution/reference/blob/main/normalize.go",
        ),
        Must(
            path="name",
            test=lambda value, _: len(repository(str(value))) <= 255,
            says="is longer than 255 characters without its tag",
            code="repository name must not be more than 255 characters",
            source=REFERENCE_GO,
        ),
        Pattern(
            path="platform",
            regex=r"|[a-z0-9_]+(/[a-z0-9_]+(/v[0-9]+)?)?",
            says="must be os[/arch[/variant]], e.g. linux/amd64",
            source="https://github.com/containerd/platforms/blob/main/platforms.go",
        ),
    ),
    id=lambda c: image_id(str(c.inputs["name"])) + str(c.inputs["name"]),
    computed={
        "imageId": lambda c: image_id(str(c.inputs["name"])),
        "repoDigest": lambda c: repo_digest(str(c.inputs["name"])),
    },
    replaces=("name", "platform", "pullTriggers", "triggers"),
    scope=daemon,
    deletion=(
        NeedsInCloud(
            path="name",
            name="deletion:in-use",
            test=_image_in_use,
            says="delete the containers of this image first, or set keepLocally",
            source=f"{PROVIDER}/resource_docker_image_funcs.go",
        ),
    ),
    # findImage takes an image that is there; removeImage leaves one that is kept locally.
    overwrites=True,
    stays=_kept,
    not_checked=(
        "an image that is kept locally is forgotten here once no container uses it: there it stays on the disk",
        "whether the registry has the image, and for which platforms",
        "builds (`build`): refused as not simulated",
    ),
)

VOLUME_TYPE = ResourceType(
    token=VOLUME,
    about="A named volume on a Docker host. One in use can't be deleted; deleting it deletes the data.",
    sources=(
        f"{PROVIDER}/resource_docker_volume.go",
        "https://docs.docker.com/reference/cli/docker/volume/create/",
    ),
    properties=("name", "driver", "driverOpts", "labels"),
    named_by="name",
    autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
    rules=(
        Pattern(
            path="name",
            regex=VOLUME_NAME,
            says="must be at least two of letters, digits, _ . - and begin with a letter or digit",
            source="https://github.com/moby/moby/blob/master/daemon/volume/local/local.go",
        ),
        OneOf(
            path="driver",
            values=("local",),
            says="names a volume plugin that this host does not have; only `local` is simulated",
            source="https://docs.docker.com/reference/cli/docker/volume/create/",
        ),
        Must(
            path="driverOpts",
            test=_volume_driver_options,
            says="the local driver takes type, device and o, the first two together",
            source="https://github.com/moby/moby/blob/master/daemon/volume/local/local.go",
        ),
        UniqueItems(path="labels", key="label", source=LABEL_GO),
    ),
    id=_volume_id,
    computed={
        "mountpoint": lambda c: f"/var/lib/docker/volumes/{c.inputs['name']}/_data",
        "driver": lambda c: c.inputs.get("driver", "local"),
    },
    replaces=("name", "driver", "driverOpts", "labels"),
    scope=daemon,
    deletion=(
        NeedsInCloud(
            path="name",
            name="deletion:in-use",
            test=_in_use,
            says="delete the containers that mount it first",
            source="https://docs.docker.com/reference/cli/docker/volume/rm/",
        ),
    ),
    not_checked=(
        "Docker takes an existing volume of the same name as created; here it must be imported",
        "cluster volumes (`cluster`): refused as not simulated",
        "whether `device` exists on the host",
    ),
)

TYPES = (REMOTE_IMAGE, VOLUME_TYPE)
