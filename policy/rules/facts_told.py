"""The rules were told of the environment: without it names, addresses and memory can't be checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rule import Facts, Resource, StackRule


def _check(_stack: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    if not facts.environment:
        mend = "run it by ./smos, or add --policy-pack-config with the file that `./smos policies STACK` prints"
        yield None, f"host-memory, names-in-zone and parts of others checked nothing: {mend}"


RULE = StackRule(
    name="facts-told",
    says="The rules know the environment that they check.",
    check=_check,
    mandatory=False,
    needs_facts=True,
)
