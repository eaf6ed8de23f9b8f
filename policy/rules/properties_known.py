"""Every property is one that somebody has looked at, with a value that is known to open nothing.

A new property of an SDK is refused until it stands in policy/known. What may be anything there has a rule of its own,
or opens nothing. No message has a value in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.known import KINDS, node_of
from policy.known.kind import Named, has, leaves
from policy.rule import UNKNOWN, Facts, Resource, Rule


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    kind = KINDS.get(resource.token)
    if kind is None:
        return  # types-known says so
    for leaf in leaves(resource.inputs, node_of(resource.token)):
        if leaf.allowed is None:
            mend = (
                "leave it out, or look at what it opens and add it to policy/known (docs/policies.md, A new property)"
            )
            yield f"{leaf.path} is a property that no rule knows: {mend}"
        elif leaf.value is not UNKNOWN and not isinstance(leaf.allowed, Named):
            why = leaf.allowed.refuses(leaf.value, facts)
            if why:
                yield f"{leaf.path} has a value that nobody looked at: {why} (policy/known)"
    for path in kind.required:
        if not has(resource.inputs, path):
            yield f"{path} is missing, and what holds without it is not what is wanted: say it"


RULE = Rule(
    name="properties-known",
    says="Every property is one that the rules know, with a value that opens nothing.",
    types=("*",),
    check=_check,
    everywhere=True,
    needs_facts=True,
)
