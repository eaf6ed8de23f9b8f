"""Images are the vendors' that somebody looked at, and name a version: `latest` runs something else tomorrow.

A version has two numbers or more, for `7` moves as `latest` does. On real accounts it has the digest beside it, which
is what counts: a tag can be moved by whoever owns it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.known.images import REPOSITORIES
from policy.rule import Facts, Resource, Rule, each, part

_MOVING = {
    *("latest", "stable", "unstable", "main", "master", "edge", "nightly", "next"),
    *("dev", "develop", "snapshot", "canary", "current", "lts", "rolling", "head"),
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ID = re.compile(r"sha256:[0-9a-f]+")
"""What a container of a host is given, when it is the image that was pulled."""
_VERSION = re.compile(r"\d+\.\d+")
_REMOTE, _CONTAINER = "docker:index/remoteImage:RemoteImage", "docker:index/container:Container"


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    if resource.token == _REMOTE:
        images = [resource.inputs.get("name")]
    elif resource.token == _CONTAINER:
        images = [resource.inputs.get("image")]
    else:
        template = part(resource.inputs.get("template"))
        containers = [*each(template.get("containers")), *each(template.get("initContainers"))]
        images = [part(one).get("image") for one in containers]
    for image in images:
        if isinstance(image, str) and not (resource.token == _CONTAINER and _ID.fullmatch(image)):
            yield from _judged(image, facts)


def _judged(image: str, facts: Facts) -> Iterator[str]:
    name, has_digest, digest = image.partition("@")
    repository, tag = _split(name)
    if has_digest and not _DIGEST.fullmatch(digest):
        yield f"{image}: its digest is none, sha256: and 64 digits"
    elif not (has_digest and not tag) and not _is_version(tag):
        yield f"{image}: give the image a version or a digest, as in {repository}:1.2.3"
    elif facts.is_real and not has_digest:
        yield f"{image} has no digest, and its tag can be moved: ./smos images lock"
    if repository not in REPOSITORIES:
        yield f"{repository} is none of the images that the rules know: add it to policy/known/images.py"


def _split(name: str) -> tuple[str, str]:
    """Repository and tag: a registry's port is no tag."""
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{folder}{slash}{last}", tag


def _is_version(tag: str) -> bool:
    return bool(_VERSION.search(tag)) and _MOVING.isdisjoint(re.split(r"[._-]", tag.lower()))


RULE = Rule(
    name="images-pinned",
    says="Container images are known ones, and name a version or a digest; on real accounts a digest.",
    types=(_REMOTE, _CONTAINER, "azure-native:app:ContainerApp"),
    check=_check,
    needs_facts=True,
)
