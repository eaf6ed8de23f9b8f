"""A prepared machine as a Pulumi component: the bootstrap script, run over SSH whenever it or a parameter changes.

The machine itself exists already: nothing here buys, installs or destroys one, and deleting the resource leaves the
machine as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_command import remote

from hosts.bootstrap import Bootstrap, preparation
from settings import Settings

__all__ = ["Host", "HostArgs", "declare"]

DIAL_TIMEOUT_S = 5
DIAL_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class HostArgs:
    """How the machine is reached for its preparation, and what is prepared."""

    address: str
    host_key: str
    user: str  # root, or one with sudo without a password
    private_key: Input[str]  # the key that lets that user in, secret
    bootstrap: Bootstrap


class Host(ComponentResource):
    """A machine that runs Docker, when `ready` is known."""

    ready: Output[dict[str, str]]

    def __init__(self, name: str, args: HostArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:hosts:Host", name, None, opts)
        command = args.bootstrap.command(args.user)
        prepared = remote.Command(
            f"{name}-bootstrap",
            connection=remote.ConnectionArgs(
                host=args.address,
                port=args.bootstrap.ssh_port,
                user=args.user,
                host_key=args.host_key,
                private_key=Output.secret(args.private_key),
                per_dial_timeout=DIAL_TIMEOUT_S,
                dial_error_limit=DIAL_ATTEMPTS,
            ),
            create=command,
            update=command,
            triggers=[args.bootstrap.version],
            add_previous_output_in_env=False,  # sshd takes no variables from outside
            opts=ResourceOptions(parent=self),
        )
        facts = {"address": args.address, "version": args.bootstrap.version}
        self.ready = prepared.id.apply(lambda _: facts)
        self.register_outputs({"ready": self.ready})


def declare(settings: Settings) -> None:
    """Every host of the settings, and the output `hosts`: which are ready, at which version."""
    keys = settings.secrets.host_private_keys
    ready: dict[str, Output[dict[str, str]]] = {}
    for host in settings.remote_hosts:
        args = HostArgs(
            address=host.address,
            host_key=host.host_key,
            user=host.bootstrap_user,
            private_key=keys[host.name],
            bootstrap=preparation(host),
        )
        ready[host.name] = Host(host.name, args).ready
    pulumi.export("hosts", ready)
