"""What a rule is: a name, a sentence, and a check that answers what is wrong and how to mend it.

A `Rule` looks at one resource as it is registered, before it exists; a `StackRule` at all of them together, at the
end. Rules see inputs as the program gave them. They ask nobody: what they must know of the environment is in `Facts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "UNKNOWN",
    "Facts",
    "Host",
    "Marked",
    "Props",
    "Resource",
    "Rule",
    "StackRule",
    "Unknown",
    "differs",
    "each",
    "part",
    "texts",
]

Props = Mapping[str, Any]


class Marked(str):
    """A text that the program has marked as a secret. Its value is there, and never goes into a message."""

    __slots__ = ()


class Unknown:
    """A value that is known only once the run has made something. It is checked then; until then it is not wrong."""

    def __repr__(self) -> str:
        return "(not known yet)"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()


@dataclass(frozen=True, kw_only=True)
class Host:
    """A machine with Docker, as the settings describe it."""

    name: str
    address: str
    """Of a server; of the developer's own machine, the address of its Docker engine."""
    memory_mb: int
    reserve_mb: int
    """What the system itself and SSH need beside the containers."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rules are told of the environment: nothing of it is secret."""

    environment: str = ""
    domain: str = ""
    """The zone in which all names live; empty when nobody told."""
    hosts: tuple[Host, ...] = ()
    tenant: str = ""
    """The slug, when the stack is a tenant's."""
    tenant_domains: tuple[str, ...] = ()
    """The domains of the tenant's own, as its file says."""
    system: str = ""
    """With what the names of containers and networks begin, before the environment; empty when nobody told."""
    backups: str = ""
    """The container of the blob storage that holds backups; empty when there is none."""
    backup_domains: tuple[str, ...] = ()
    """The failure domains of the stores to which backups go; none where nothing is backed up."""
    own_machine: bool = False
    """Whether all of it is on a developer's own machine, where nobody else reaches it."""
    socket: str = ""
    """Docker's on that machine, as containers may mount it; empty where it is the usual one."""
    zone_id: str = ""
    account_id: str = ""
    """Of Cloudflare."""
    subscription_id: str = ""
    directory_id: str = ""
    """Of Azure: the subscription, and the directory that Azure calls tenant."""
    doors: tuple[str, ...] = ()
    """The names in the zone to which tenants' names lead: the reverse proxy's, and that of the page in between."""
    host_commands: tuple[str, ...] = ()
    """SHA-256 of each command that may run on a host of the settings: what prepares it."""
    is_real: bool = False
    """Whether the run is on real accounts."""
    proof_age_days: float = 0.0
    """Since when no restore was proved: since the newest proof, or since the environment is known without one."""
    proof_max_age_days: int = 0
    """How old it may be; 0 where there are no backups to prove, or nothing is to be said of it."""
    proof_required: bool = False
    """Whether an older one stops a run."""

    def is_called(self, name: str, part: str) -> bool:
        """Whether a container or network is that part of this system. Untold, how the name ends has to do."""
        own = "-".join(one for one in (self.system, self.environment, part) if one)
        return name == own if self.system else name == part or name.endswith(f"-{part}")

    @classmethod
    def of(cls, config: Props) -> Facts:
        """From the configuration file of a run (deploy/policies.py writes it)."""
        hosts = tuple(
            Host(
                name=str(one["name"]),
                address=str(one["address"]),
                memory_mb=int(one["memoryMb"]),
                reserve_mb=int(one["reserveMb"]),
            )
            for one in config.get("hosts") or []
        )
        return cls(
            environment=str(config.get("environment", "")),
            domain=str(config.get("domain", "")),
            hosts=hosts,
            tenant=str(config.get("tenant", "")),
            tenant_domains=tuple(str(one) for one in config.get("tenantDomains") or []),
            system=str(config.get("system", "")),
            backups=str(config.get("backups", "")),
            backup_domains=tuple(str(one) for one in config.get("backupDomains") or []),
            own_machine=config.get("ownMachine") is True,
            socket=str(config.get("socket", "")),
            zone_id=str(config.get("zoneId", "")),
            account_id=str(config.get("accountId", "")),
            subscription_id=str(config.get("subscriptionId", "")),
            directory_id=str(config.get("directoryId", "")),
            doors=tuple(str(one) for one in config.get("doors") or []),
            host_commands=tuple(str(one) for one in config.get("hostCommands") or []),
            is_real=config.get("isReal") is True,
            proof_age_days=float(config.get("proofAgeDays", 0)),
            proof_max_age_days=int(config.get("proofMaxAgeDays", 0)),
            proof_required=config.get("proofRequired") is True,
        )

    def as_config(self) -> dict[str, Any]:
        """The same, as it is written into the file."""
        hosts = [
            {"name": one.name, "address": one.address, "memoryMb": one.memory_mb, "reserveMb": one.reserve_mb}
            for one in self.hosts
        ]
        config = {"environment": self.environment, "domain": self.domain, "tenant": self.tenant, "system": self.system}
        domains = list(self.tenant_domains)
        return {
            **config,
            "tenantDomains": domains,
            "hosts": hosts,
            "backups": self.backups,
            "backupDomains": list(self.backup_domains),
            "ownMachine": self.own_machine,
            "socket": self.socket,
            "zoneId": self.zone_id,
            "accountId": self.account_id,
            "subscriptionId": self.subscription_id,
            "directoryId": self.directory_id,
            "doors": list(self.doors),
            "hostCommands": list(self.host_commands),
            "isReal": self.is_real,
            "proofAgeDays": self.proof_age_days,
            "proofMaxAgeDays": self.proof_max_age_days,
            "proofRequired": self.proof_required,
        }


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of the program."""

    token: str
    """Its type; an API version in it is left out."""
    name: str
    inputs: Props
    urn: str = ""
    protect: bool = False
    provider: Props = field(default_factory=dict)
    """The inputs of its provider."""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Input → URNs of the resources that its value comes from. Empty for a `Rule`: only the whole stack shows it."""


Check = Callable[[Resource, Facts], Iterable[str]]
StackCheck = Callable[[Sequence[Resource], Facts], Iterable[tuple[Resource | None, str]]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule on single resources."""

    name: str
    says: str
    types: tuple[str, ...]
    """The types that it looks at; a prefix such as `azure-native:` stands for all below it, `*` for every type."""
    check: Check
    mandatory: bool = True
    """Whether a violation stops a run, or is only told."""
    everywhere: bool = False
    """Whether it stops a run on a developer's own machine, too: what would open that machine to others."""
    needs_facts: bool = False

    def looks_at(self, token: str) -> bool:
        """Whether it looks at resources of this type."""
        return any(one in ("*", token) or (one.endswith(":") and token.startswith(one)) for one in self.types)


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """A rule on everything that a stack declares."""

    name: str
    says: str
    check: StackCheck
    mandatory: bool = True
    everywhere: bool = False
    mandatory_where: Callable[[Facts], bool] | None = None
    """Where a violation stops a run of a rule that otherwise only tells: the environment's own choice."""
    needs_facts: bool = False


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a value, with the path that leads there."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence):
        for index, inner in enumerate(value):
            yield from texts(inner, f"{path}[{index}]")


def differs(value: Any, wanted: Any) -> bool:
    """Whether a value is known, and another one than wanted. What is missing differs."""
    return value is not UNKNOWN and bool(value != wanted)


def each(value: Any) -> list[Any]:
    """The known members of a list that may be missing or unknown."""
    known = isinstance(value, Sequence) and not isinstance(value, str)
    return [one for one in value if one is not UNKNOWN] if known else []


def part(value: Any) -> Props:
    """An object inside the inputs; empty when it is missing or unknown."""
    return value if isinstance(value, Mapping) else {}
