"""What a step of a tenant is, and what it is handed: one part of a tenant, of which its file says everything.

Whoever walks the steps (`tenants.stack`, `tenants.residue`, `tenants.archive`, `tenants.fleet`)
knows none by name: what others must know of a step, it says itself. Each field has a default that says nothing, so a
step that keeps no data needs a name and what it declares. Nothing is declared or asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tenants.documented import Documented
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.platform import Platform
from tenants.secrets import TenantSecrets

if TYPE_CHECKING:
    from pulumi import Input

    from settings import Settings
    from tenants.archive.content import Content
    from tenants.providers import Providers
    from tenants.residue.left import Left, Sought
    from tenants.session import PlatformSession
    from tenants.vault_session import VaultSession

__all__ = [
    "ArchivedPart",
    "ClosedDirectly",
    "DirectDoor",
    "Dump",
    "HealthCheck",
    "Named",
    "PartStore",
    "Search",
    "Step",
    "StepContext",
    "StepOutputs",
]

Named = Callable[[TenantNames], str]
"""How something of a tenant is called."""
HealthCheck = Callable[["PlatformSession", Tenant, "VaultSession | None"], str]
"""Why the tenant is not well; nothing when it is. Raises what it likes: then that is why."""


@dataclass(frozen=True, kw_only=True)
class StepContext:
    """What a step may use to declare its part. It changes none of it: what it makes, it returns."""

    tenant: Tenant
    platform: Platform
    secrets: TenantSecrets = field(repr=False)
    providers: Providers
    """The vendors' providers that several steps use; one that a single step needs, it makes."""
    known: Mapping[str, Any]
    """What the steps before this one tell (`StepOutputs.known`)."""
    logins: Mapping[str, Mapping[str, Input[str]]] = field(repr=False)
    """What the steps before this one log the tenant's applications in with (`StepOutputs.logins`)."""
    platform_settings: Settings | None = None

    @property
    def is_open(self) -> bool:
        """Whether the tenant's doors are open. A step of one whose doors are closed keeps all data."""
        return self.tenant.state == "active"

    @property
    def settings(self) -> Settings:
        """The platform's. A tenant with nothing of its own on a host may be declared without."""
        if self.platform_settings is None:
            raise RuntimeError("unreachable: whoever runs a tenant with instances of its own knows the settings")
        return self.platform_settings


@dataclass(frozen=True, kw_only=True)
class StepOutputs:
    """What a step made."""

    known: Mapping[str, Any] = field(default_factory=dict)
    """For the stack's output `tenant`, in which no secret is: key → what is told. A step may add to what an earlier one
    told under the same key by telling it anew.
    """
    logins: Mapping[str, Mapping[str, Input[str]]] = field(default_factory=dict, repr=False)
    """Entry of the tenant's mount in Vault → what its applications log in with."""
    pending: Input[list[dict[str, str]]] | None = None
    """What waits for a human: what, reason, mend."""


@dataclass(frozen=True)
class Search:
    """Asks a vendor for all that is left of a tenant. Two steps that share one ask once."""

    where: str
    """Whom, in words."""
    find: Callable[[PlatformSession, Sought], Iterator[Left]]
    """Raises NotReady when it can't be asked."""


@dataclass(frozen=True, kw_only=True)
class Dump:
    """What was read of a part of a tenant."""

    file: bytes = field(repr=False)
    content: Mapping[str, Any]
    """As `PartStore.content`, at the same moment where the vendor has such a thing."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the archive's manifest says of it besides: field → value."""


class PartStore(Protocol):
    """Where a part of one tenant is kept, reached: read into an archive, and written back from one."""

    def dump(self) -> Dump:
        """All of it."""

    def restore(self, checked: Any) -> None:
        """Puts back what `ArchivedPart.checked` has let through. Raises ArchiveBroken."""

    def content(self) -> Mapping[str, Any]:
        """What is in it now, so that an import can be compared: fields of the manifest's `content`."""


def _unchecked(content: bytes) -> Any:
    return content


@dataclass(frozen=True, kw_only=True)
class ArchivedPart:
    """A step's file in an archive."""

    file: str
    reached: Callable[[PlatformSession, Tenant], AbstractContextManager[PartStore | None]]
    """Where it is, for the block; None where this tenant or platform has no place for it."""
    is_needed: bool = False
    """Whether an archive without it is none."""
    checked: Callable[[bytes], Any] = _unchecked
    """Reads the file before anything is written anywhere: whoever made the archive chose what is in it. Raises
    ArchiveBroken.
    """
    field: str = ""
    """The field of the manifest's `content` with its checksum; none: `content.steps`, under the step's name."""
    differs: Callable[[Content, Content], str] | None = None
    """What is not as in the archive, in words, where a checksum is not enough: what was found, what is wanted."""


@dataclass(frozen=True, kw_only=True)
class DirectDoor:
    """A door of a tenant whose platform can't all be reached: nothing of it is asked of the engine."""

    name: str
    """A resource's name that `Step.doors` knows it by."""
    close: Callable[[], None] | None = None
    """Closes it. Raises NotReady or VaultRefused. None: it stays open, and is named."""
    why: str = ""
    """Why it stays open, in words, where that is not said already."""


def _as_declared(session: PlatformSession, tenant: Tenant) -> tuple[PlatformSession, Tenant]:
    return session, tenant


@dataclass(frozen=True, kw_only=True)
class ClosedDirectly:
    """How a step is closed without the engine, which has no secret of a tenant whose platform can't all be reached, and
    so can't write what has secrets in it.
    """

    types: tuple[str, ...]
    """How the types of its resources begin that can't be written without secrets: the engine is told of none."""
    doors: Callable[[PlatformSession, Tenant, frozenset[str]], Iterator[DirectDoor]]
    """Its doors. Given are the types of what the state has, too."""
    undeclared: Callable[[PlatformSession, Tenant], tuple[PlatformSession, Tenant]] = _as_declared
    """Session and tenant with which the program declares none of it."""


def _no_requests(_tenant: Tenant, _platform: Platform) -> Mapping[str, float]:
    return {}


def _no_owners(_names: TenantNames) -> tuple[str, ...]:
    return ()


def _no_memory(_tenant: Tenant) -> int:
    return 0


def _nothing_refused(_settings: Settings, _tenant: Tenant) -> None:
    """Nothing is in its way."""


def _nothing_retained(_session: PlatformSession) -> Iterator[tuple[str, int]]:
    return iter(())


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a tenant. Its module has it as `STEP`."""

    name: str
    declare: Callable[[StepContext], StepOutputs]
    """Declares it, with names that follow from the slug: run again, it completes what an interrupted run began."""
    names: Mapping[str, Named] = field(default_factory=dict)
    """Where names must differ (`PostgreSQL: role`) → how the tenant's is called there."""
    doors: Mapping[str, str] = field(default_factory=dict)
    """How the names of its resources begin (a regular expression) → what people call the door that they close while the
    tenant is suspended.
    """
    open_while_there: Mapping[str, str] = field(default_factory=dict)
    """Type → how the names of its resources begin (a regular expression) that stand for an open door: a tenant that is
    being closed has them no more.
    """
    closed_directly: ClosedDirectly | None = None
    """How it is closed where the engine can't; None: by the engine alone."""
    owners: Callable[[TenantNames], tuple[str, ...]] = _no_owners
    """The databases on the tenants' server, each called as the role that owns it: its powers and rights, and whatever
    else keeps it, are taken away before it ends.
    """
    entries: frozenset[str] = frozenset()
    """The entries of the tenant's mount in Vault that it makes anew, so that they are never an archive's to say."""
    searches: tuple[Search, ...] = ()
    """What counts as left of it."""
    archived: ArchivedPart | None = None
    lossy: tuple[str, ...] = ()
    """What of it is in no archive, or not exactly, as each archive says it."""
    requests: Callable[[Tenant, Platform], Mapping[str, float]] = _no_requests
    """Provider of a vendor that counts requests → how many a run that makes it asks for, at most."""
    memory_mb: Callable[[Tenant], int] = _no_memory
    """What it may use of the host of tenants' own instances."""
    instance_of: str = ""
    """The service, by its key in the settings, of which those who have it run an instance of their own
    (`memory_mb`).
    """
    refuse: Callable[[Settings, Tenant], None] = _nothing_refused
    """Raises NotReady, before anything is made, for a tenant that can't have it on this platform."""
    retained: Callable[[PlatformSession], Iterator[tuple[str, int]]] = _nothing_retained
    """What a vendor keeps of it after its end, and for how many days."""
    checks: tuple[HealthCheck, ...] = ()
    """Whether it works, after a run on many."""
    documented: Documented = field(default_factory=Documented)
    """Its rows in docs/tenants.md (`python -m tenants.pages`)."""
