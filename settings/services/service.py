"""What every service of the settings has in common: where it is reached, what its containers may use, what it needs.

The checks and the capacity model ask these questions of every service alike; none of them knows a service by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from settings.parts import OnAzure, OnDocker, Setting
from settings.problems import fault
from settings.secrets import Secret
from settings.services.owner import NoOwner, Owner

__all__ = ["Anywhere", "Container", "Elsewhere", "Hostname", "Service"]


def _is_hostname(value: str) -> str:
    if value != "*" and not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", value):
        raise fault("not a host name", "a name inside the zone, as in n8n")
    return value


Hostname = Annotated[str, AfterValidator(_is_hostname)]
Anywhere = Annotated[OnAzure | OnDocker, Field(discriminator="where")]


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a service: what it may use at most, what its vendor says it needs, and where that is said."""

    name: str
    """What the resource graph calls it."""
    cpu: float
    memory_mb: int
    least_cpu: float
    least_memory_mb: int
    disk_mb: int = 0
    """What its volumes and its image's writable layer are expected to hold, in MB."""
    source: str
    """Who says `least_…` and why the rest: an address, or a reason."""
    passing: bool = False
    """It ends before the others start, so its memory is not added to theirs."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Where somebody else's service is called, and with what."""

    url: str
    token: str
    """The name of the secret that the caller shows."""


class Service(Setting):
    """A service that the settings name. Its fields are what an operator may say of it."""

    secrets: ClassVar[tuple[Secret, ...]] = ()
    """What it calls for in the keyring, where it runs."""
    optional_secrets: ClassVar[tuple[Secret, ...]] = ()
    """What it calls for besides, as some of its settings are: `called_for` says when."""
    port: ClassVar[int | None] = None
    """Where it listens inside its container, for what is beside it."""
    tls_only: ClassVar[bool] = False
    """Whether it sends whoever comes without TLS to its https address: those beside it, too."""
    needs_redis: ClassVar[bool] = False
    """Whether it needs a Redis on the same host."""
    needs_mail: ClassVar[bool] = False
    """Whether it is of no use without a mail server."""
    extensions: ClassVar[tuple[str, ...]] = ()
    """What an administrator creates in its database, by PostgreSQL's names."""
    own_server_because: ClassVar[str] = ""
    """Why its database can't be on a server that a cloud manages; nothing of most."""
    owner: ClassVar[Owner | NoOwner | None] = None
    """Who owns it, and when he is made. Whoever has a name in the zone says it: else its first visitor owns it."""
    takes_accounts: ClassVar[bool] = False
    """Whether its component passes on the keys of accounts that name it (`at.accounts`)."""
    elsewhere: ClassVar[Elsewhere | None] = None
    """Where others call it, when it is no part of this platform."""
    notice: ClassVar[str] = ""
    """What operators are told of it each time, in one line; nothing of most."""

    def called_for(self) -> tuple[Secret, ...]:
        """What it calls for in the keyring, as it is set."""
        return self.secrets

    def uses_redis(self) -> bool:
        """Whether it needs a Redis as it is set; where only some of its settings need one, the service says so here."""
        return self.needs_redis

    def uses_redis_of(self, host: str) -> bool:
        """Whether it needs a Redis, and runs on that host."""
        where = getattr(self, "placement", None)
        return self.uses_redis() and isinstance(where, OnDocker) and where.host == host

    def footprint(self, name: str) -> tuple[Container, ...]:
        """Its containers; `name` is its key in the settings. None for what runs in others' containers."""
        return ()

    def connections(self) -> int:
        """How many connections to its database server it may hold at once."""
        return 0
