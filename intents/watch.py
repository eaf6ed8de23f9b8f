"""The program's side: before a resource is registered that the state does not have, its intent is noted and its mark
put on. What the state has keeps the mark that it has, or none: nothing that exists changes for this.

Works in every run of a program, also of a plain `pulumi up`. A replacement keeps the mark of what it replaces. What
is declared under another name than before (with an alias) gets none: the state knows it by the old one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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
    """One run's."""

    def __init__(self, known: Known, journal: Journal) -> None:
        self._known, self._journal = known, journal
        self._open = {urn: intent.nonce for urn, intent in journal.open().items()}
        self._chains: dict[int, tuple[str, bool]] = {}
        """Of each resource: the types from the top down to it, and whether an alias is among them."""
        self._kept: list[pulumi.Resource] = []  # as long as they live, no other gets the number of one

    def on(self, args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        """One resource, before anything else is done with it."""
        urn, renamed = self._placed(args)
        token = args.type_
        if not isinstance(args.resource, pulumi.CustomResource) or token.startswith("pulumi:"):
            return None
        if NO_MARK.get(token) in (AGAIN, STATE):
            return None  # whatever became of it, it is simply made again
        mark = mark_of(token)
        nonce = self._known[urn] if urn in self._known else None if renamed else self._begun(urn, token)
        if mark is None or not nonce:
            return None
        inputs = dict(args.props)
        inputs[mark.property] = mark.put(inputs, nonce, _lift)
        return ResourceTransformationResult(props=inputs, opts=args.opts)

    def _placed(self, args: ResourceTransformationArgs) -> tuple[str, bool]:
        above, renamed = self._chains.get(id(args.opts.parent), ("", False))
        chain = f"{above}${args.type_}" if above else args.type_
        renamed = renamed or bool(args.opts.aliases)
        if args.type_ != _STACK:
            self._chains[id(args.resource)] = (chain, renamed)
            self._kept.append(args.resource)
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{chain}::{args.name}", renamed

    def _begun(self, urn: str, token: str) -> str:
        if urn not in self._open:
            dry = pulumi.runtime.is_dry_run()
            self._open[urn] = "0" * 24 if dry else self._journal.begin(urn, token).nonce
        return self._open[urn]


def _lift(value: Any, change: Callable[[Any], Any]) -> Any:
    """What is an output as a whole becomes another; of anything else, outputs inside stay as they are."""
    return value.apply(change) if isinstance(value, pulumi.Output) else change(value)
