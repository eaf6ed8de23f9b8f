"""What a type of resource is here: what it accepts, and what is done to make, read, change, remove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

__all__ = ["Config", "Props", "ProviderError", "ResourceHandler", "ResourceType"]

Props = Mapping[str, Any]
Config = Mapping[str, Any]
"""What the provider instance was configured with, by property."""
I = TypeVar("I", bound=BaseModel)  # noqa: E741 - the model of the inputs
In = TypeVar("In", bound=BaseModel, contravariant=True)


class ProviderError(Exception):
    """The thing behind a resource refused, or can't be reached: the message is what the operator reads. No secret."""


class ResourceHandler(Protocol[In]):
    """What a type does. Every act may be repeated: after a crash the engine asks again."""

    def create(self, config: Config, wanted: In) -> tuple[str, Props]:
        """Makes it, or takes over what is there by that name: its id, and what is known only then."""

    def read(self, config: Config, identity: str, known: In) -> Props | None:
        """What is there: properties that differ from what is known, or None when there is no such thing."""

    def update(self, config: Config, identity: str, old: In, wanted: In) -> Props:
        """Makes it what is wanted: what is known only then."""

    def delete(self, config: Config, identity: str, known: In) -> None:
        """Removes it; no error when it is gone already."""


@dataclass(frozen=True, kw_only=True)
class ResourceType(Generic[I]):
    """A type of resource: its token, the model of its inputs, and the handler that does what is asked."""

    token: str
    inputs: type[I]
    handler: ResourceHandler[I]
    replaces: frozenset[str] = frozenset()
    """Properties whose change makes another thing."""
    computed: frozenset[str] = frozenset()
    """What is known only when it is there."""
    secrets: frozenset[str] = frozenset()
    """Properties that are secret, whoever hands them over."""
