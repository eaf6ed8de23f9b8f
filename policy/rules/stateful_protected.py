"""What holds data is protected, so that Pulumi refuses to delete it. The list is policy/stateful.py.

Docker volumes that the program fills itself need no protection; that one is really filled, the rule makes sure of. On a
developer's own machine nothing is that nobody could make again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rule import Facts, Resource, StackRule, each, part
from policy.stateful import FILLED_VOLUME, holds

_VOLUME = "docker:index/volume:Volume"
_CONTAINER = "docker:index/container:Container"


def _check(stack: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    filled = {volume for one in stack if one.token == _CONTAINER for volume in _fills(one)}
    for resource in stack:
        lost = holds(resource.token, resource.inputs)
        if lost and not resource.protect and not facts.own_machine:
            yield resource, f"{resource.name} is not protected, and with it goes {lost}: protect=True"
        name = resource.inputs.get("name")
        if resource.token == _VOLUME and lost is None and name not in filled:
            why = f"its name ends with {FILLED_VOLUME}, but no container fills it with files"
            yield resource, f"{resource.name}: {why}; another name, and protect=True"


def _fills(container: Resource) -> Iterator[object]:
    if each(container.inputs.get("uploads")):
        yield from (part(one).get("volumeName") for one in each(container.inputs.get("volumes")))


RULE = StackRule(
    name="stateful-protected",
    says="What holds data is protected against deletion.",
    check=_check,
    needs_facts=True,
)
