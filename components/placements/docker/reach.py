"""How what runs on a host is reached: by names of the zone and SSH forwards, or on 127.0.0.1 of one's own machine.

Which of the two a host is, is answered here once; the rest of the placement asks a `Reach`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pulumi_cloudflare as cloudflare
from pulumi import ResourceOptions

from components.placements import Refusal
from components.workload import Workload
from settings import Forward, Settings
from settings.hosts import LocalHost, RemoteHost
from settings.parts import Host

__all__ = ["PublishedPort", "Reach", "reach_of"]

LOOPBACK = "127.0.0.1"
HTTP_PORT = 80


@dataclass(frozen=True, kw_only=True)
class PublishedPort:
    """A port of a container, and the one of the host that leads there."""

    internal: int
    external: int
    address: str | None = None
    """Of the host; None: every address that it has."""


class Reach(Protocol):
    """How visitors reach what runs on a host: by its proxy's certificate, or on the loopback of one's own machine."""

    entry_point: str
    """Of the reverse proxy, for what browsers open."""
    socket: str
    """Docker's, as containers may mount it."""

    def is_internal(self, network: str) -> bool:
        """Whether nothing in that network (edge, data, socket) reaches the internet."""

    def ports(self, name: str, workload: Workload, forward: Forward | None) -> list[PublishedPort]:
        """What Docker publishes. `forward`: how operators and the program itself reach the workload, if they do."""

    def is_routed(self, name: str, workload: Workload) -> bool:
        """Whether the reverse proxy leads to it."""

    def url(self, name: str, hostname: str) -> str:
        """The address at which browsers find a service on this host."""

    def lead(self, name: str, hostname: str, opts: ResourceOptions) -> None:
        """Makes the name lead to this host."""


def reach_of(settings: Settings, host: Host) -> Reach:
    """How what runs on this host is reached."""
    here = settings.own_machine
    if here is not None and here.name == host.name:
        return OnOwnMachine(settings, here)
    return OnServer(settings, settings.remote_host(host.name))


class OnServer:
    """A server: the reverse proxy alone publishes ports, and everything that is private goes through SSH."""

    entry_point = "websecure"
    socket = "/var/run/docker.sock"

    def __init__(self, settings: Settings, host: RemoteHost) -> None:
        self._settings, self._host = settings, host

    def is_internal(self, network: str) -> bool:
        """All but the one that the reverse proxy reaches."""
        return network != "edge"

    def ports(self, name: str, workload: Workload, forward: Forward | None) -> list[PublishedPort]:
        """As the workload asks for. A forward needs none: SSH reaches the fixed address from the host itself."""
        return [PublishedPort(internal=port, external=port) for port in workload.published_ports]

    def is_routed(self, name: str, workload: Workload) -> bool:
        """What has a name; not the proxy itself."""
        return bool(workload.hostname) and not workload.published_ports

    def url(self, name: str, hostname: str) -> str:
        """The address behind Cloudflare at which browsers find a service."""
        return self._settings.named_address(hostname).url

    def lead(self, name: str, hostname: str, opts: ResourceOptions) -> None:
        """A record through Cloudflare's proxy. Where the zone's wildcard leads here, it is enough for every name."""
        if self._settings.has_wildcard:
            return
        cloudflare.DnsRecord(
            f"{name}-name",
            zone_id=self._settings.zone.zone_id,
            name=hostname,
            type="A",
            content=self._host.address,
            ttl=1,
            proxied=True,
            opts=opts,
        )


class OnOwnMachine:
    """The developer's machine: everything that is reached at all is published on the loopback, and nowhere else.

    Docker publishes no port of a container whose networks are all internal (moby/moby#36174), so only the network of
    Docker's own API is: databases could reach the internet from here, which they can't on a server.
    """

    entry_point = "web"

    def __init__(self, settings: Settings, host: LocalHost) -> None:
        self._settings, self._host = settings, host
        self.socket = host.socket

    def is_internal(self, network: str) -> bool:
        """The one with Docker's API."""
        return network == "socket"

    def ports(self, name: str, workload: Workload, forward: Forward | None) -> list[PublishedPort]:
        """The proxy's, what operators reach, and what has a port of its own. Refuses what such a port can't lead to."""
        wanted = [(port, self._host.http_port if port == HTTP_PORT else port) for port in workload.published_ports]
        if forward is not None:
            wanted.append((forward.target_port, forward.local_port))
        if name in self._host.ports:
            if workload.port is None or workload.routes:
                why = f"it has the port {self._host.ports[name]} to itself, and {_not_one_port(workload)}"
                raise Refusal(name, "port", why, f"leave {name} out of the host's ports: then it has a name")
            wanted.append((workload.port, self._host.ports[name]))
        return [PublishedPort(internal=inside, external=port, address=LOOPBACK) for inside, port in wanted]

    def is_routed(self, name: str, workload: Workload) -> bool:
        """What has a name, and no port to itself."""
        return bool(workload.hostname) and not workload.published_ports and name not in self._host.ports

    def url(self, name: str, hostname: str) -> str:
        """At its own port, or behind the reverse proxy."""
        if name in self._host.ports:
            return f"http://localhost:{self._host.ports[name]}"
        return self._settings.named_address(hostname).url

    def lead(self, name: str, hostname: str, opts: ResourceOptions) -> None:
        """Nothing: names below localhost lead here by themselves."""


def _not_one_port(workload: Workload) -> str:
    return "paths of it lead to other ports" if workload.routes else "it listens at none"
