"""How the Docker provider reaches a host: SSH with the host's key pinned, and no file that says so; or a socket of the
machine on which it runs.

Which private key it uses is the business of the operator's SSH agent and configuration.
"""

from __future__ import annotations

import pulumi_docker as docker
from pulumi import ResourceOptions

from settings.hosts import LocalHost, RemoteHost

__all__ = ["docker_provider", "ssh_options"]


def ssh_options(host: RemoteHost) -> list[str]:
    """Only the key of the settings is accepted, whatever the files of the operator know (ssh_config(5))."""
    return [
        *("-o", "StrictHostKeyChecking=yes"),
        *("-o", "UserKnownHostsFile=/dev/null"),
        *("-o", "GlobalKnownHostsFile=/dev/null"),
        # The command prints a line of a known_hosts file; %H is the name, with its port, that ssh looks for.
        *("-o", f"KnownHostsCommand=/bin/echo %H {host.host_key}"),
        *("-o", "BatchMode=yes"),
        *("-o", "ConnectTimeout=10"),
    ]


def docker_provider(name: str, host: RemoteHost | LocalHost, opts: ResourceOptions | None = None) -> docker.Provider:
    """The provider of one host."""
    if isinstance(host, LocalHost):
        return docker.Provider(name, host=host.docker_host, opts=opts)
    address = f"ssh://{host.user}@{host.address}:{host.ssh_port}"
    return docker.Provider(name, host=address, ssh_opts=ssh_options(host), opts=opts)
