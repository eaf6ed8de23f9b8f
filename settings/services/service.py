"""What every service of the settings has in common: where it is reached, what its containers may use, what it needs.

The checks, the capacity model and every list of them ask these questions of every service alike; none of them knows a
service by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from settings.containers import Container
from settings.images import Image
from settings.parts import Setting
from settings.places import Place
from settings.problems import fault
from settings.redis_commands import RedisAccess
from settings.secrets import Secret
from settings.services.owner import NoOwner, Owner
from settings.services.recovery import NothingKept, Recovery
from settings.services.upgrades import UpgradeRules

__all__ = ["Container", "Elsewhere", "Hostname", "Operated", "Service"]


def _is_hostname(value: str) -> str:
    if value != "*" and not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", value):
        raise fault("not a host name", "a name inside the zone, as in n8n")
    return value


Hostname = Annotated[str, AfterValidator(_is_hostname)]


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Where somebody else's service is called, and with what."""

    url: str
    token: str
    """The name of the secret that the caller shows."""


@dataclass(frozen=True, kw_only=True)
class Operated:
    """Where operators reach a service by an SSH forward. None of it moves when a database server is added."""

    address: int
    """The last number of its address in its host's data network, from 100 on: others are below."""
    port: int
    local_port: int
    """How far its local port is from the first one, from 40 on: database servers have those before."""


class Service(Setting):
    """A service that the settings name. Its fields are what an operator may say of it."""

    images: ClassVar[Mapping[str, Image]] = {}
    """What runs, where a stack says no other: by the name that smarteros:images has for it. Each stands there with its
    `digest=`, which `./smos images lock` writes.
    """
    same_tags: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Which two of its images must be of one version."""
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {}
    """Of each of its images that has a version of its own, what is known of its upgrades."""
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
    redis_access: ClassVar[RedisAccess | None] = None
    """What it may do at Redis; without it, what it likes with keys below its own name."""
    operated: ClassVar[Operated | None] = None
    """Where operators reach it; most they don't."""
    mail_password: ClassVar[str] = ""
    """Which of its secrets opens the mail server that its `mail` names."""
    needs_mail: ClassVar[bool] = False
    """Whether it is of no use without a mail server."""
    extensions: ClassVar[tuple[str, ...]] = ()
    """What an administrator creates in its database, by PostgreSQL's names."""
    own_server_because: ClassVar[str] = ""
    """Why its database can't be on a server that a cloud manages; nothing of most."""
    owner: ClassVar[Owner | NoOwner | None] = None
    """Who owns it, and when he is made. Whoever has a name in the zone says it: else its first visitor owns it."""
    recovery: ClassVar[Recovery | NothingKept | None] = None
    """What it must be asked after a restore. Whoever has a database says it: else a proof would pass it over."""
    takes_accounts: ClassVar[bool] = False
    """Whether its component passes on the keys of accounts that name it (`ctx.accounts`)."""
    elsewhere: ClassVar[Elsewhere | None] = None
    """Where others call it, when it is no part of this platform."""
    notice: ClassVar[str] = ""
    """What operators are told of it each time, in one line; nothing of most."""

    def called_for(self) -> tuple[Secret, ...]:
        """What it calls for in the keyring, as it is set."""
        return self.secrets

    def images_named(self) -> tuple[str, ...]:
        """The images that it is told to run instead, as name:tag."""
        return ()

    def main_image(self) -> str:
        """The image whose version is the service's."""
        return next(iter(self.images), "")

    def uses_redis(self) -> bool:
        """Whether it needs a Redis as it is set; where only some of its settings need one, the service says so here."""
        return self.needs_redis

    @property
    def place(self) -> Place | None:
        """Where it is; None of what is a database, or somebody else's."""
        found: Place | None = getattr(self, "placement", None)
        return found

    def uses_redis_of(self, network: str | None) -> bool:
        """Whether it needs a Redis, and finds the one that is in that private network."""
        where = self.place
        return self.uses_redis() and where is not None and network is not None and where.private_network == network

    def footprint(self, name: str) -> tuple[Container, ...]:
        """Its containers; `name` is its key in the settings. None for what runs in others' containers."""
        return ()

    def connections(self) -> int:
        """How many connections to its database server it may hold at once."""
        return 0
