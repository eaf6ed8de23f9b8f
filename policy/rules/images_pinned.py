"""Images name a version or a digest: `latest` runs something else tomorrow than it does today."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, each, part

_MOVING = {
    *("latest", "stable", "unstable", "main", "master", "edge", "nightly", "next"),
    *("dev", "develop", "snapshot", "canary", "current", "lts", "rolling", "head"),
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


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
    name, has_digest, digest = image.partition("@")
    if has_digest:
        return bool(_DIGEST.fullmatch(digest))
    _, _, tag = name.rpartition("/")[2].partition(":")
    return bool(re.search(r"[0-9]", tag)) and _MOVING.isdisjoint(re.split(r"[._-]", tag.lower()))


RULE = Rule(
    name="images-pinned",
    says="Container images name a version or a digest.",
    types=("docker:index/remoteImage:RemoteImage", "azure-native:app:ContainerApp"),
    check=_check,
)
