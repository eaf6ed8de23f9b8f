"""The settings as one immutable object. The loaders make it; what is only visible across parts is in
settings.checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Generic, cast

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr
from typing_extensions import TypeVar

from settings.accounts import Account, Accounts, Ai, accounts_of
from settings.addresses import WebAddress
from settings.backups import AnyStore, AzblobStore, Backups
from settings.database_server import DatabaseServer
from settings.default_images import image_of
from settings.hosts import AnyHost, LocalHost, RemoteHost
from settings.images import Image, at_a_version
from settings.naming import Names
from settings.parts import Azure, Cloudflare, Domain, Name, Operators, Setting, Tunnel, matching
from settings.profiles import NO_PROFILE
from settings.services import PlatformServices
from settings.state import LocalState, State
from settings.tunnels import Forward, forward_of, operated_forward

if TYPE_CHECKING:
    from settings.secrets import SecretOutputs

__all__ = ["S_co", "Settings"]

S_co = TypeVar("S_co", bound=PlatformServices, covariant=True, default=PlatformServices)
"""The services of the environment's system. Whoever asks for no system's own takes settings of any."""
S = TypeVar("S", bound=PlatformServices)
STANDBY_SUFFIX = "-standby"
SystemName = Annotated[
    str,
    AfterValidator(
        matching("[a-z](?:-?[a-z0-9]){0,19}", "1 to 20 lower-case letters, digits and hyphens", "smarteros")
    ),
]


def _absent_when_empty(value: object) -> object:
    """Pulumi.yaml can't say that a key may be left out, only what it is then: an empty object."""
    return None if value == {} else value


class Settings(Setting, Generic[S_co]):
    """Everything that an environment is told. Secrets are apart, and readable in the running program
    alone.
    """

    stack: Name = Field(description="The stack's name; given by the loader, never a key in a file")
    system: SystemName = Field(
        "smarteros", description="Which system of settings/systems/ this is; also a part of every name"
    )
    domain: Domain = Field(description="The zone in which all names live, as in example.com")
    operators: Operators = Field(description="Who runs the platform")
    cloudflare: Annotated[Cloudflare | None, BeforeValidator(_absent_when_empty)] = Field(
        None, description="The zone at Cloudflare; none on a developer's own machine"
    )
    azure: Annotated[Azure | None, BeforeValidator(_absent_when_empty)] = Field(
        None, description="Where in Azure the platform lives, if any of it does"
    )
    hosts: tuple[AnyHost, ...] = Field((), description="Machines with Docker")
    database_servers: tuple[DatabaseServer, ...] = Field((), description="PostgreSQL servers")
    profile: str = Field(
        NO_PROFILE,
        description="Which services must run: a profile of the system, as core or full; or custom (what is named)",
    )
    services: S_co = Field(description="What runs, and where; a service without a key does not run")
    ai: Ai = Field(Ai.model_validate({}), description="Accounts of models, and which services are handed their keys")
    accounts: Accounts = Field(
        Accounts.model_validate({}),
        description="Accounts at others' services, and which services are handed their keys",
    )
    images: Annotated[dict[str, str], AfterValidator(at_a_version)] = Field(
        default_factory=dict,
        description="Which image runs instead of the default, each as name:tag@sha256:… (docs/images.md)",
    )
    tunnel: Tunnel = Field(
        Tunnel.model_validate({}), description="The SSH forwards to the database servers and to Vault"
    )
    tags: dict[str, str] = Field(default_factory=dict, description="Tags of every Azure resource, texts by name")
    protect: bool = Field(True, description="Refuse to delete what holds data (databases, volumes, blobs, keys)")
    backups: Annotated[Backups | None, BeforeValidator(_absent_when_empty)] = Field(
        None, description="Where backups go, how often they are made, how long they are kept (docs/backups.md)"
    )
    state: State = Field(LocalState.model_validate({}), description="Where the state of real runs is kept")
    standby: bool = Field(
        False, description="Answer on names with -standby, and leave to another environment what a zone has only once"
    )
    _secrets: SecretOutputs | None = PrivateAttr(None)

    @property
    def secrets(self) -> SecretOutputs:
        """The secrets, each an Output that stays secret. Only the running program has them."""
        if self._secrets is None:
            raise RuntimeError("secrets are readable in the running program only: use settings.load_engine()")
        return self._secrets

    def of(self, services: type[S]) -> Settings[S]:
        """The same, for whoever knows the system. Raises TypeError for another's."""
        if not isinstance(self.services, services):
            raise TypeError(f"{self.stack} is the system {self.system}, which has no {services.__name__}")
        return cast("Settings[S]", self)

    @property
    def names(self) -> Names:
        """What everything is called at the vendors'."""
        account = self.cloudflare.account_id if self.cloudflare else self.domain
        return Names(system=self.system, stack=self.stack, seed=self.azure.subscription_id if self.azure else account)

    @property
    def zone(self) -> Cloudflare:
        """The zone; the checks made sure that there is one wherever others reach a name."""
        if self.cloudflare is None:
            raise TypeError("the settings have no smarteros:cloudflare")
        return self.cloudflare

    @property
    def own_machine(self) -> LocalHost | None:
        """The developer's machine, where the environment is on one: then all of it is."""
        # Here and below alone: who asks for one needs its own fields, which no other host has.
        return next((host for host in self.hosts if isinstance(host, LocalHost)), None)

    @property
    def disposable(self) -> bool:
        """Whether what it holds may go without being named: on the developer's own machine, and not protected."""
        return self.own_machine is not None and not self.protect

    @property
    def remote_hosts(self) -> tuple[RemoteHost, ...]:
        """The hosts that are reached by SSH."""
        # As above.
        return tuple(host for host in self.hosts if isinstance(host, RemoteHost))

    def image(self, key: str) -> Image:
        """Which image runs, with its digest where anybody knows it."""
        return image_of(key, type(self.services), self.images)

    @property
    def has_wildcard(self) -> bool:
        """Whether every name of the zone without a record leads to this environment's reverse proxy."""
        proxy = self.services.traefik
        return proxy is not None and proxy.hostname == "*" and not self.standby

    def host(self, name: str) -> RemoteHost | LocalHost:
        """The host of that name; the checks made sure that it is there."""
        return next(host for host in self.hosts if host.name == name)

    def remote_host(self, name: str) -> RemoteHost:
        """The same, where only one with an address of its own can be meant."""
        return next(host for host in self.remote_hosts if host.name == name)

    def database_server(self, name: str) -> DatabaseServer:
        """The database server of that name; the checks made sure that it is there."""
        return next(server for server in self.database_servers if server.name == name)

    def fqdn(self, hostname: str) -> str:
        """A host name of the settings as the full name at which it answers: `n8n` and `n8n.<domain>` are the
        same.
        """
        name = fqdn(hostname, self.domain)
        return standby_name(name, self.domain) if self.standby else name

    def address(self, service: str) -> WebAddress:
        """Where a service that runs, and has a host name, is found: the one place that knows its URL."""
        here = self.own_machine
        if here is not None and service in here.ports:
            return WebAddress(host="localhost", tls=False, port=here.ports[service], proxies=0)
        return self.named_address(self.fqdn(getattr(self.services, service).hostname))

    def named_address(self, name: str) -> WebAddress:
        """Where a full name is found: behind Cloudflare, and the proxy of the place where it runs; on the developer's
        own machine behind that proxy alone.
        """
        here = self.own_machine
        if here is not None:
            return WebAddress(host=name, tls=False, port=here.http_port, proxies=1)
        return WebAddress(host=name, tls=True, proxies=2)

    def accounts_named(self) -> Iterator[tuple[tuple[str, str], Account]]:
        """The accounts that there are, each with its path in the settings."""
        return accounts_of(self.ai, self.accounts)

    def forward(self, server: str) -> Forward:
        """The forward that leads to one database server, or to a service that operators reach, as in `vault`."""
        return next(forward for forward in self.forwards() if forward.name == server)

    @property
    def streamed_servers(self) -> tuple[DatabaseServer, ...]:
        """The database servers whose write-ahead log can be streamed away."""
        return tuple(server for server in self.database_servers if server.placement.streams_wal)

    @property
    def redis_users(self) -> tuple[str, ...]:
        """Who logs in at Redis: what needs it on its host, who looks after its health,
        who ends what holds it, who moves what tenants had in it, who takes it into backups and puts it back."""
        redis = self.services.redis
        if redis is None:
            return ()
        there = [
            key for key, service in self.services.running() if service.uses_redis_of(redis.placement.private_network)
        ]
        return (*there, "health", "keeper", "operator", "provisioner")

    @property
    def backup_stores(self) -> tuple[AnyStore, ...]:
        """Where backups go; nowhere, where there are none."""
        return self.backups.stores if self.backups else ()

    @property
    def backup_stores_with_s3(self) -> tuple[AnyStore, ...]:
        """Those of them that are reached with two keys."""
        return tuple(store for store in self.backup_stores if not isinstance(store, AzblobStore))

    def tunnels(self) -> list[Forward]:
        """The forwards that SSH makes. On the developer's own machine Docker publishes their local ports instead."""
        remote = {host.name for host in self.remote_hosts}
        return [forward for forward in self.forwards() if forward.host in remote]

    def forwards(self) -> list[Forward]:
        """The local ports, one a database server and one for each service that operators reach, known before anything
        runs.
        """
        found = [
            forward_of(server, index, self.tunnel.first_port, self.names, self.hosts)
            for index, server in enumerate(self.database_servers)
        ]
        for key, service in self.services.running():
            if service.operated is not None and service.place is not None:
                found.append(operated_forward(key, service.operated, service.place, self.tunnel.first_port, self.hosts))
        return found


def fqdn(hostname: str, domain: str) -> str:
    """A host name inside a domain, in full."""
    inside = hostname == domain or hostname.endswith("." + domain)
    return hostname if inside else f"{hostname}.{domain}"


def standby_name(name: str, domain: str) -> str:
    """The name beside a full one, one level deep as it is: the zone's certificates cover no more."""
    return f"standby.{domain}" if name == domain else f"{name.removesuffix('.' + domain)}{STANDBY_SUFFIX}.{domain}"
