"""What the rest of the program may ask of a place, whichever kind it is; and which kinds there are.

Nobody asks a place for its class: a service, a check, a sum asks what it can. Each kind is a model of its own in a file
beside this one, and registers itself; a field of the settings says what its place must be able to do (`Accepts`), and
takes every kind that can, those included that this file has never heard of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import Field, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from settings.containers import Container
from settings.naming import Names
from settings.parts import Host, Setting
from settings.problems import fault

__all__ = [
    "Accepts",
    "Anywhere",
    "BlobPlace",
    "ContainerPlace",
    "DatabasePlace",
    "Place",
    "TooFew",
    "accepted",
    "narrowed",
    "place",
    "tag_of",
]

P = TypeVar("P", bound="Place")


class Place(Setting):
    """Somewhere that a part of the platform is. What a kind does not say of itself here, it can't."""

    where: str = Field(description="Which kind of place")

    called: ClassVar[str] = ""
    """What messages call it: "a host", "Azure"."""
    runs_as: ClassVar[str] = ""
    """As what containers run there where the machines are the vendor's, as tables title it; nothing elsewhere."""
    needs_section: ClassVar[str] = ""
    """The key of smarteros: without which nothing can be there; nothing where it needs none."""
    preference: ClassVar[int] = 9
    """Of the kinds that a service takes, the one with the lowest is where it runs by default."""
    needs_reverse_proxy: ClassVar[bool] = False
    """Whether a name leads to what runs there only by services.traefik in the same private network."""
    shares_redis: ClassVar[bool] = False
    """Whether services.redis can run beside what runs there, and is its Redis."""
    runs_queues: ClassVar[bool] = False
    """Whether a service can have a Redis of the vendor's there for itself alone."""
    overlaps_updates: ClassVar[bool] = False
    """Whether the old containers of a service still run while its new ones start."""

    @property
    def machine(self) -> str | None:
        """The one of smarteros:hosts whose memory, CPUs and disk it uses; None where the machines are the vendor's."""
        return None

    @property
    def private_network(self) -> str | None:
        """The network in which what runs there is found by its key in the settings; None where nothing is."""
        return None

    @property
    def named_hosts(self) -> Mapping[str, str]:
        """The smarteros:hosts that its settings name, each by the key that names it."""
        return {}

    @property
    def exactly(self) -> tuple[str, str]:
        """The key that says where in its kind it is, and what that says."""
        return next(iter(self.named_hosts.items()), ("where", self.where))

    def size_problem(self, cpu: float, memory_mb: int) -> tuple[str, str] | None:
        """Why no container of that size runs there, and the mend; None where one does."""
        return None


class ContainerPlace(Place):
    """Where services run as containers."""

    no_files_because: ClassVar[str] = ""
    """Why no file there outlives its container; nothing where files do."""
    scales: ClassVar[bool] = False
    """Whether there are more replicas as more work waits. Elsewhere each is a container of its own, with a number."""
    probes_by_command: ClassVar[bool] = False
    """Whether what listens at no port can be asked there, by a command in its container, whether it works."""
    fixed_addresses: ClassVar[bool] = False
    """Whether what runs there can have an address that its machine's SSH server reaches, for operators."""

    @property
    def persists_files(self) -> bool:
        """Whether a file there outlives its container, with the locks and the fsync that databases count on."""
        return not self.no_files_because


@dataclass(frozen=True, kw_only=True)
class TooFew:
    """Which key says how many connections a database server takes, and what would be enough."""

    key: str
    value: object
    beside: str
    """What there is to say of the sum besides; nothing of most."""
    mend: str


class DatabasePlace(Place):
    """Where a PostgreSQL server is."""

    admin: ClassVar[str]
    """Its first login, which makes all others."""
    managed: ClassVar[bool] = False
    """Whether a vendor looks after it: its administrator is no superuser then, and only listed extensions are there."""
    streams_wal: ClassVar[bool] = False
    """Whether its write-ahead log can be streamed away as it is written: to any moment then, wherever it went."""

    @property
    def described(self) -> str:
        """How tables and pictures tell it from others: its size, or its host."""
        return self.where

    @property
    def connections(self) -> int:
        """How many connections it takes beside its superuser's."""
        raise NotImplementedError

    @property
    def own_disk_gb(self) -> int | None:
        """The disk that is its alone; None where it has its machine's."""
        return None

    @property
    def restorable_days(self) -> int | None:
        """How long its vendor can still restore what was deleted; None where nobody can."""
        return None

    def too_few(self, wanted: int) -> TooFew:
        """What says that it takes fewer connections than are wanted."""
        raise NotImplementedError

    def lets_in(self, here: Place) -> bool:
        """Whether what runs in that place reaches it."""
        raise NotImplementedError

    def forwarded(self, server: str, index: int, names: Names, hosts: Iterable[Host]) -> tuple[str, str]:
        """Through which host's SSH server operators and the program reach it, and its address from there. `index`: its
        place in the list of database servers.
        """
        raise NotImplementedError

    def footprint(self, server: str) -> tuple[Container, ...]:
        """Its containers, where it is one on a machine of smarteros:hosts."""
        return ()


class BlobPlace(Place):
    """Where files lie as blobs."""

    @property
    def deleted_kept_days(self) -> int | None:
        """How long what was deleted or overwritten is kept there; None where it is gone at once."""
        return None


Role = type[ContainerPlace] | type[DatabasePlace] | type[BlobPlace]
_ROLES: tuple[Role, ...] = (ContainerPlace, DatabasePlace, BlobPlace)
_KINDS: list[type[Place]] = []


def place(kind: type[P]) -> type[P]:
    """Registers a kind of place (a decorator). Before the first settings are read: what they take is decided then."""
    role = _role_of(kind)
    taken = next((one for one in _KINDS if _role_of(one) is role and tag_of(one) == tag_of(kind)), None)
    if taken is not None:
        raise TypeError(f"{kind.__name__}: {taken.__name__} is where: {tag_of(kind)} already. Fix: another where")
    _KINDS.append(kind)
    return kind


def _role_of(kind: type[Place]) -> Role:
    found = next((role for role in _ROLES if issubclass(kind, role)), None)
    if found is None:
        raise TypeError(f"{kind.__name__}: it is for nothing. Fix: a subclass of {', '.join(map(_name, _ROLES))}")
    return found


def _name(kind: type[Place]) -> str:
    return kind.__name__


def tag_of(kind: type[Place]) -> str:
    """What `where` says of this kind."""
    said = get_args(kind.model_fields["where"].annotation)
    if len(said) != 1:
        raise TypeError(f'{kind.__name__}/where: it must be one word. Fix: where: Literal["…"]')
    return str(said[0])


@dataclass(frozen=True)
class Accepts:
    """Of a field of the settings: it takes each kind of place of this role that can do what it needs."""

    role: Role
    needs: tuple[str, ...] = ()
    """What the place must be able to do: names of what ContainerPlace says of itself."""
    because: str = ""
    """Why it needs that, when a place that can't is named; `{place}` is what messages call that one."""
    mend: str = ""

    def __post_init__(self) -> None:
        """A capability that no place has is a slip of the pen."""
        unknown = [one for one in self.needs if not hasattr(self.role, one)]
        if unknown:
            raise TypeError(f"{self.role.__name__} says nothing of {', '.join(unknown)}")

    def choices(self) -> dict[str, type[Place]]:
        """`where` → the kind of place, in the order of their names."""
        able = (one for one in self._of_role() if all(_can(one, need) for need in self.needs))
        return {tag_of(one): one for one in sorted(able, key=tag_of)}

    def _of_role(self) -> list[type[Place]]:
        return [one for one in _KINDS if issubclass(one, self.role)]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A union told apart by `where`, of the kinds that are registered when it is first needed."""
        schemas: dict[Any, CoreSchema] = {tag: handler.generate_schema(one) for tag, one in self.choices().items()}
        union = core_schema.tagged_union_schema(schemas, discriminator="where", from_attributes=True)
        schema = union if len(schemas) > 1 else next(iter(schemas.values()))
        return core_schema.no_info_before_validator_function(self._refuse, schema) if self.because else schema

    def _refuse(self, value: Any) -> Any:
        """Says why, of a place that is known and can't."""
        tag = value.get("where") if isinstance(value, Mapping) else None
        unable = {tag_of(one): one for one in self._of_role() if tag_of(one) not in self.choices()}
        if tag in unable:
            raise fault(self.because.format(place=unable[tag].called), self.mend)
        return value


def _can(kind: type[Place], need: str) -> bool:
    """Some things a kind says by themselves, one by the reason why it can't."""
    return not getattr(kind, "no_files_because", "") if need == "persists_files" else bool(getattr(kind, need))


Anywhere = Annotated[ContainerPlace, Accepts(ContainerPlace)]
"""A field that takes every kind of place where containers run."""


def accepted(field: FieldInfo) -> tuple[type[Place], ...]:
    """The kinds of place that a field takes; none when it is no place's."""
    for said in (*field.metadata, field.annotation):
        if isinstance(said, Accepts):
            return tuple(said.choices().values())
        if said in _KINDS:
            return (said,)
    return ()


def narrowed(kind: type[P], found: Place) -> P:
    """A place as the kind that it is, for the placement of that kind, which is its only caller."""
    # The settings are open to every kind, so mypy can't know what chosen.py has looked up by `where`.
    if not isinstance(found, kind):
        raise TypeError(f"{found.where} is no {kind.__name__}")
    return found
