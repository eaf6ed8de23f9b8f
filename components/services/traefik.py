"""Traefik, the reverse proxy of a host, and the proxy through which it reads Docker's API: the only
published ports.

It has one certificate for every name of the zone, by DNS-01; without a zone it answers in plain. It has no dashboard;
routes are the labels of containers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import RunsContainers
from components.services.cloudflare_ranges import CLOUDFLARE_RANGES
from components.services.context import ServiceContext, ServiceOutputs
from components.workload import Health, Volume, Workload
from settings import Settings
from settings.images import Image
from settings.services import Traefik as TraefikSettings
from settings.services.traefik import SOCKET_PROXY_MB

__all__ = ["SOURCES", "Traefik", "TraefikArgs", "declare"]

_DOCS = "https://doc.traefik.io/traefik/reference/install-configuration"
_SOCKET_PROXY = "https://github.com/Tecnativa/docker-socket-proxy#readme"

SOURCES: Mapping[str, str] = {
    "CF_DNS_API_TOKEN_FILE": "https://go-acme.github.io/lego/dns/cloudflare/ (each variable also as _FILE)",
    "CONTAINERS": _SOCKET_PROXY,
    "NETWORKS": _SOCKET_PROXY,
    "POST": _SOCKET_PROXY,
    "LOG_LEVEL": _SOCKET_PROXY,
    "port": f"{_DOCS}/entrypoints/; of the reader: {_SOCKET_PROXY}",
    "volumes": f"{_DOCS}/tls/certificate-resolvers/acme/ (storage); of the reader: {_SOCKET_PROXY}",
    "user": "traefik/traefik Dockerfile (no USER: root, who owns what it writes); of the reader: "
    "https://github.com/Tecnativa/docker-socket-proxy/blob/master/Dockerfile (USER root, who owns the socket)",
    "health": f"{_DOCS}/observability/healthcheck/; of the reader: {_SOCKET_PROXY} (VERSION is granted)",
}
"""Who says so: a variable, the port, the volumes, the health check."""

STOP_S = 30
# A whole request must be read in that time, body included; Traefik's own is one minute, which cuts uploads off
# (traefik/traefik pkg/config/static/static_config.go:51, DefaultReadTimeout). Cloudflare lets 100 MB through: 170 kB/s.
READ_S = 600
# What Traefik has by itself today, said so that it stays: an answer takes as long as it takes (static_config.go:202).
WRITE_S, IDLE_S = 0, 180
# Encoded characters in a path: Traefik lets all through since 3.6.7, rejected all in 3.6.4, and says at each start that
# somebody must decide (cmd/traefik/traefik.go:100, pkg/config/static/entrypoints.go:97). Names of files and packages
# have %2F, %23, %25, %3B and %3F in them (n8n's @scope%2Fname, Chatwoot's and Odoo's attachments); none has a NUL or a
# backslash.
ENCODED = {
    "slash": True,
    "semicolon": True,
    "percent": True,
    "questionmark": True,
    "hash": True,
    "backslash": False,
    "nullcharacter": False,
}

TOKEN_FILE = "cloudflare-dns-token"  # noqa: S105 - a file's name
SOCKET_PROXY_PORT = 2375


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """For which zone, who is written to when one runs out, and the token that proves that the zone is ours."""

    domain: str
    email: str
    dns_token: Input[str]


@dataclass(frozen=True, kw_only=True)
class TraefikArgs:
    """Where it runs, in which network it finds containers, and what it shows; without certificates it is plain HTTP."""

    placement: RunsContainers
    image: Image
    socket_proxy_image: Image
    wanted: TraefikSettings
    edge_network: str
    certificates: Certificates | None


class Traefik(ComponentResource):
    """A reverse proxy that runs, with its reader of Docker's API."""

    host: Output[str]

    def __init__(self, name: str, args: TraefikArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Traefik", name, None, opts)
        reader = f"{name}-docker-api"
        read = args.placement.run(reader, _socket_proxy(args.socket_proxy_image), ResourceOptions(parent=self))
        running = args.placement.run(
            name,
            _workload(args, reader),
            ResourceOptions(parent=self, depends_on=[read.resource]),
        )
        self.host = running.host
        self.register_outputs({"host": self.host})


def _socket_proxy(image: Image) -> Workload:
    """Lets nothing through but reading which containers there are."""
    return Workload(
        image=image.reference,
        port=SOCKET_PROXY_PORT,
        health=Health(command=["CMD-SHELL", f"wget -q -O /dev/null http://127.0.0.1:{SOCKET_PROXY_PORT}/version"]),
        cpu=0.2,
        memory_mb=SOCKET_PROXY_MB,
        env={"CONTAINERS": "1", "NETWORKS": "1", "POST": "0", "LOG_LEVEL": "warning"},
        volumes=[
            Volume("run", "/run", needs="scratch", size_mb=8),
            Volume("tmp", "/tmp", needs="scratch", size_mb=8),  # noqa: S108 - inside the container
        ],
        docker_socket=True,
        read_only_root=True,
        access=["docker_api"],
        stop_timeout_s=10,
    )


def _workload(args: TraefikArgs, reader: str) -> Workload:
    plain = Workload(
        image=args.image.reference,
        port=80,
        health=Health(command=["CMD", "traefik", "healthcheck", "--ping=true"], interval_s=10),
        cpu=0.5,
        memory_mb=args.wanted.memory_mb,
        args=[*_flags(args, reader), *(_tls_flags(args.certificates) if args.certificates else ())],
        volumes=[Volume("tmp", "/tmp", needs="scratch")],  # noqa: S108 - inside the container
        read_only_root=True,
        # Docker lets every process bind ports below 1024, so no capability is needed.
        access=["web", "docker_api"],
        published_ports=[80],
        stop_timeout_s=STOP_S,
    )
    if args.certificates is None:
        return plain
    return replace(
        plain,
        port=443,
        published_ports=[80, 443],
        env={"CF_DNS_API_TOKEN_FILE": f"{Workload.SECRETS_FOLDER}/{TOKEN_FILE}"},
        secret_files={TOKEN_FILE: args.certificates.dns_token},
        user="0:0",  # the image's own
        volumes=[Volume("certificates", "/letsencrypt", needs="posix"), *plain.volumes],
    )


def _flags(args: TraefikArgs, reader: str) -> list[str]:
    return [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--ping=true",
        "--api=false",
        "--providers.docker=true",
        "--providers.docker.exposedbydefault=false",
        f"--providers.docker.network={args.edge_network}",
        f"--providers.docker.endpoint=tcp://{reader}:{SOCKET_PROXY_PORT}",
        "--entrypoints.web.address=:80",
        *_entry_point("web"),
        "--accesslog=true",
        "--accesslog.format=json",
        "--log.format=json",
        "--log.level=INFO",
    ]


def _entry_point(name: str) -> list[str]:
    """How long a request may take, and what may be in its path."""
    transport = f"--entrypoints.{name}.transport"
    encoded = f"--entrypoints.{name}.http.encodedcharacters"
    return [
        f"{transport}.respondingtimeouts.readtimeout={READ_S}s",
        f"{transport}.respondingtimeouts.writetimeout={WRITE_S}s",
        f"{transport}.respondingtimeouts.idletimeout={IDLE_S}s",
        # What is being answered when it is stopped is answered to its end, before Docker kills it.
        f"{transport}.lifecycle.gracetimeout={STOP_S - 5}s",
        *(f"{encoded}.allowencoded{what}={str(allowed).lower()}" for what, allowed in ENCODED.items()),
    ]


def _tls_flags(certificates: Certificates) -> list[str]:
    """Everything goes by TLS, and only Cloudflare may say whom it calls for."""
    trusted = ",".join(CLOUDFLARE_RANGES)
    resolver = "--certificatesresolvers.le.acme"
    tls = "--entrypoints.websecure.http.tls"
    return [
        "--entrypoints.web.http.redirections.entrypoint.to=websecure",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
        "--entrypoints.websecure.address=:443",
        *_entry_point("websecure"),
        f"--entrypoints.websecure.forwardedheaders.trustedips={trusted}",
        f"{tls}.certresolver=le",
        f"{tls}.domains[0].main={certificates.domain}",
        f"{tls}.domains[0].sans=*.{certificates.domain}",
        f"{resolver}.email={certificates.email}",
        f"{resolver}.storage=/letsencrypt/acme.json",
        f"{resolver}.dnschallenge.provider=cloudflare",
        f"{resolver}.dnschallenge.resolvers=1.1.1.1:53,1.0.0.1:53",
    ]


def declare(ctx: ServiceContext, wanted: TraefikSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    Traefik(
        "traefik",
        TraefikArgs(
            placement=ctx.placement(wanted.placement),
            image=ctx.settings.image("traefik"),
            socket_proxy_image=ctx.settings.image("socket_proxy"),
            wanted=wanted,
            edge_network=ctx.settings.names.container("edge"),
            certificates=_certificates(ctx.settings),
        ),
        ctx.inside(wanted.placement),
    )
    return ServiceOutputs()


def _certificates(settings: Settings) -> Certificates | None:
    """None where no name is in a zone."""
    token = settings.secrets.cloudflare_dns_token
    if token is None:
        return None
    return Certificates(domain=settings.domain, email=settings.operators.email, dns_token=token)
