"""What the two layers say of a resource's inputs: pure functions, used by the provider server, the tests and
the docs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Failure, Unchangeable, refusals
from sandbox.core.schema import Schema
from sandbox.core.values import UNKNOWN, Props, Value, contains_unknown, leaves, lookup, show, steps

__all__ = [
    "Kind",
    "Step",
    "changes",
    "covered",
    "fill",
    "leads_to",
    "refused_by_cloud",
    "refused_changes",
    "refused_inputs",
]

Kind = Literal["add", "delete", "update"]
Step = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """One difference between old and new inputs."""

    path: str
    kind: Kind
    replaces: bool


def refused_inputs(kind: ResourceType, schema: Schema, inputs: Props) -> list[Failure]:
    """Everything that the inputs alone show to be wrong. Wrong types are told first: rules presuppose right ones."""
    wrong_types = [one for one in schema.failures(kind.token, inputs) if not _joined(kind, schema, inputs, one)]
    if wrong_types:
        return wrong_types
    whole: Props = schema.numbers(kind.token, inputs)
    failures = list(_not_simulated(kind, whole))
    for rule in kind.input_rules():
        failures.extend(rule.failures(whole))
    return failures


def _joined(kind: ResourceType, schema: Schema, inputs: Props, failure: Failure) -> bool:
    """Whether it is only that several words stand where the vendor takes several."""
    at = tuple(steps(failure.path))
    return covered(kind.flags, at) and schema.joins(kind.token, at, lookup(inputs, failure.path))


def refused_by_cloud(kind: ResourceType, inputs: Props, cloud: Cloud, config: Props, own_id: str = "") -> list[Failure]:
    """Everything that what exists makes wrong; at a creation, where nothing has an id of its own yet, also all that is
    found when it is made.
    """
    rules = kind.cloud_rules(creation=not own_id)
    return [failure for rule in rules for failure in refusals(rule, inputs, cloud, config, own_id)]


def refused_changes(kind: ResourceType, old: Props, new: Props) -> list[Failure]:
    """The changes that the vendor neither makes nor replaces for."""
    return [
        Failure(path, rule.id, f"{rule.code}: {reason}" if rule.code else reason)
        for rule in kind.rules
        if isinstance(rule, Unchangeable)
        for path, reason in rule.examine_change(old, new)
    ]


def changes(kind: ResourceType, old: Props, new: Props, state: Props, ignored: Sequence[str] = ()) -> list[Change]:
    """What the provider calls a change, each with whether it forces a replacement. `old`: what was wanted last;
    `state`: what was read last; `ignored`: the paths whose changes nobody wants to hear of.
    """
    others = {name: value for name, value in new.items() if name not in kind.compares}
    found = _changed_inputs(kind, {name: value for name, value in old.items() if name not in kind.compares}, others)
    found += _changed_state(kind, state, new)
    return [change for change in found if not covered(ignored, tuple(steps(change.path)))]


def _changed_state(kind: ResourceType, state: Props, new: Props) -> Iterator[Change]:
    """By whole properties. What the provider fills in by itself is no change where nothing is wanted."""
    for name in kind.compares:
        before, after = state.get(name), new.get(name)
        if after is None and name in kind.computed:
            continue
        if name in kind.sets and isinstance(before or after, list) and UNKNOWN not in (before, after):
            before, after = (sorted(one or [], key=str) for one in (before, after))
        if (before or None) == (after or None) and after is not UNKNOWN:
            continue
        change: Kind = "update" if before and after else "delete" if before else "add"
        yield Change(name, change, covered(kind.replaces, (name,)))


def _changed_inputs(kind: ResourceType, old: Props, new: Props) -> list[Change]:
    """The paths of all leaves that differ between the old and the new inputs."""
    before, after = dict(leaves(in_order(kind, old))), dict(leaves(in_order(kind, new)))
    found: list[Change] = []
    for at in sorted(before.keys() | after.keys(), key=str):
        if covered(kind.ignores, at):
            continue
        if at in before and at in after:
            if before[at] == after[at] and after[at] is not UNKNOWN:
                continue
            change: Kind = "update"
        else:
            change = "delete" if at in before else "add"
        found.append(Change(show(at), change, covered(kind.replaces, at)))
    return found


def in_order(kind: ResourceType, inputs: Props) -> Props:
    """The inputs with each set in one order, so that only its items count."""
    return {name: _sorted(kind, value, (name,)) for name, value in inputs.items()}


def _sorted(kind: ResourceType, value: Value, at: Step) -> Value:
    if isinstance(value, Mapping):
        return {key: _sorted(kind, item, (*at, key)) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_sorted(kind, item, (*at, index)) for index, item in enumerate(value)]
    is_set = any(_matches(steps(pattern), at) for pattern in kind.sets)
    return sorted(items, key=_as_text) if is_set and not contains_unknown(items) else items


def _as_text(value: Value) -> str:
    """The same for the same content: the engine sends an object's keys in any order."""
    return json.dumps(value, sort_keys=True, default=str)


def _not_simulated(kind: ResourceType, inputs: Props) -> Iterator[Failure]:
    reported: set[str] = set()
    for at, _ in leaves(inputs):
        if covered(kind.properties, at) or leads_to(kind.properties, at):
            continue
        path = show(at)
        if path not in reported:
            reported.add(path)
            yield Failure(path, "not-simulated", "is not simulated, so nothing here could refuse a wrong value of it")


def covered(patterns: Sequence[str], at: Step) -> bool:
    """Whether a pattern names this place or one above it."""
    return any(_matches(steps(pattern), at[: len(steps(pattern))]) for pattern in patterns)


def leads_to(patterns: Sequence[str], at: Step) -> bool:
    """Whether a pattern names a place below this one (an empty object stands here)."""
    return any(len(steps(pattern)) > len(at) and _matches(steps(pattern)[: len(at)], at) for pattern in patterns)


def _matches(pattern: Sequence[str | int], at: Sequence[str | int]) -> bool:
    if len(pattern) != len(at):
        return False
    return all(
        want == have or (want == "[*]" and isinstance(have, int)) or (want == "{*}" and isinstance(have, str))
        for want, have in zip(pattern, at, strict=True)
    )


def fill(template: str, values: Props) -> str:
    """An id template with its `{names}` filled in from the inputs and the provider's configuration."""
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match.group(1)]), template)
