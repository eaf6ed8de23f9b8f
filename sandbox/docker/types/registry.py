"""What a registry says of an image. None is asked: the digest is made from the image's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import Function
from sandbox.core.records import Cloud
from sandbox.core.rules import Required
from sandbox.core.values import Props
from sandbox.docker.daemon import PROVIDER, digest

__all__ = ["FUNCTIONS"]


def _registry_image(args: Props, _: Cloud, __: Props) -> Mapping[str, Any]:
    name = str(args["name"])
    found = "sha256:" + digest("registry", name)
    return {"id": found, "name": name, "sha256Digest": found}


FUNCTIONS = (
    Function(
        token="docker:index/getRegistryImage:getRegistryImage",
        about="The digest of an image in its registry; here made from the name, the one that RemoteImage pulls.",
        sources=(f"{PROVIDER}/data_source_docker_registry_image.go",),
        answer=_registry_image,
        rules=(Required(path="name", says="is required: the image with its tag"),),
    ),
)
