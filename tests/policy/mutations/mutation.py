"""One change to what the program really declares: careless or meant, and never right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from policy.rule import Resource
from tests.policy.real_stacks import stack_of

__all__ = ["GONE", "Mutation", "added", "changed", "mutated"]

GONE = object()
"""A value that takes its input away."""
_STEP = re.compile(r"(?P<key>[^.\[\]]+)|\[(?P<index>\d+|\+)\]")


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutation:
    """Of one resource of a recorded stack, or one more resource in it."""

    stack: str
    resource: str
    """The logical name; of the new one's neighbour, whose provider it takes, when `token` is told."""
    changes: Mapping[str, Any]
    """Path → value: `ports[+]` is one more, `securityOpts[0]` the first, `GONE` takes it away."""
    token: str = ""
    protect: bool | None = None

    def __str__(self) -> str:
        given = [f"{path}={'(gone)' if value is GONE else value}" for path, value in self.changes.items()]
        what = self.token.rpartition(":")[2] or self.resource
        return re.sub(r"[^ -~]", "?", f"{self.stack}/{what} {' '.join(given)}")[:150]


def changed(stack: str, resource: str, *changes: Mapping[str, Any]) -> list[Mutation]:
    """Each of these changes by itself."""
    return [Mutation(stack=stack, resource=resource, changes=one) for one in changes]


def added(stack: str, beside: str, token: str, *inputs: Mapping[str, Any]) -> list[Mutation]:
    """One more resource with each of these inputs. It is protected, so that only what it is counts."""
    return [Mutation(stack=stack, resource=beside, changes=one, token=token, protect=True) for one in inputs]


def mutated(mutation: Mutation) -> tuple[list[Resource], Resource]:
    """The stack with the change in it, and the resource that was changed or added."""
    stack = list(stack_of(mutation.stack).resources)
    (at,) = (
        index for index, one in enumerate(stack) if one.name == mutation.resource and "smarteros:" not in one.token
    )
    found = stack[at]
    if mutation.token:
        provider = found.provider if found.token.partition(":")[0] == mutation.token.partition(":")[0] else {}
        new = Resource(
            token=mutation.token,
            name="mutated",
            inputs=dict(mutation.changes),
            urn=f"urn::{mutation.token}::mutated",
            protect=True,
            provider=provider,
        )
        return [*stack, new], new
    inputs = _copied(found.inputs)
    for path, value in mutation.changes.items():
        _set(inputs, _steps(path), value)
    new = replace(found, inputs=inputs)
    stack[at] = new
    return [_of_provider(one, found, new) for one in stack], new


def _copied(value: Any) -> Any:
    """What is not known yet stays the one thing that it is."""
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _of_provider(one: Resource, before: Resource, after: Resource) -> Resource:
    """Whoever has the changed provider has its new inputs."""
    same = before.token.startswith("pulumi:providers:") and one.provider is before.inputs
    return replace(one, provider=after.inputs) if same else one


def _steps(path: str) -> list[str | int]:
    if path.startswith("="):
        return [path[1:]]  # a key with dots in it
    found = _STEP.finditer(path)
    return [step["key"] if step["key"] else (-1 if step["index"] == "+" else int(step["index"])) for step in found]


def _set(inside: Any, steps: Sequence[str | int], value: Any) -> None:
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        if step == -1:
            inside.append(value if not rest else {})
            step = len(inside) - 1
        if rest:
            _set(inside[step], rest, value)
        elif value is GONE:
            del inside[step]
        else:
            inside[step] = value
        return
    if not rest:
        if value is GONE:
            inside.pop(step, None)
        else:
            inside[step] = value
        return
    if not isinstance(inside.get(step), dict | list):
        inside[step] = [] if isinstance(rest[0], int) else {}
    _set(inside[step], rest, value)
