"""How the Docker provider reaches a host: SSH with the host's key pinned, and no file that says so; or a socket of the
machine on which it runs.

Which private key it uses is the business of the operator's SSH agent and configuration.
"""

from __future__ import annotations

import pulumi_docker as docker
from pulumi import ResourceOptions

from settings.parts import Host

__all__ = ["docker_provider", "ssh_options"]


def ssh_options(host_key: str) -> list[str]:
    """Only the key of the settings is accepted, whatever the files of the operator know (ssh_config(5))."""
    return [
        *("-o", "StrictHostKeyChecking=yes"),
        *("-o", "UserKnownHostsFile=/dev/null"),
        *("-o", "GlobalKnownHostsFile=/dev/null"),
        # The command prints a line of a known_hosts file; %H is the name, with its port, that ssh looks for.
        *("-o", f"KnownHostsCommand=/bin/echo %H {host_key}"),
        *("-o", "BatchMode=yes"),
        *("-o", "ConnectTimeout=10"),
    ]


def docker_provider(name: str, host: Host, opts: ResourceOptions | None = None) -> docker.Provider:
    """The provider of one host."""
    pinned = ssh_options(host.pinned_key) if host.pinned_key else None
    return docker.Provider(name, host=host.docker_address, ssh_opts=pinned, opts=opts)
