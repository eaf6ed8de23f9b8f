"""The program's side: before a resource is registered that the state does not have, its intent is noted and its mark
put on. What the state has keeps the mark that it has, or none: nothing that exists changes for this.

Works in every run of a program, also of a plain `pulumi up`. A replacement keeps the mark of what it replaces. What
is declared under another name than before (with an alias) gets none: the state knows it by the old one. The aliases
that a vendor's SDK gives each resource of a type, for the types that it had, are looked up in the state instead: in a
new stack they name nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi import ResourceTransformationArgs, ResourceTransformationResult

from intents.journal import Journal, root_of
from intents.known import Known, known_in, read_state
from intents.marks import AGAIN, NO_MARK, STATE, mark_of

__all__ = ["begin", "begin_alone"]

_STACK = "pulumi:pulumi:Stack"


def begin(known: Known, journal: Journal) -> None:
    """From here on. `known`: what the state has. In a preview nothing is noted."""
    pulumi.runtime.register_stack_transformation(_Watch(known, journal).on)


def begin_alone(own: Path) -> None:
    """The same for a program that nobody told what the state has. `own`: where this clone keeps what is its own."""
    environ, project, stack = dict(os.environ), pulumi.get_project(), pulumi.get_stack()
    begin(known_in(read_state(environ, project, stack)), Journal.of(root_of(environ, own), project, stack))


class _Watch:
    """What one run of a program knows of intents: the marks of the state, and the journal it writes."""

    def __init__(self, known: Known, journal: Journal) -> None:
        self._known, self._journal = known, journal
        self._open = {urn: intent.nonce for urn, intent in journal.open().items()}
        self._chains: dict[int, tuple[str, bool]] = {}
        """Of each resource: the types from the top down to it, and whether an alias is among them."""
        self._kept: list[pulumi.Resource] = []  # as long as they live, no other gets the number of one

    def on(self, args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        """One resource, before anything else is done with it."""
        urns, renamed = self._placed(args)
        token = args.type_
        if not isinstance(args.resource, pulumi.CustomResource) or token.startswith("pulumi:"):
            return None
        if NO_MARK.get(token) in (AGAIN, STATE):
            return None  # whatever became of it, it is simply made again
        mark = mark_of(token)
        known = next((urn for urn in urns if urn in self._known), None)
        nonce = self._known[known] if known else None if renamed else self._begun(urns[0], token)
        if mark is None or not nonce:
            return None
        inputs = dict(args.props)
        inputs[mark.property] = mark.put(inputs, nonce, _lift)
        return ResourceTransformationResult(props=inputs, opts=args.opts)

    def _placed(self, args: ResourceTransformationArgs) -> tuple[list[str], bool]:
        """Its URN and those of the types that it had; and whether it, or what is above it, was called otherwise."""
        above, renamed = self._chains.get(id(args.opts.parent), ("", False))
        types, own = _types_and_rest(args.opts.aliases)
        chain, *former = (f"{above}${one}" if above else one for one in (args.type_, *types))
        renamed = renamed or own
        if args.type_ != _STACK:
            self._chains[id(args.resource)] = (chain, renamed)
            self._kept.append(args.resource)
        place = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}"
        return [f"{place}::{one}::{args.name}" for one in (chain, *former)], renamed

    def _begun(self, urn: str, token: str) -> str:
        if urn not in self._open:
            dry = pulumi.runtime.is_dry_run()
            self._open[urn] = "0" * 24 if dry else self._journal.begin(urn, token).nonce
        return self._open[urn]


def _types_and_rest(aliases: Any) -> tuple[list[str], bool]:
    """The types of the aliases that are nothing but another type, and whether there are any others."""
    known = list(aliases) if isinstance(aliases, Sequence) else []
    types = [
        one.type_
        for one in known
        if isinstance(one, pulumi.Alias)
        and isinstance(one.type_, str)
        and all(getattr(one, name) is ... for name in ("name", "parent", "stack", "project"))
    ]
    return types, len(types) != len(known) or not isinstance(aliases, Sequence | None)


def _lift(value: Any, change: Callable[[Any], Any]) -> Any:
    """What is an output as a whole becomes another; of anything else, outputs inside stay as they are."""
    return value.apply(change) if isinstance(value, pulumi.Output) else change(value)
