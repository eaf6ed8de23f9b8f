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
from settings.findings import Finding
from settings.hosts import AnyHost
from settings.needs_checks import NEEDS_CHECKS
from settings.parts import Azure, AzurePostgres, DatabaseServer, Host, OnAzure, OnDocker, OnR2, Tunnel
from settings.problems import did_you_mean
from settings.profiles import profile_is_whole
from settings.reach_checks import REACH_CHECKS, own_ports
from settings.services import Service, Services
from settings.sizes import container_apps_size_problem
from settings.tunnels import OPERATED
from settings.wiring import WIRING_CHECKS

__all__ = ["CHECKS", "Checks"]

LONGEST_LABEL = 63


def unique_names(hosts: tuple[Host, ...], database_servers: tuple[DatabaseServer, ...]) -> Iterator[Finding]:
    """Two things of one kind may not have the same name."""
    for key, things in (("hosts", hosts), ("databaseServers", database_servers)):
        names = [thing.name for thing in things]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (key, index, "name"), name, "this name is taken further up", "another name"
            elif key == "databaseServers" and name in OPERATED:
                yield (key, index, "name"), name, "this is the name of a service's own forward", "another name"


def known_hosts(
    hosts: tuple[Host, ...], database_servers: tuple[DatabaseServer, ...], services: Services
) -> Iterator[Finding]:
    """Whoever runs on a host, or is reached through one, names one that exists."""
    names = [host.name for host in hosts]
    for index, server in enumerate(database_servers):
        key = "through" if isinstance(server.placement, AzurePostgres) else "host"
        given = getattr(server.placement, key)
        if given not in names:
            yield (
                ("databaseServers", index, "placement", key),
                given,
                "no host has this name",
                did_you_mean(given, names),
            )
    for service, placement in placements(services):
        if isinstance(placement, OnDocker) and placement.host not in names:
            path = ("services", service, "placement", "host")
            yield path, placement.host, "no host has this name", did_you_mean(placement.host, names)


def known_databases(database_servers: tuple[DatabaseServer, ...], services: Services) -> Iterator[Finding]:
    """A service names a database server that exists, and that it can reach from where it runs."""
    servers = {server.name: server for server in database_servers}
    for key, service in services.running():
        named = getattr(service, "database", None)
        if named is None:
            continue
        path, server = ("services", key, "database"), servers.get(named)
        if server is None:
            yield path, named, "no database server has this name", did_you_mean(named, servers)
        elif not reachable(service, server):
            place = getattr(service, "placement", None)
            where = f"it runs on {place and place.where}, {server.name} is in a network that only its host can reach"
            yield path, named, where, "a database server in the same place"


def reachable(service: Service, server: DatabaseServer) -> bool:
    """Is the server reachable from where the service runs: Azure's from Azure, or through the host that it
    lets in. What is a database itself is where its server is.
    """
    here, there = getattr(service, "placement", None), server.placement
    if here is None:
        return True
    if isinstance(there, AzurePostgres):
        return not isinstance(here, OnDocker) or here.host == there.through
    return isinstance(here, OnDocker) and here.host == there.host


def hostnames(domain: str, standby: bool, services: Services) -> Iterator[Finding]:
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


def proxied_hosts(all_services: Services, hosts: tuple[AnyHost, ...]) -> Iterator[Finding]:
    """What is reached by a name on a host needs that host's reverse proxy."""
    proxy = all_services.traefik.placement.host if all_services.traefik else None
    for key, service in all_services.running():
        where = getattr(service, "placement", None) if key not in own_ports(hosts) else None
        if service is all_services.traefik or not isinstance(where, OnDocker) or not getattr(service, "hostname", None):
            continue
        if where.host != proxy:
            why = "no reverse proxy runs on this host, so nobody would reach it"
            yield ("services", key, "placement", "host"), where.host, why, "services.traefik on that host"


def guard_where_tenants_are(services: Services) -> Iterator[Finding]:
    """Tenants' databases are guarded where they are."""
    guard, tenants = services.guard, services.tenants
    if guard is not None and (tenants is None or tenants.database != guard.database):
        where = f"tenants' databases are on {tenants.database}" if tenants else "there are no tenants"
        mend = f"{tenants.database}" if tenants else "services.tenants, or no guard"
        yield ("services", "guard", "database"), guard.database, where, mend


def queues(all_services: Services) -> Iterator[Finding]:
    """What needs a Redis has one on its host."""
    there = all_services.redis.placement.host if all_services.redis else None
    for key, service in all_services.running():
        where = getattr(service, "placement", None)
        if service.uses_redis() and isinstance(where, OnDocker) and where.host != there:
            why = "it needs Redis, and none runs on this host"
            yield ("services", key, "placement", "host"), where.host, why, "services.redis on that host"


def container_apps_sizes(services: Services) -> Iterator[Finding]:
    """What runs in Container Apps has one of the pairs that it takes."""
    for key, service in services.running():
        if isinstance(getattr(service, "placement", None), OnAzure):
            for container in service.footprint(key):
                problem = container_apps_size_problem(container.cpu, container.memory_mb)
                if problem:
                    size = {"cpu": container.cpu, "memoryMb": container.memory_mb}
                    yield ("services", key), size, *problem


def azure_is_known(
    azure: Azure | None, database_servers: tuple[DatabaseServer, ...], services: Services
) -> Iterator[Finding]:
    """What runs in Azure needs to know where in Azure."""
    there = [f"databaseServers/{server.name}" for server in database_servers if isinstance(server.placement, OnAzure)]
    there += [f"services/{service}" for service, placement in placements(services) if isinstance(placement, OnAzure)]
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


def placements(services: Services) -> Iterator[tuple[str, OnAzure | OnDocker | OnR2]]:
    """Each service that runs somewhere, and where."""
    for service in type(services).model_fields:
        placement = getattr(getattr(services, service), "placement", None)
        if placement is not None:
            yield service, placement


Checks = tuple[Callable[..., Iterator[Finding]], ...]

CHECKS: Checks = (
    unique_names,
    known_hosts,
    known_databases,
    hostnames,
    proxied_hosts,
    queues,
    guard_where_tenants_are,
    container_apps_sizes,
    profile_is_whole,
    *CAPACITY_CHECKS,
    *NEEDS_CHECKS,
    azure_is_known,
    separate_networks,
    tunnel_ports,
    handed_to,
    *REACH_CHECKS,
    *WIRING_CHECKS,
)
