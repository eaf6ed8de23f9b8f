"""The parts of the settings: what each key may hold. Every field says what it is; its description is its
documentation.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from settings.problems import fault
from settings.sizes import POSTGRES_SKUS

__all__ = [
    "Azure",
    "Cloudflare",
    "Host",
    "ManagedRedis",
    "Operators",
    "Setting",
    "Tunnel",
    "matching",
]


def camel(name: str) -> str:
    """A key of the file from a field's name; digits stay as they are: n8n_key is n8nKey."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Setting(BaseModel):
    """A part of the settings: immutable, camelCase in the file, and unknown keys are refused."""

    model_config = ConfigDict(
        # Of what nobody reads in a run, no validator is made.
        defer_build=True,
        frozen=True,
        extra="forbid",
        alias_generator=camel,
        validate_default=True,
        # A secret could be in it.
        hide_input_in_errors=True,
    )


def matching(pattern: str, why: str, mend: str) -> Callable[[str], str]:
    """A validator: the whole text matches the pattern, or `why` and `mend` say what it should be."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise fault(why, mend)
        return value

    return check


def _is_address(value: str) -> str:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        raise fault("not an IPv4 address", "four numbers, as in 203.0.113.10") from None
    return value


def _is_network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise fault(f"not an IPv4 network ({error})", "as in 10.40.0.0/16") from None
    if network.prefixlen > 16 or not network.is_private:
        raise fault("must be a private /16 or larger: subnets are cut from it", "as in 10.40.0.0/16")
    return value


def _is_postgres_sku(value: str) -> str:
    if value not in POSTGRES_SKUS:
        raise fault("not a size of Flexible Server that is known here", f"one of: {', '.join(POSTGRES_SKUS)}")
    return value


_GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Name = Annotated[
    str,
    AfterValidator(
        matching(
            r"[a-z](?:-?[a-z0-9]){0,19}",
            "a name has 1 to 20 lower-case letters, digits and single hyphens, and starts with a letter",
            "as in vps or vps-2",
        )
    ),
]
Guid = Annotated[str, AfterValidator(matching(_GUID, "not a GUID in lower case", "copy it from `az account show`"))]
Hex32 = Annotated[
    str,
    AfterValidator(
        matching(
            "[0-9a-f]{32}",
            "not 32 hexadecimal digits",
            "copy it from the zone's overview page at Cloudflare",
        )
    ),
]
Email = Annotated[
    str, AfterValidator(matching(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", "not an e-mail address", "name@example.com"))
]
Domain = Annotated[
    str,
    AfterValidator(
        matching(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}|localhost", "not a domain name", "as in example.com")
    ),
]
HostKey = Annotated[
    str,
    AfterValidator(
        matching(
            # No ssh-rsa: the command provider asks for that very algorithm, SHA-1, which no OpenSSH since 8.8 offers.
            r"(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{40,}={0,2}",
            "not an OpenSSH public host key that can be pinned (ssh-ed25519 or ecdsa and base64, no comment)",
            "on the host's own console: cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub",
        )
    ),
]
Address = Annotated[str, AfterValidator(_is_address)]
Network = Annotated[str, AfterValidator(_is_network)]
PostgresSku = Annotated[str, AfterValidator(_is_postgres_sku)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Operators(Setting):
    """Who runs the platform: whom owners' accounts belong to, and whom Let's Encrypt and the alerts write to."""

    email: Email = Field(description="Where Let's Encrypt and the alerts write to")


class Cloudflare(Setting):
    """The zone in which all names of a platform live that others reach."""

    zone_id: Hex32 = Field(description="The zone's id (overview page of the zone)")
    account_id: Hex32 = Field(description="The id of the account that owns the zone")


class Azure(Setting):
    """Where in Azure the platform lives."""

    subscription_id: Guid = Field(description="The subscription that pays and holds everything")
    tenant_id: Guid = Field(description="The directory of that subscription")
    location: str = Field(description="The region, as in brazilsouth", pattern="^[a-z0-9]+$")
    network_cidr: Network = Field("10.40.0.0/16", description="The virtual network; must not overlap a host's")
    log_retention_days: int = Field(30, ge=30, le=730, description="How long Log Analytics keeps logs")


class Host(Setting):
    """A machine with Docker, however it is reached (settings.hosts)."""

    name: Name = Field(description="What other settings call it")
    cpus: int = Field(ge=1, le=256, description="How many CPUs it has")
    memory_mb: int = Field(ge=1024, description="How much memory it has, in MB")
    disk_gb: int = Field(ge=10, description="How much disk it has, in GB")
    network_cidr: Network = Field("172.30.0.0/16", description="Docker's networks on this host are cut from it")

    own_machine: ClassVar[bool] = False
    """Whether it is the developer's own machine: all of an environment is on it then, and nobody else reaches it."""

    @property
    def engine_at(self) -> str:
        """Where its Docker engine is, as the policies know it again."""
        raise NotImplementedError

    @property
    def docker_address(self) -> str:
        """What a client of Docker is told, as in `docker --host`."""
        raise NotImplementedError

    @property
    def pinned_key(self) -> str:
        """The only SSH host key that is accepted there; empty where nothing goes by SSH."""
        return ""

    @property
    def own_ports(self) -> Mapping[str, int]:
        """Services that answer there at a port of localhost of their own, instead of at a name."""
        return {}

    @property
    def listening(self) -> Mapping[tuple[str, ...], int]:
        """The ports of 127.0.0.1 that are taken there, each by its path below the host."""
        return {}


class ManagedRedis(Setting):
    """A Redis of Azure's own, in the private network."""

    sku: Literal["Balanced_B0", "Balanced_B1", "Balanced_B3", "Balanced_B5", "Balanced_B10", "Balanced_B20"] = Field(
        "Balanced_B0",
        description="Its size: 0.5, 1, 3, 6, 12 or 24 GB; larger ones are clustered, which Bull can't use",
    )
    high_availability: bool = Field(True, description="Two nodes; with one, maintenance ends what waits in memory")


class Tunnel(Setting):
    """The SSH forwards to the database servers."""

    first_port: int = Field(15432, ge=1024, le=65000, description="The local port of the first database server")
