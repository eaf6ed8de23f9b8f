"""The simulated Docker provider: a daemon on each `sandbox:host` that has Docker, reached over ssh://, and this
machine's own `sandbox:engine`, at its socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.found import types_in
from sandbox.core.kinds import Function, Package
from sandbox.core.records import Cloud
from sandbox.core.rules import Forbidden, Must, Pattern, Required
from sandbox.core.values import Props
from sandbox.docker.daemon import PROVIDER, connect, digest, ssh_options

__all__ = ["PACKAGE"]


def _registry_image(args: Props, _: Cloud, __: Props) -> Mapping[str, Any]:
    name = str(args["name"])
    found = "sha256:" + digest("registry", name)
    return {"id": found, "name": name, "sha256Digest": found}


PACKAGE = Package(
    name="docker",
    types=types_in("docker"),
    functions=(
        Function(
            token="docker:index/getRegistryImage:getRegistryImage",
            about="The digest of an image in its registry; here made from the name, the one that RemoteImage pulls.",
            sources=(f"{PROVIDER}/data_source_docker_registry_image.go",),
            answer=_registry_image,
            rules=(Required(path="name", says="is required: the image with its tag"),),
        ),
    ),
    config=(
        Required(
            path="host",
            says="is required here: ssh://user@address[:port], or unix:///path (which engine is meant without it, the "
            "provider takes from DOCKER_HOST)",
        ),
        Pattern(
            path="host",
            regex=r"ssh://([a-z_][a-z0-9_-]*@)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?/?|unix:///\S+",
            says="must be ssh://user@address[:port] or unix:///path; tcp:// and npipe:// are not simulated",
            source="https://github.com/docker/cli/blob/master/cli/connhelper/connhelper.go",
        ),
        Must(
            path="",
            name="must:sshOpts",
            test=lambda _, config: ssh_options(config) is not None,
            says="sshOpts must be a list of texts such as -o, StrictHostKeyChecking=yes",
            source=f"{PROVIDER}/provider.go",
        ),
        *(
            Forbidden(
                path=name,
                says="TLS and contexts are not simulated: use ssh://",
                source=f"{PROVIDER}/provider.go",
            )
            for name in ("caMaterial", "certMaterial", "keyMaterial", "certPath", "context")
        ),
    ),
    connect=connect,
)
