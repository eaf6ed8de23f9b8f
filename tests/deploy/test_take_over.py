"""Whose a thing is that a failed run may have left: by its mark, by the operator's word, or not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.guards import NotReady
from deploy.open_intents import journal_of
from deploy.take_over import Claims
from sandbox.core.faults import Fault
from sandbox.core.schema import Schema
from sandbox.vendors import packages
from tests.deploy.types_at_once import PROJECT, STACK, Stack, standing

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
FIREWALL = "azure-native:dbforpostgresql:FirewallRule"
BUCKET = "azure-native:storage:BlobContainer"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """Compiled once."""
    return Schema.load(packages(), tmp_path_factory.getbasetemp().parent / "schema-cache")


def stack_of(token: str, schema: Schema, tmp_path: Path) -> Iterator[Stack]:
    """A stack with one resource of that type, whose creation's answer was lost."""
    with standing(tmp_path, schema, token) as stack:
        stack.vendors.faults.plan(Fault("lost-answer", token, "create"))
        assert stack.failing() is not None
        yield stack


@pytest.fixture
def marked(schema: Schema, tmp_path: Path) -> Iterator[Stack]:
    """Of a type that bears a mark and holds no data."""
    yield from stack_of(IDENTITY, schema, tmp_path)


@pytest.fixture
def bare(schema: Schema, tmp_path: Path) -> Iterator[Stack]:
    """Of a type that bears none."""
    yield from stack_of(FIREWALL, schema, tmp_path)


def made(stack: Stack) -> Any:
    """The one thing that exists of it."""
    (record,) = [one for one in stack.vendors.cloud.all() if one.urn]
    return record


def change(stack: Stack, **inputs: Any) -> None:
    """Makes it another at the vendor."""
    from dataclasses import replace

    record = made(stack)
    changed = replace(record, inputs={**record.inputs, **inputs}, outputs={**record.outputs, **inputs})
    stack.vendors.cloud.put(changed)


def refusal(stack: Stack, claims: Claims | None = None) -> str:
    """Why the next run refuses it; the vendor's thing stays as it is, and the state without it."""
    before, held = made(stack), stack.held()
    with pytest.raises(NotReady) as raised:
        stack.up(claims)
    assert (made(stack), stack.held()) == (before, held)
    return str(raised.value)


def test_what_bears_our_mark_is_taken_over_by_itself(marked: Stack) -> None:
    """And nothing changes afterwards; the journal is gone."""
    assert marked.up().changed == 0
    assert made(marked).id in marked.held().values()
    assert not journal_of(marked.place, PROJECT, STACK).file.exists()


@pytest.mark.parametrize("tags", [{}, {"smarteros-intent": "f" * 24}], ids=["none", "another's"])
def test_what_bears_no_mark_of_ours_is_refused_whatever_is_said(tags: dict[str, str], marked: Stack) -> None:
    """Somebody else made it under the name in between."""
    change(marked, tags=tags)
    (example,) = marked.examples
    given = refusal(marked, Claims(take=[example.name]))
    assert "so it was not made here" in given
    assert f"pulumi import {IDENTITY}" in given


def test_what_bears_no_mark_needs_the_operators_word(bare: Stack) -> None:
    """Both ways out are named, and lead out."""
    (example,) = bare.examples
    given = refusal(bare)
    assert "a name alone proves nothing" in given
    assert f"--take-over {example.name}" in given
    assert f"--leave {example.name}" in given
    assert bare.up(Claims(ask=lambda text: example.name in text)).changed == 0


def test_what_was_to_be_otherwise_is_refused_whatever_is_said(bare: Stack) -> None:
    """It has the name, and is not what was being created."""
    change(bare, endIpAddress="203.0.113.250")
    assert "differs from what was to be made in endIpAddress" in refusal(bare, Claims(take=[bare.examples[0].name]))


def test_what_is_left_alone_is_forgotten(bare: Stack) -> None:
    """The next creation meets it, as any other name that is taken."""
    failed = bare.failing(Claims(leave=[bare.examples[0].name]))
    assert failed is not None
    assert "already existing" in failed.said
    assert made(bare).id not in bare.held().values()


def test_what_may_hold_data_is_never_taken_by_itself(schema: Schema, tmp_path: Path) -> None:
    """Though it bears our mark."""
    for stack in stack_of(BUCKET, schema, tmp_path):
        assert "may hold data (every blob in the container)" in refusal(stack)
        assert stack.up(Claims(take=[stack.examples[0].name])).changed == 0


def test_what_is_not_there_is_created(marked: Stack) -> None:
    """The request never arrived, or somebody removed the thing since."""
    marked.vendors.cloud.remove(made(marked))
    assert marked.up().changed == 1
    assert marked.up().changed == 0


def test_no_secret_is_in_a_journal(schema: Schema, tmp_path: Path) -> None:
    """The program marks it as one; the vendor's own example has it in plain."""
    token = "azure-native:keyvault:Secret"
    with standing(tmp_path, schema, token) as stack:
        stack.secret = ("properties",)
        stack.vendors.faults.plan(Fault("lost-answer", token, "create"))
        assert stack.failing() is not None
        value = stack.examples[0].inputs["properties"]["value"]
        journal = journal_of(stack.place, PROJECT, STACK).file.read_text()
        assert value not in journal
        assert "[secret]" in journal
        stack.up()
        assert value not in str(stack.state())
        assert made(stack).inputs["properties"]["value"] == value
        assert stack.up().changed == 0
