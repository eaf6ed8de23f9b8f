"""How a type is known: its properties by path, and what the value of each may be.

A path is written as in a violation, without the numbers: `ports[].internal`; `tags.*` is a map with any keys. What is
no path here is refused: a new property of an SDK opens something until somebody has looked at what it does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policy.known.names import Space
from policy.rule import UNKNOWN, Facts, Props, part

__all__ = [
    "ANY",
    "HOST_ADDRESS",
    "HOST_COMMAND",
    "INTENT",
    "MARK",
    "TEXT",
    "Allowed",
    "Default",
    "Fact",
    "Kind",
    "Leaf",
    "Like",
    "Named",
    "Node",
    "Only",
    "Within",
    "compiled",
    "leaves",
]

_OF_THE_BRIDGE = ("__defaults", "__pulumi_raw_state_delta")
"""What a bridged provider writes beside the inputs (pulumi/pulumi-terraform-bridge, pkg/tfbridge/schema.go)."""


class Allowed:
    """Whatever the value is, it opens nothing, or a rule of its own judges it."""

    def refuses(self, _value: object, _facts: Facts) -> str | None:
        """Why a value is refused, as the end of a sentence; None when it isn't. Never has a value in it that may be
        a secret.
        """
        return None


@dataclass(frozen=True)
class Text(Allowed):
    """A text of the program's own, which is searched for secrets under any name."""

    def refuses(self, value: object, _facts: Facts) -> str | None:
        return "it is not a text" if isinstance(value, Mapping | list) else None


ANY = Allowed()
TEXT = Text()


@dataclass(frozen=True)
class Only(Allowed):
    """One of a few values."""

    values: tuple[object, ...]

    def __init__(self, *values: object) -> None:
        object.__setattr__(self, "values", values)

    def refuses(self, value: object, _facts: Facts) -> str | None:
        if any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.values):
            return None
        if not self.values:
            return "nothing may stand there"
        return f"only {', '.join(_shown(one) or '(empty)' for one in self.values)} is known to be safe"


class Default(Only):
    """What the vendor's provider says by itself where the program says nothing, and nobody else does."""


@dataclass(frozen=True)
class Like(Allowed):
    """A text of a certain form."""

    pattern: re.Pattern[str]
    means: str

    def __init__(self, pattern: str, means: str) -> None:
        object.__setattr__(self, "pattern", re.compile(pattern))
        object.__setattr__(self, "means", means)

    def refuses(self, value: object, _facts: Facts) -> str | None:
        return None if isinstance(value, str) and self.pattern.fullmatch(value) else f"it is not {self.means}"


INTENT = "smarteros-intent"
"""How the mark of what the program means to make is called (intents/marks.py)."""
MARK = Like(r"[0-9a-f]{24}", "the mark of an intent")


@dataclass(frozen=True)
class Within(Allowed):
    """A number from one to another, both included."""

    least: float
    most: float

    def refuses(self, value: object, _facts: Facts) -> str | None:
        plain = float(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value
        if isinstance(plain, int | float) and not isinstance(plain, bool) and self.least <= plain <= self.most:
            return None
        return f"it is not between {self.least:g} and {self.most:g}"


@dataclass(frozen=True)
class Fact(Allowed):
    """What the settings say; any value where nobody told."""

    name: str

    def refuses(self, value: object, facts: Facts) -> str | None:
        wanted = getattr(facts, self.name)
        return None if not wanted or value == wanted else "it is not that of the settings"


class _HostCommand(Allowed):
    """What prepares a host, letter by letter; any text where nobody told."""

    def refuses(self, value: object, facts: Facts) -> str | None:
        digest = hashlib.sha256(str(value).encode()).hexdigest()
        if not facts.environment or digest in facts.host_commands:
            return None
        return "it is not the preparation of a host of the settings (hosts/bootstrap.sh with its parameters)"


class _HostAddress(Allowed):
    """Where a host of the settings is; any where nobody told."""

    def refuses(self, value: object, facts: Facts) -> str | None:
        addresses = {one.address for one in facts.hosts}
        return None if not facts.environment or value in addresses else "it is no host of the settings"


HOST_COMMAND, HOST_ADDRESS = _HostCommand(), _HostAddress()


@dataclass(frozen=True)
class Named(Allowed):
    """The name of something: in a tenant's stack the tenant's own, or one of a few of the platform's; in the platform's
    no tenant's.
    """

    space: Space
    shared: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    """What the platform's stack alone may name of the vendor's own."""

    def refuses(self, value: object, facts: Facts) -> str | None:
        return (
            None
            if not isinstance(value, str)
            else self.space.refuses(value, facts, self.shared if facts.tenant else (*self.shared, *self.platforms))
        )


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type that the pack knows."""

    properties: Mapping[str, Allowed]
    required: tuple[str, ...] = ()
    """What must be said, because what holds without it is not what is wanted."""
    in_tenants: bool = False
    """Whether a tenant's stack may have one."""


@dataclass(frozen=True)
class Leaf:
    """A value inside the inputs, where it is, and what it may be: nothing when its path is not known."""

    path: str
    value: object
    allowed: Allowed | None


@dataclass
class Node:
    """A step of the known paths."""

    keys: dict[str, Node] = field(default_factory=dict)
    allowed: Allowed | None = None

    def next(self, key: str) -> Node | None:
        """The step below, for a key; that of `*`, for a key that has none of its own."""
        return self.keys.get(key) or self.keys.get("*")


_STEP = re.compile(r"\[\]|[^.\[\]]+")


def compiled(properties: Mapping[str, Allowed]) -> Node:
    """The paths as a tree."""
    root = Node()
    for path, allowed in properties.items():
        at = root
        for step in _STEP.findall(path):
            at = at.keys.setdefault(step, Node())
        at.allowed = allowed
    return root


def leaves(value: Any, node: Node | None, path: str = "") -> Iterator[Leaf]:
    """Every value inside the inputs."""
    if value is None:
        return
    if node is None or (node.allowed is not None and not node.keys):
        yield Leaf(path, value, node.allowed if node else None)
    elif value is UNKNOWN:
        return
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _OF_THE_BRIDGE:
                yield from leaves(inner, node.next(str(key)), f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from leaves(inner, node.keys.get("[]"), f"{path}[{index}]")
    else:
        yield Leaf(path, value, node.allowed)


def has(inputs: Props, path: str) -> bool:
    """Whether something is said at a path without lists."""
    at: Any = inputs
    for step in path.split("."):
        if at is UNKNOWN:
            return True
        at = part(at).get(step)
    return at is not None and at != []


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
