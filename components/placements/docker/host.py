"""A host as a placement: its three networks, and what runs in them.

`edge` is what the reverse proxy reaches, and the only way out; on a server `data` and `socket` are internal: nothing
in them reaches the internet, nor is reached from it. How the host is reached says `reach`; a server is prepared
elsewhere (hosts/). It keeps no blobs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pulumi_docker as docker
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import DatabaseServer, Refusal, Running
from components.placements.docker.container import Attachment, ClosedContainer, ClosedContainerArgs
from components.placements.docker.postgres import ADMIN_USER, postgres_workload
from components.placements.docker.process import cpus_of
from components.placements.docker.reach import reach_of
from components.workload import Access, Sidecar, Workload
from settings import Forward, Settings
from settings.hosts import LocalHost, RemoteHost
from settings.networks import docker_subnets
from settings.places import DockerPostgres, narrowed

__all__ = ["DockerHost", "DockerHostArgs", "Guest"]

# A router without a priority has the length of its rule as one, and a host name has at most 253 characters.
ROUTE_PRIORITY = "1000"
NETWORK_OF: dict[Access, str] = {"web": "edge", "data": "data", "docker_api": "socket"}


@dataclass(frozen=True)
class Guest:
    """Whose the containers are that come later: the host's networks are there already, and names are led to it by
    whoever it is.
    """

    labels: Mapping[str, str]
    """Of each container and volume."""
    forwards: Mapping[str, Forward] = field(default_factory=dict)
    """Workload → how operators reach it, of those that they do."""


@dataclass(frozen=True, kw_only=True)
class DockerHostArgs:
    """Which host of the settings."""

    settings: Settings
    host: RemoteHost | LocalHost
    guest: Guest | None = None
    """What runs there of another stack than the host's own."""


class DockerHost(ComponentResource):
    """A host's networks, and the placement that puts containers into them (RunsContainers, RunsPostgres)."""

    edge_network: Output[str]

    def __init__(self, name: str, args: DockerHostArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:docker:Host", name, None, opts)
        self._settings, self._host, self._guest = args.settings, args.host, args.guest
        self._reach = reach_of(args.settings, args.host)
        self._networks: dict[str, Output[str]] = {}
        self._images: dict[str, docker.RemoteImage] = {}
        subnets = zip(NETWORK_OF.values(), docker_subnets(args.host), strict=True)
        for part, subnet in subnets if args.guest is None else ():
            network = docker.Network(
                f"{name}-{part}",
                name=args.settings.names.container(part),
                driver="bridge",
                internal=self._reach.is_internal(part),
                ipam_configs=[
                    docker.NetworkIpamConfigArgs(
                        subnet=str(subnet),
                        gateway=str(subnet[1]),
                        # Addresses that Docker hands out are in the upper half: fixed ones never clash.
                        ip_range=str(list(subnet.subnets(prefixlen_diff=1))[1]),
                    )
                ],
                opts=ResourceOptions(parent=self),
            )
            self._networks[part] = network.name
        if args.guest is not None:
            theirs = {part: args.settings.names.container(part) for part in NETWORK_OF.values()}
            self._networks = {part: Output.from_input(called) for part, called in theirs.items()}
        self.edge_network = self._networks["edge"]
        self.register_outputs({"edge_network": self.edge_network})

    def run(self, name: str, workload: Workload, opts: ResourceOptions) -> Running:
        """A container, its sidecars after it; or several of them, numbered. What operators reach has the fixed address
        to which its forward leads.
        """
        many = workload.scale is not None or workload.replicas != 1
        self._refuse_many(name, workload)
        count = workload.scale.max_replicas if workload.scale else workload.replicas
        names = [f"{name}-{number}" for number in range(1, count + 1)] if many else [name]
        alone = replace(workload, replicas=1, scale=None, sidecars=())
        for one in names:
            self._refuse(one, alone)
            for sidecar in workload.sidecars:
                self._refuse(f"{one}-{sidecar.name}", _as_workload(one, workload, sidecar))
        theirs = self._guest.forwards if self._guest else {}
        forward = (theirs.get(name) or self._settings.forward(name)) if workload.operated else None
        running = [self._run(one, alone, opts, forward) for one in names]
        for one, main in zip(names, running, strict=True):
            for sidecar in workload.sidecars:
                # By way of its host it waits for the main container, and is made anew with it.
                self._run(f"{one}-{sidecar.name}", _as_workload(main.host, workload, sidecar), opts, None)
        return running[0]

    def _run(self, name: str, workload: Workload, opts: ResourceOptions, forward: Forward | None) -> Running:
        self._refuse(name, workload)
        addresses = {"data": forward.target_host} if forward else {}
        parts = [NETWORK_OF[access] for access in workload.access]
        created = ClosedContainer(
            name,
            ClosedContainerArgs(
                names=self._settings.names,
                workload=workload,
                networks={
                    part: Attachment(network=self._networks[part], address=addresses.get(part)) for part in parts
                },
                labels=self._labels(name, workload),
                ports=self._reach.ports(name, workload, forward),
                images=self._images,
                docker_socket=self._reach.socket,
                protect=self._settings.protect,
                volume_labels=self._guest.labels if self._guest else {},
            ),
            opts,
        )
        url = None
        if workload.hostname:
            if self._guest is None:
                self._reach.lead(name, workload.hostname, opts)
            url = Output.from_input(self._reach.url(name, workload.hostname))
        return Running(resource=created, host=created.host, port=workload.port, url=url)

    def _refuse_many(self, name: str, workload: Workload) -> None:
        """Several of a kind are told apart by a number alone: nobody may look for one of them."""
        scale = workload.scale
        if scale and scale.min_replicas != scale.max_replicas:
            why = f"a host runs as many containers as it is told, not {scale.min_replicas} to {scale.max_replicas}"
            raise Refusal(name, "scale", why, f"{scale.max_replicas} of them always, or run it on Azure")
        count = scale.max_replicas if scale else workload.replicas
        kept = [volume.name for volume in workload.volumes if volume.needs == "posix"]
        found = workload.hostname or workload.published_ports or workload.operated or kept
        if count != 1 and found:
            why = f"a host runs one container of a name, not {count}"
            raise Refusal(name, "replicas", why, "replicas: 1, or run it on Azure")

    def _refuse(self, name: str, workload: Workload) -> None:
        if workload.cpu > self._host.cpus:
            why = f"{workload.cpu:g} CPUs asked for, {self._host.name} has {self._host.cpus}"
            raise Refusal(name, "cpu", why, "fewer, or a larger host")
        if float(cpus_of(workload.cpu)) != workload.cpu:
            read = cpus_of(workload.cpu)
            why = f"Docker's provider reads {workload.cpu:g} CPUs back as {read}, so each run would replace it"
            raise Refusal(name, "cpu", why, "quarters, as in 0.25, 0.5, 1, 1.25")
        if workload.memory_mb > self._host.memory_mb:
            why = f"{workload.memory_mb} MB asked for, {self._host.name} has {self._host.memory_mb}"
            raise Refusal(name, "memory_mb", why, "less, or a larger host")
        if workload.hostname and "web" not in workload.access:
            why = "it has a host name, but is in no network that the reverse proxy reaches"
            raise Refusal(name, "access", why, "add web")
        if workload.routes and not workload.hostname:
            why = "paths lead to other ports, but there is no host name that they are below"
            raise Refusal(name, "routes", why, "a hostname, or no routes")

    def _labels(self, name: str, workload: Workload) -> dict[str, str]:
        """Whom the container belongs to, and what the reverse proxy needs to know to route to it."""
        labels = {"smarteros.system": self._settings.system, "smarteros.stack": self._settings.stack}
        labels |= self._guest.labels if self._guest else {}
        if self._reach.is_routed(name, workload):
            router = f"traefik.http.routers.{name}"
            labels |= {
                "traefik.enable": "true",
                "traefik.docker.network": self._settings.names.container("edge"),
                f"{router}.rule": f"Host(`{workload.hostname}`)",
                f"{router}.entrypoints": self._reach.entry_point,
                f"traefik.http.services.{name}.loadbalancer.server.port": str(workload.port),
            }
            if workload.answers_the_rest:
                labels |= _the_rest(name, self._settings.domain, self._reach.entry_point)
            if workload.routes:
                # With more than one service in a container, every router must say which is its own.
                labels |= {f"{router}.service": name, **_routes(name, workload, self._reach.entry_point)}
            labels |= _under_its_own_name(name, labels, self._settings.named_address(str(workload.hostname)).authority)
        return labels

    def database_server(
        self, name: str, server: str, admin_password: Input[str], opts: ResourceOptions
    ) -> DatabaseServer:
        """A container with PostgreSQL and pgvector, at a fixed address that only the host reaches."""
        wanted = self._settings.database_server(server)
        forward = self._settings.forward(server)
        running = self._run(
            name,
            postgres_workload(
                self._settings.image("postgres"),
                narrowed(DockerPostgres, wanted.placement),
                admin_password,
                self._settings.secrets.database_wal_passwords[server],
            ),
            opts,
            forward,
        )
        return DatabaseServer(
            name=server,
            resource=running.resource,
            host=running.host,
            port=5432,
            admin_user=ADMIN_USER,
            admin_is_superuser=True,
            tls=False,
            local_port=forward.local_port,
        )


def _as_workload(main_host: Input[str], workload: Workload, sidecar: Sidecar) -> Workload:
    """A sidecar as a container of its own: in one network with the main one, and in none of its others."""
    shared = {key: workload.env[key] for key in sidecar.shares if key in workload.env}
    found = {key: Output.concat("http://", main_host, f":{port}") for key, port in sidecar.reaches.items()}
    return Workload(
        image=sidecar.image,
        port=sidecar.port,
        health=sidecar.health,
        cpu=sidecar.cpu,
        memory_mb=sidecar.memory_mb,
        env={**sidecar.env, **shared, **found},
        secrets={key: workload.secrets[key] for key in sidecar.shares if key in workload.secrets},
        volumes=sidecar.volumes,
        args=sidecar.args,
        user=sidecar.user,
        read_only_root=sidecar.read_only_root,
        writable_root_because=sidecar.writable_root_because,
        access=workload.access[:1],
        stop_timeout_s=workload.stop_timeout_s,
    )


def _under_its_own_name(name: str, labels: Mapping[str, str], authority: str) -> dict[str, str]:
    """Which name was asked for is said by the proxy, never by who asks. Cloudflare passes on an X-Forwarded-Host that
    somebody made up, and Traefik keeps it from whom it trusts (pkg/middlewares/forwardedheaders in traefik v3): Odoo
    would choose another tenant's database by it.
    """
    routers = [key.removesuffix(".rule") for key in labels if key.endswith(".rule")]
    header = f"traefik.http.middlewares.{name}-host.headers.customrequestheaders.X-Forwarded-Host"
    return {header: authority, **{f"{router}.middlewares": f"{name}-host" for router in routers}}


def _routes(name: str, workload: Workload, entry_point: str) -> dict[str, str]:
    """A router and a service for each other port, before the one of the host name alone."""
    labels: dict[str, str] = {}
    for port in sorted(set(workload.routes.values())):
        prefixes = [prefix for prefix, leads_to in workload.routes.items() if leads_to == port]
        router = f"traefik.http.routers.{name}-{port}"
        labels |= {
            f"{router}.rule": " || ".join(f"Host(`{workload.hostname}`) && PathPrefix(`{one}`)" for one in prefixes),
            f"{router}.entrypoints": entry_point,
            f"{router}.priority": ROUTE_PRIORITY,
            f"{router}.service": f"{name}-{port}",
            f"traefik.http.services.{name}-{port}.loadbalancer.server.port": str(port),
        }
    return labels


def _the_rest(name: str, domain: str, entry_point: str) -> dict[str, str]:
    """A router behind all others: Traefik takes the highest priority first, and without one the longest rule.

    https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/
    """
    router = f"traefik.http.routers.{name}-rest"
    return {
        f"{router}.rule": f"HostRegexp(`^[a-z0-9-]+\\.{re.escape(domain)}$`)",
        f"{router}.priority": "1",
        f"{router}.entrypoints": entry_point,
        f"{router}.service": name,
    }
