"""The simulated Docker provider: a daemon on each `sandbox:host` that has Docker, reached over ssh://, and this
machine's own `sandbox:engine`, at its socket.
"""

from __future__ import annotations

from sandbox.core.kinds import Package, functions_of, types_of
from sandbox.core.rules import Forbidden, Must, Pattern, Required
from sandbox.docker import types
from sandbox.docker.daemon import PROVIDER, connect, ssh_options

__all__ = ["PACKAGE"]


PACKAGE = Package(
    name="docker",
    types=types_of(types),
    functions=functions_of(types),
    config=(
        Required(
            path="host",
            says="is required here: ssh://user@address[:port], or unix:///path (which engine is meant without it, the "
            "provider takes from DOCKER_HOST)",
        ),
        Pattern(
            path="host",
            regex=r"ssh://([a-z_][a-z0-9_-]*@)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:0*[1-9]\d{0,4})?/?|unix:///\S+",
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
