"""What is only visible across parts of the settings. Each check takes the parts that it needs, by their
names.

So a check runs whenever its own parts are readable, whatever is wrong elsewhere: all mistakes at once.
`services` holds the services that are readable; `all_services` is there only when every one is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from settings.accounts import handed_to
from settings.capacity_checks import CAPACITY_CHECKS
from settings.database_server import DatabaseServer
from settings.default_images import images_are_known
from settings.findings import Finding
from settings.hosts import AnyHost
from settings.needs_checks import NEEDS_CHECKS
from settings.parts import Azure, Host, Tunnel
from settings.places import Place
from settings.problems import did_you_mean
from settings.profiles import profile_is_known, profile_is_whole
from settings.reach_checks import REACH_CHECKS, own_ports
from settings.services import PlatformServices
from settings.systems import SYSTEMS
from settings.wiring import WIRING_CHECKS

__all__ = ["CHECKS", "Checks"]

LONGEST_LABEL = 63


def unique_names(
    system: str, hosts: tuple[Host, ...], database_servers: tuple[DatabaseServer, ...]
) -> Iterator[Finding]:
    """Two things of one kind may not have the same name."""
    operated = SYSTEMS[system].services.operated()
    for key, things in (("hosts", hosts), ("databaseServers", database_servers)):
        names = [thing.name for thing in things]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (key, index, "name"), name, "this name is taken further up", "another name"
            elif key == "databaseServers" and name in operated:
                yield (key, index, "name"), name, "this is the name of a service's own forward", "another name"


def known_hosts(
    hosts: tuple[Host, ...], database_servers: tuple[DatabaseServer, ...], services: PlatformServices
) -> Iterator[Finding]:
    """Whoever runs on a host, or is reached through one, names one that exists."""
    names = [host.name for host in hosts]
    for index, server in enumerate(database_servers):
        for key, given in server.placement.named_hosts.items():
            if given not in names:
                path = ("databaseServers", index, "placement", key)
                yield path, given, "no host has this name", did_you_mean(given, names)
    for service, placement in placements(services):
        for key, given in placement.named_hosts.items():
            if given not in names:
                at = ("services", service, "placement", key)
                yield at, given, "no host has this name", did_you_mean(given, names)


def known_databases(database_servers: tuple[DatabaseServer, ...], services: PlatformServices) -> Iterator[Finding]:
    """A service names a database server that exists, and that it can reach from where it runs."""
    servers = {server.name: server for server in database_servers}
    for key, service in services.running():
        named = getattr(service, "database", None)
        if named is None:
            continue
        path, server = ("services", key, "database"), servers.get(named)
        if server is None:
            yield path, named, "no database server has this name", did_you_mean(named, servers)
        elif service.place is not None and not server.placement.lets_in(service.place):
            where = f"it runs on {service.place.where}, {server.name} is in a network that only its host can reach"
            yield path, named, where, "a database server in the same place"


def hostnames(domain: str, standby: bool, services: PlatformServices) -> Iterator[Finding]:
    """Each name is used once, lies in the zone, and is covered by the zone's certificates."""
    seen: dict[str, str] = {}
    for service in type(services).model_fields:
        given = getattr(getattr(services, service), "hostname", None)
        if given is None:
            continue
        path = ("services", service, "hostname")
        label = given.removesuffix(f".{domain}")
        if label in seen:
            yield path, given, f"{seen[label]} has this name already", "another name"
        elif "." in label and label == given:
            yield path, given, f"this name is outside the zone {domain}", f"a name below {domain}, as in n8n"
        elif "." in label:
            why = f"the certificate of *.{domain} covers one level of names only"
            yield path, given, why, f"a single word, as in {label.replace('.', '-')}"
        elif len(label) > (LONGEST_LABEL - len("-standby") if standby else LONGEST_LABEL):
            why = f"a name in the DNS has at most {LONGEST_LABEL} characters" + (", -standby included" * standby)
            yield path, given, why, "a shorter one"
        seen.setdefault(label, service)


def proxied_hosts(all_services: PlatformServices, hosts: tuple[AnyHost, ...]) -> Iterator[Finding]:
    """What is reached by a name on a host needs that host's reverse proxy."""
    proxy = all_services.traefik.placement.private_network if all_services.traefik else None
    for key, service in all_services.running():
        where = service.place if key not in own_ports(hosts) else None
        if service is all_services.traefik or where is None or not getattr(service, "hostname", None):
            continue
        if where.needs_reverse_proxy and where.private_network != proxy:
            said, given = where.exactly
            why = "no reverse proxy runs on this host, so nobody would reach it"
            yield ("services", key, "placement", said), given, why, "services.traefik on that host"


def of_its_system(system: str, services: PlatformServices) -> Iterator[Finding]:
    """What the system itself says of its services together."""
    for check in SYSTEMS[system].checks:
        yield from check(services)


def queues(all_services: PlatformServices) -> Iterator[Finding]:
    """What needs a Redis has one on its host; or, where its place has some for one service alone, one of those."""
    there = all_services.redis.placement.private_network if all_services.redis else None
    for key, service in all_services.running():
        where = service.place
        if where is None or not service.uses_redis() or (where.runs_queues and not where.shares_redis):
            continue
        said, given = where.exactly
        path = ("services", key, "placement", said)
        if not where.shares_redis:
            yield path, given, f"it needs Redis, and {where.called} has none", "another placement"
        elif where.private_network != there:
            yield path, given, "it needs Redis, and none runs on this host", "services.redis on that host"


def container_sizes(services: PlatformServices) -> Iterator[Finding]:
    """What runs where certain pairs of CPU and memory are taken only has one of them."""
    for key, service in services.running():
        where = service.place
        for container in service.footprint(key):
            problem = where.size_problem(container.cpu, container.memory_mb) if where is not None else None
            if problem:
                size = {"cpu": container.cpu, "memoryMb": container.memory_mb}
                yield ("services", key), size, *problem


def azure_is_known(
    azure: Azure | None, database_servers: tuple[DatabaseServer, ...], services: PlatformServices
) -> Iterator[Finding]:
    """What runs in Azure needs to know where in Azure."""
    there = [f"databaseServers/{one.name}" for one in database_servers if one.placement.needs_section == "azure"]
    there += [f"services/{key}" for key, placement in placements(services) if placement.needs_section == "azure"]
    if azure is None and there:
        mend = "subscriptionId, tenantId and location, or another placement for these"
        yield ("azure",), {}, f"missing, and in Azure run {', '.join(there)}", mend


def separate_networks(azure: Azure | None, hosts: tuple[Host, ...]) -> Iterator[Finding]:
    """Azure's network and a host's are told apart."""
    if azure is None:
        return
    ours = ipaddress.IPv4Network(azure.network_cidr)
    for index, host in enumerate(hosts):
        if ours.overlaps(ipaddress.IPv4Network(host.network_cidr)):
            path = ("hosts", index, "networkCidr")
            yield (
                path,
                host.network_cidr,
                f"overlaps smarteros:azure's {ours}",
                "another /16, as in 172.30.0.0/16",
            )


def tunnel_ports(tunnel: Tunnel, database_servers: tuple[DatabaseServer, ...]) -> Iterator[Finding]:
    """There is a local port for each database server."""
    if tunnel.first_port + len(database_servers) > 65536:
        yield (
            ("tunnel", "firstPort"),
            tunnel.first_port,
            "too few ports follow it",
            "a lower port, as in 15432",
        )


def placements(services: PlatformServices) -> Iterator[tuple[str, Place]]:
    """Each service that runs somewhere, and where."""
    for key, service in services.running():
        if service.place is not None:
            yield key, service.place


Checks = tuple[Callable[..., Iterator[Finding]], ...]

CHECKS: Checks = (
    unique_names,
    known_hosts,
    known_databases,
    hostnames,
    proxied_hosts,
    queues,
    of_its_system,
    container_sizes,
    profile_is_known,
    profile_is_whole,
    images_are_known,
    *CAPACITY_CHECKS,
    *NEEDS_CHECKS,
    azure_is_known,
    separate_networks,
    tunnel_ports,
    handed_to,
    *REACH_CHECKS,
    *WIRING_CHECKS,
)
