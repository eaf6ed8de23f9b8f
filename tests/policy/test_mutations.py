"""The pack knows what it allows: what the program declares passes, and no change to it that does harm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from intents.marks import MARKS
from policy.catalogue import level, rules
from policy.known import KINDS, node_of
from policy.known.kind import Default, Node, leaves
from policy.rule import Facts, Resource, StackRule
from provider.migrations import MigrationsInputs
from provider.sessions import SessionsInputs
from sandbox.vendors import packages
from settings.parts import Setting
from tests.components.declared import Declared
from tests.components.placed import Case
from tests.components.test_local import declared as on_own_machine
from tests.policy.judged import resources_of
from tests.policy.mutations import BREACHES, INTENT
from tests.policy.mutations.mutation import Mutation, mutated
from tests.policy.real_stacks import STACKS, stack_of

LEAST = 150
BY_THE_ENGINE = {"pulumi:providers:command", "pulumi:providers:random", "pulumi:providers:tls", "pulumi:pulumi:Stack"}
"""Made by the engine itself, which no mock shows."""
MARKED = {"version", "labels", "tags", "metadata", "description"}
"""Where the engine's run adds something to what the program says: a provider's version, the mark of an intent."""
VENDORS = sorted({token.partition(":")[0] for token in KINDS} - {"pulumi", "smarteros-apps"})


@cache
def caught(mutation: Mutation) -> tuple[str, ...]:
    """The rules that stop a run because of a change."""
    stack, one = mutated(mutation)
    facts = stack_of(mutation.stack).facts
    return tuple(
        rule.name
        for rule in rules()
        if level(rule, facts) == "mandatory" and next(iter(_said(rule, stack, [one], facts)), None) is not None
    )


def _said(rule: Any, stack: Sequence[Resource], looked_at: Sequence[Resource], facts: Facts) -> Iterator[str]:
    if isinstance(rule, StackRule):
        yield from (text for _, text in rule.check(stack, facts))
        return
    for one in looked_at:
        if rule.looks_at(one.token):
            yield from rule.check(one, facts)


@pytest.mark.parametrize("name", STACKS)
def test_what_the_program_declares_passes(name: str) -> None:
    """Every stack, unchanged: nothing is said of it by any rule."""
    stack = stack_of(name)
    said = [
        f"{rule.name}: {text}"
        for rule in rules()
        for text in _said(rule, stack.resources, stack.resources, stack.facts)
    ]
    assert said == []


@pytest.mark.parametrize("name", [one for one in STACKS if not stack_of(one).facts.tenant])
def test_what_the_platform_declares_passes_where_nobody_told_the_facts(name: str) -> None:
    """As in a plain `pulumi preview --policy-pack policy`."""
    stack = stack_of(name)
    said = [
        f"{rule.name}: {text}"
        for rule in rules()
        if rule.name != "facts-told"
        for text in _said(rule, stack.resources, stack.resources, Facts())
    ]
    assert said == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_change_that_does_harm_is_refused(stack: str) -> None:
    """By a rule that stops the run."""
    assert [str(one) for one in INTENT if one.stack == stack and not caught(one)] == []


def test_what_passed_once_is_refused() -> None:
    """All that was let through by a pack that knew only what it forbids."""
    assert [str(one) for one in BREACHES if not caught(one)] == []


def test_there_are_enough_of_them_and_none_twice() -> None:
    """Each is another change."""
    given = [(one.stack, one.resource, one.token, repr(one.changes)) for one in (*INTENT, *BREACHES)]
    assert len(set(given)) == len(given)
    assert len(INTENT) >= LEAST


def test_no_rule_is_there_for_nothing() -> None:
    """Without it, at least one of the changes would pass; or what it judges are the settings, and a stack of it without
    backups is refused by it alone.
    """
    alone = {names[0] for names in map(caught, (*INTENT, *BREACHES)) if len(names) == 1}
    prod = stack_of("prod")
    unsaved = replace(prod.facts, backup_domains=())
    for rule in rules():
        if rule.mandatory and list(_said(rule, prod.resources, prod.resources, unsaved)):
            alone.add(rule.name)
    assert {rule.name for rule in rules() if rule.mandatory} - alone == set()


@cache
def declared_paths() -> frozenset[tuple[str, str]]:
    """(type, path) of all that any stack declares; and of the type itself."""
    found: set[tuple[str, str]] = set()
    cases = (Case("metabase", 0, "azure").declared(), on_own_machine())
    for one in (*(one for name in STACKS for one in stack_of(name).resources), *_resources(*cases)):
        if one.token in KINDS:
            found.add((one.token, ""))
            found |= {(one.token, path) for path in _paths(one.inputs, node_of(one.token))}
    return frozenset(found)


def _resources(*several: Sequence[Declared]) -> Iterator[Resource]:
    for declared in several:
        yield from resources_of(declared)


def _paths(value: Any, node: Node, path: str = "") -> Iterator[str]:
    if node.allowed is not None:
        yield path
    steps: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        steps = [(key if key in node.keys else "*", inner) for key, inner in value.items() if inner is not None]
    elif isinstance(value, list):
        steps = [("[]", inner) for inner in value]
    for step, inner in steps:
        if step in node.keys:
            yield from _paths(inner, node.keys[step], path + step if step == "[]" else f"{path}.{step}".lstrip("."))


def test_nothing_is_allowed_that_nobody_declares() -> None:
    """A type or property that is gone from the program is gone from the lists. What a vendor's provider says by itself
    stands there as such.
    """
    known = {(token, "") for token in KINDS} | {
        (token, path) for token, kind in KINDS.items() for path in kind.properties
    }
    defaults = {
        (token, path)
        for token, kind in KINDS.items()
        for path, one in kind.properties.items()
        if isinstance(one, Default)
    }
    marks = {(token, path) for token, path in known if path.partition(".")[0].partition("[")[0] in MARKED}
    left = known - declared_paths() - defaults - marks
    assert {one for one in left if one[0] not in BY_THE_ENGINE} == set()


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_providers_fill_in_by_themselves_is_known(vendor: str) -> None:
    """As the sandbox's do, which have it from the vendor's source."""
    for package in packages():
        for kind in package.types if package.name == vendor else ():
            if kind.token in KINDS:
                for leaf in leaves(dict(kind.defaults), node_of(kind.token)):
                    assert leaf.allowed is not None, (kind.token, leaf.path)
                    assert leaf.allowed.refuses(leaf.value, Facts()) is None, (kind.token, leaf.path)


@pytest.mark.parametrize("token", sorted(set(MARKS) & set(KINDS)))
def test_the_mark_of_an_intent_is_known(token: str) -> None:
    """Wherever a type bears one."""
    mark = MARKS[token]
    inputs = {mark.property: mark.put({}, "0a" * 12, lambda value, put: put(value))}
    for leaf in leaves(inputs, node_of(token)):
        assert leaf.allowed is not None, leaf.path
        assert leaf.allowed.refuses(leaf.value, Facts()) is None, leaf.path


@pytest.mark.parametrize(
    ("token", "model"),
    [("smarteros-apps:postgres:Sessions", SessionsInputs), ("smarteros-apps:postgres:Migrations", MigrationsInputs)],
)
def test_what_our_own_provider_fills_in_is_known(token: str, model: type[Setting]) -> None:
    """Its inputs are a model's fields, with their defaults."""
    for name, field in model.model_fields.items():
        for leaf in leaves({field.alias or name: None if field.is_required() else field.default}, node_of(token)):
            assert leaf.allowed is not None, leaf.path
            assert leaf.value == "" or leaf.allowed.refuses(leaf.value, Facts()) is None, leaf.path
