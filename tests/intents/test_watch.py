"""The program's side: what gets a mark, what keeps the one it has, and what is noted when."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks
from pulumi.runtime.settings import ROOT

from intents.journal import Journal
from intents.known import known_in
from intents.marks import MARKS
from intents.watch import begin
from tests.components.declared import Answers, Recorder

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
POLICY = "vault:index/policy:Policy"
FIREWALL = "azure-native:dbforpostgresql:FirewallRule"
OLD = "a" * 24


class Part(pulumi.ComponentResource):
    """Something with a resource in it."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:parts:Part", name, None, opts)


def declared(
    journal: Journal, known: Mapping[str, str | None], program: Callable[[], None], *, preview: bool = False
) -> dict[str, Mapping[str, Any]]:
    """Name → inputs, of what a watched program declares."""
    recorder = Recorder()
    before = ROOT.get()
    ROOT.set(None)  # the SDK's own beginning: else the stack is that of another test
    mocks.set_mocks(Answers(), project="p", stack="s", preview=preview, monitor=recorder)

    def watched() -> None:
        begin(known, journal)
        program()

    try:
        pulumi.runtime.test(watched)()  # type: ignore[no-untyped-call] # the SDK has no types here
    finally:
        ROOT.set(before)
    return {one.name: one.inputs for one in recorder.declared}


def of_sdk(token: str) -> Callable[[], None]:
    """A program with one resource of a type by its vendor's own class, whatever that demands to be given."""
    package, module, name = token.split(":")
    inside = "" if module.startswith("index") else f".{module.partition('/')[0]}"
    made = getattr(importlib.import_module(f"pulumi_{package.replace('-', '_')}{inside}"), name)

    def program() -> None:
        given: dict[str, Any] = {"secret_name": "x", "properties": {"value": "x"}} if name == "Secret" else {}
        while True:
            try:
                made("one", **given)
            except TypeError as error:  # before anything of it is declared
                missing = re.fullmatch(r"Missing required property '(\w+)'", str(error))
                if missing is None:
                    raise
                given[missing[1]] = "x"
            else:
                return

    return program


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty one."""
    return Journal.of(tmp_path, "p", "s")


def urn(name: str, token: str = IDENTITY) -> str:
    """Of a resource in the part."""
    return f"urn:pulumi:s::p::test:parts:Part${token}::{name}"


def one(token: str = IDENTITY, opts: pulumi.ResourceOptions | None = None, **inputs: Any) -> Callable[[], None]:
    """A program with one resource in a component."""

    def program() -> None:
        parent = pulumi.ResourceOptions(parent=Part("part"))
        pulumi.CustomResource(token, "part-one", inputs, pulumi.ResourceOptions.merge(parent, opts))

    return program


def test_what_the_state_does_not_have_is_noted_and_marked(journal: Journal) -> None:
    """Under the URN that the engine will give it, beside what the program gives."""
    inputs = declared(journal, {}, one(tags={"system": "x"}))["part-one"]
    (intent,) = journal.open().values()
    assert intent.urn == urn("part-one")
    assert inputs["tags"] == {"system": "x", "smarteros-intent": intent.nonce}


def test_an_open_intent_keeps_its_number(journal: Journal) -> None:
    """The thing may be there with it already."""
    first = journal.begin(urn("part-one"), IDENTITY)
    assert declared(journal, {}, one())["part-one"]["tags"] == {"smarteros-intent": first.nonce}
    assert list(journal.open().values()) == [first]


@pytest.mark.parametrize(("mark", "tags"), [(OLD, {"smarteros-intent": OLD}), (None, None)])
def test_what_the_state_has_keeps_what_it_bears(mark: str | None, tags: object, journal: Journal) -> None:
    """A mark, or none: nothing that exists changes."""
    assert declared(journal, {urn("part-one"): mark}, one())["part-one"].get("tags") == tags
    assert not journal.file.exists()


def test_a_preview_notes_nothing(journal: Journal) -> None:
    """Nothing is created by it."""
    assert declared(journal, {}, one(), preview=True)["part-one"]["tags"]
    assert not journal.file.exists()


def test_what_was_called_otherwise_gets_no_mark(journal: Journal) -> None:
    """The state knows it by its old name: a mark would be a change of what exists."""
    aliased = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="former")])
    assert "tags" not in declared(journal, {}, one(opts=aliased))["part-one"]
    assert not journal.file.exists()


TYPED = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="azure-native:managedidentity/v2018:UserAssignedIdentity")])


def test_the_types_that_a_vendors_sdk_says_it_had_take_no_mark_away(journal: Journal) -> None:
    """Each resource of such a type has these aliases, in a new stack too."""
    inputs = declared(journal, {}, one(opts=TYPED))["part-one"]
    (intent,) = journal.open().values()
    assert (intent.urn, inputs["tags"]) == (urn("part-one"), {"smarteros-intent": intent.nonce})


@pytest.mark.parametrize(("mark", "tags"), [(OLD, {"smarteros-intent": OLD}), (None, None)])
def test_what_the_state_has_under_a_former_type_keeps_what_it_bears(
    mark: str | None, tags: object, journal: Journal
) -> None:
    former = urn("part-one", "azure-native:managedidentity/v2018:UserAssignedIdentity")
    assert declared(journal, {former: mark}, one(opts=TYPED))["part-one"].get("tags") == tags
    assert not journal.file.exists()


@pytest.mark.parametrize("token", sorted(MARKS))
def test_every_type_that_can_bears_its_mark_as_its_sdk_declares_it(token: str, journal: Journal) -> None:
    """By the vendor's own class: what it adds to a resource's options is part of it."""
    marked = declared(journal, {}, of_sdk(token))["one"]
    (intent,) = journal.open().values()
    assert intent.token == token
    assert MARKS[token].read(marked) == intent.nonce


def test_what_is_made_again_without_harm_is_not_noted(journal: Journal) -> None:
    """And what bears no mark is noted all the same."""
    declared(journal, {}, one(POLICY, name="x", policy="y"))
    assert not journal.file.exists()
    assert declared(journal, {}, one(FIREWALL, serverName="x"))["part-one"] == {"serverName": "x"}
    assert [intent.token for intent in journal.open().values()] == [FIREWALL]


def test_a_text_keeps_its_words_also_when_they_are_known_late(journal: Journal) -> None:
    """The mark stands at the end."""

    def program() -> None:
        pulumi.CustomResource(RECORD, "late", {"comment": pulumi.Output.from_input("tenant acme")})

    comment = declared(journal, {}, program)["late"]["comment"]
    (intent,) = journal.open().values()
    assert comment == f"tenant acme [intent {intent.nonce}]"


def test_what_a_state_knows_are_its_living_resources() -> None:
    """Not components, and not what is to be deleted for a replacement."""
    tagged = {"urn": "a", "custom": True, "id": "1", "type": IDENTITY, "inputs": {"tags": {"smarteros-intent": OLD}}}
    bare = {**tagged, "urn": "b", "inputs": {}}
    going = {**tagged, "urn": "c", "delete": True}
    component = {"urn": "d", "type": "test:parts:Part"}
    assert known_in({"resources": [tagged, bare, going, component]}) == {"a": OLD, "b": None}
