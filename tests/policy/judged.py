"""Asks a rule what it says of a resource, or of a stack of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from policy.catalogue import rules
from policy.rule import UNKNOWN, Facts, Host, Marked, Resource, Rule, StackRule
from policy.stateful import plain_token
from tests.components.declared import Declared, Hidden

HOST = Host(name="vps", address="203.0.113.10", memory_mb=8192, reserve_mb=1024)
FACTS = Facts(environment="prod", domain="example.com", hosts=(HOST,), system="s")
ON_HOST = {"host": "ssh://deploy@203.0.113.10:22"}


def said(rule: Rule | StackRule, token: str, inputs: Mapping[str, Any], facts: Facts = FACTS) -> list[str]:
    """What a rule says of one resource. A type that it does not look at is a mistake of the test."""
    assert isinstance(rule, Rule)
    assert rule.looks_at(token), f"{rule.name} does not look at {token}"
    return list(rule.check(Resource(token=token, name="one", inputs=inputs), facts))


def said_of_stack(rule: Rule | StackRule, stack: Sequence[Resource], facts: Facts = FACTS) -> list[tuple[str, str]]:
    """(the resource's name, or nothing; what a rule says of it)."""
    assert isinstance(rule, StackRule)
    return [(one.name if one else "", text) for one, text in rule.check(stack, facts)]


def changed(right: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The right inputs with some of them replaced; None removes one."""
    both = {**right, **more}
    return {key: value for key, value in both.items() if value is not None}


def resources_of(declared: Sequence[Declared]) -> list[Resource]:
    """What a program declares, as the engine hands it to the rules: with the marks of secrets, and with ids not known
    yet.
    """
    ids = {f"{one.name}-id" for one in declared}
    inputs = {one.urn: _marked(one.inputs, ids) for one in declared}
    return [
        Resource(
            token=plain_token(one.token),
            name=one.name,
            inputs=inputs[one.urn],
            urn=one.urn,
            protect=one.protect,
            provider=inputs.get(one.provider.rpartition("::")[0], {}),
            sources=one.sources,
        )
        for one in declared
    ]


def violations(declared: Sequence[Declared], facts: Facts) -> Iterator[str]:
    """What all the rules together say of what a program declares."""
    resources = resources_of(declared)
    for rule in rules():
        if isinstance(rule, StackRule):
            yield from (f"{rule.name}: {text}" for _, text in rule.check(resources, facts))
            continue
        for resource in resources:
            if rule.looks_at(resource.token):
                yield from (f"{rule.name}: {text}" for text in rule.check(resource, facts))


def _marked(value: Any, ids: Collection[str], secret: bool = False) -> Any:
    if isinstance(value, Hidden):
        return _marked(value.value, ids, secret=True)
    if isinstance(value, dict):
        return {key: _marked(inner, ids, secret) for key, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner, ids, secret) for inner in value]
    if isinstance(value, str) and value in ids:
        return UNKNOWN
    return Marked(value) if secret and isinstance(value, str) else value
