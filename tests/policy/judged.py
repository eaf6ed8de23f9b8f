"""Asks a rule what it says of a resource, or of a stack of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policy.rule import Facts, Host, Resource, Rule, StackRule

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
