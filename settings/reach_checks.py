"""Whether what is reached by others has a zone, and what is on the developer's own machine has its ports to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from settings.database_server import DatabaseServer
from settings.findings import Finding
from settings.hosts import AnyHost
from settings.parts import Azure, Cloudflare, Tunnel
from settings.problems import did_you_mean
from settings.services import PlatformServices

__all__ = ["REACH_CHECKS", "own_ports"]


def own_ports(hosts: tuple[AnyHost, ...]) -> set[str]:
    """The services that answer at a port of localhost, and need no name."""
    return {key for host in hosts for key in host.own_ports}


def one_reach(hosts: tuple[AnyHost, ...]) -> Iterator[Finding]:
    """An environment on the developer's own machine is there as a whole: its names and ports lead nowhere else."""
    if not any(host.own_machine for host in hosts):
        return
    for index, host in enumerate(hosts[1:], 1):
        why = f"{hosts[0].name} and {host.name}: with reach: local, all of an environment is on that one machine"
        yield ("hosts", index, "reach"), host.reach, why, "an environment of its own for the other"


def zone_is_known(
    cloudflare: Cloudflare | None, azure: Azure | None, hosts: tuple[AnyHost, ...], services: PlatformServices
) -> Iterator[Finding]:
    """Names that others open are in a zone; those of the developer's own machine are in none."""
    there = ["azure"] * (azure is not None)
    there += [f"hosts/{index}" for index, host in enumerate(hosts) if not host.own_machine]
    placed = ((key, service.place) for key, service in services.running())
    there += [f"services/{key}" for key, place in placed if place is not None and place.needs_section == "cloudflare"]
    if cloudflare is None and there:
        mend = "zoneId and accountId (overview page of the zone at Cloudflare); or one host with reach: local alone"
        yield ("cloudflare",), {}, f"missing, and it is needed for {', '.join(there)}", mend
    if cloudflare is not None and any(host.own_machine for host in hosts):
        why = "names of a zone would lead to a machine that answers on 127.0.0.1 alone (reach: local)"
        yield ("cloudflare", "zoneId"), cloudflare.zone_id, why, "leave smarteros:cloudflare out, or reach: ssh"


def domain_is_reachable(domain: str, hosts: tuple[AnyHost, ...]) -> Iterator[Finding]:
    """Names below localhost lead to the machine of whoever asks (RFC 6761, 6.3); all others to somebody's server."""
    of_localhost = domain == "localhost" or domain.endswith(".localhost")
    local = any(host.own_machine for host in hosts)
    if local and not of_localhost:
        why = "no name of it leads to the developer's own machine (reach: local)"
        yield ("domain",), domain, why, "localhost"
    elif of_localhost and not all(host.own_machine for host in hosts):
        yield ("domain",), domain, "it leads whoever opens it to his own machine", "the zone's name; or reach: local"


def local_ports(
    hosts: tuple[AnyHost, ...], tunnel: Tunnel, database_servers: tuple[DatabaseServer, ...], services: PlatformServices
) -> Iterator[Finding]:
    """Each port of 127.0.0.1 is one thing's, and each thing that has one listens."""
    taken = {tunnel.first_port + place: f"databaseServers/{one.name}" for place, one in enumerate(database_servers)}
    for key, operated in services.operated().items():
        taken[tunnel.first_port + operated.local_port] = f"services/{key}"
    for index, host in enumerate(hosts):
        for path, port in host.listening.items():
            why, mend = _port_problem(path, services) or (None, "")
            if why is None and port in taken:
                why, mend = f"{taken[port]} has this port of 127.0.0.1", "another one"
            if why is not None:
                yield ("hosts", index, *path), port, why, mend
            taken.setdefault(port, f"hosts/{index}/{'/'.join(path)}")


def _port_problem(path: tuple[str, ...], services: PlatformServices) -> tuple[str, str] | None:
    """Why a service can't have a port of its own. One that does not run in this environment may keep its line."""
    if len(path) == 1:
        return None
    fields, key = type(services).model_fields, path[-1]
    if key not in fields:
        return "no service is called so", did_you_mean(key, fields)
    service = getattr(services, key)
    if service is not None and service.port is None:
        return "this service listens at no port of its own", "leave it out"
    return None


REACH_CHECKS: tuple[Callable[..., Iterator[Finding]], ...] = (
    one_reach,
    zone_is_known,
    domain_is_reachable,
    local_ports,
)
