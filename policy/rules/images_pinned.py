"""Images name a version or a digest: `latest` runs something else tomorrow than it does today."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, each, part

_MOVING = ("latest", "stable", "main", "master", "edge", "nightly")


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    if resource.token == "docker:index/remoteImage:RemoteImage":
        images = [resource.inputs.get("name")]
    else:
        template = part(resource.inputs.get("template"))
        containers = [*each(template.get("containers")), *each(template.get("initContainers"))]
        images = [part(one).get("image") for one in containers]
    for image in images:
        if isinstance(image, str) and not _pinned(image):
            yield f"{image}: give the image a version or a digest, as in {image.split(':')[0]}:1.2.3"


def _pinned(image: str) -> bool:
    if "@sha256:" in image:
        return True
    _, _, tag = image.rpartition("/")[2].partition(":")
    return bool(tag) and tag not in _MOVING


RULE = Rule(
    name="images-pinned",
    says="Container images name a version or a digest.",
    types=("docker:index/remoteImage:RemoteImage", "azure-native:app:ContainerApp"),
    check=_check,
)
