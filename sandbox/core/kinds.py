"""A table of a resource type: which rules it has, and all that the provider needs beside them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import NeedsInCloud, Rule, Unchangeable
from sandbox.core.values import Props, Value

__all__ = ["Compute", "Function", "Package", "ResourceType", "functions_of", "types_of"]

Compute = Callable[[Computing], Value]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A simulated resource type: all that Check, Diff, Create and its page in docs/providers need."""

    token: str
    about: str
    """One line: what it is."""
    sources: tuple[str, ...]
    """The vendor's pages that the rules come from (a rule may name its own)."""
    properties: tuple[str, ...]
    """The property paths that are simulated; a path covers what is below it. Anything else given is refused."""
    rules: tuple[Rule, ...]
    id: Callable[[Computing], str] | str
    """A template over inputs and provider configuration (`/subscriptions/{subscriptionId}/…/{name}`), or a function."""
    named_by: str = ""
    """The input that holds the vendor's name; when left out it is made from the logical name (`autoname`)."""
    autoname: Callable[[str, bytes], str] | None = None
    """(logical name, random seed) → name. None: the name is required, or there is none."""
    computed: Mapping[str, Compute] = field(default_factory=dict)
    """Outputs that the vendor adds: name → function. At preview of a creation they are unknown."""
    secret_outputs: tuple[str, ...] = ()
    write_only: tuple[str, ...] = ()
    """Inputs that the vendor never returns (passwords): not compared at refresh."""
    replaces: tuple[str, ...] = ()
    """Property paths whose change forces a replacement."""
    compares: tuple[str, ...] = ()
    """Properties that the provider compares with what it read last (the state), as those made of Terraform's do,
    instead of with what was wanted last: what reads back in another form is a change at every run.
    """
    sets: tuple[str, ...] = ()
    """Property paths of lists whose order says nothing."""
    delete_before_replace: bool = False
    """Whether a replacement begins with the deletion, as the provider says of the type; else only where both would have
    the same name."""
    written_back: Callable[[Props], Mapping[str, Any]] | None = None
    """Inputs → those that the provider's own Read writes into the state in another form, or though they were not given.
    The next Diff compares with that form, as the real one does."""
    carried_out: Callable[[Props, Props], Props] | None = None
    """(old inputs, new inputs) → what really holds after an update, where the provider calls one done that it does not
    do: the state says what was asked for until the next refresh, what exists does not."""
    flags: tuple[str, ...] = ()
    """Enums of which the vendor takes several in one text, with commas between them."""
    ignores: tuple[str, ...] = ()
    """Property paths whose change the provider drops: told as no change at all."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What the provider itself fills in at Check (not what the cloud defaults to)."""
    not_checked: tuple[str, ...] = ()
    """Sentences for the docs: what the real one checks and this does not."""
    on_create: Callable[[Computing], Mapping[str, Any] | None] | None = None
    """A real backend (a database…): does it, and may return outputs. An exception's text is the vendor's refusal."""
    on_update: Callable[[Computing, Props], Mapping[str, Any] | None] | None = None
    """(new, old inputs)"""
    on_delete: Callable[[Computing], None] | None = None
    on_read: Callable[[Computing], Mapping[str, Any] | None] | None = None
    """Reads the real backend; None when it is gone."""
    scope: Callable[[Props], str] | None = None
    """Provider configuration → the daemon or server that it talks to, where the vendor's ids are unique only within it
    (a volume's id is its name on its host). The inventory's key is (token, scope, id)."""
    overwrites: bool = False
    """Whether the vendor takes a creation as an update of what is there already."""
    stays: Callable[[Props, Cloud, Props], bool] | None = None
    """Whether a deletion leaves it where it is, for others."""
    state_only: bool = False
    """Lives in Pulumi's state alone (random, tls, command): nothing in the inventory, a refresh answers the state, and
    ids need not be unique (RandomPassword's is always "none")."""
    deletion: tuple[NeedsInCloud, ...] = ()
    """What must hold before a deletion (a network with containers on it is refused)."""

    def input_rules(self) -> Sequence[Rule]:
        """The rules that inputs alone decide."""
        return [rule for rule in self.rules if rule.phase == "check" and not isinstance(rule, Unchangeable)]

    def cloud_rules(self, creation: bool) -> Sequence[Rule]:
        """The rules that what exists decides, and at a creation those of a creation."""
        return [rule for rule in self.rules if rule.phase == "cloud" or (creation and rule.phase == "create")]


@dataclass(frozen=True, kw_only=True)
class Function:
    """A provider function (invoke) that is simulated."""

    token: str
    about: str
    sources: tuple[str, ...]
    answer: Callable[[Props, Cloud, Props], Mapping[str, Any]]
    """(arguments, what exists, provider configuration) → result; raises ValueError with the vendor's refusal."""
    rules: tuple[Rule, ...] = ()
    secret_outputs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Package:
    """One simulated provider: its types, its functions, and what its own configuration must be."""

    name: str
    types: tuple[ResourceType, ...]
    functions: tuple[Function, ...] = ()
    config: tuple[Rule, ...] = ()
    """Rules on the provider's own inputs, run at CheckConfig."""
    ids_are_paths: bool = False
    """Whether what has an id below another's (`<id>/…`) lies in it and is deleted with it. Elsewhere an id may begin as
    another's without being below it: a zone's settings have the zone's id before a slash."""
    words_in_any_case: bool = False
    """Whether the vendor compares the words of its enums without case, and others may stand beside the SDK's."""
    foresees_nothing_computed: bool = False
    """Whether a preview of an update says of everything computed that it is unknown, as one of a creation does. Else
    it says what it was before."""
    connect: Callable[[Props, Cloud], str | None] | None = None
    """Runs at Configure with wholly known inputs: None, or why the vendor can't be reached with them."""


def types_of(folder: ModuleType) -> tuple[ResourceType, ...]:
    """The resource types that the modules below a vendor's folder `types` offer as TYPES, by token. A module that is
    there is simulated: nothing else lists it.
    """
    found = (kind for module in _modules(folder) for kind in getattr(module, "TYPES", ()))
    return tuple(sorted(found, key=lambda kind: kind.token))


def functions_of(folder: ModuleType) -> tuple[Function, ...]:
    """Likewise the functions, as FUNCTIONS."""
    found = (function for module in _modules(folder) for function in getattr(module, "FUNCTIONS", ()))
    return tuple(sorted(found, key=lambda function: function.token))


def _modules(folder: ModuleType) -> list[ModuleType]:
    names = pkgutil.walk_packages(folder.__path__, f"{folder.__name__}.")
    return [importlib.import_module(one.name) for one in names]
