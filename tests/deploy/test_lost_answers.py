"""What a vendor did and nobody learnt of: for every type, both operations and each bad day, the next runs end as an
undisturbed one, and the one after changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.guards import NotReady
from deploy.take_over import Claims
from intents.marks import KEY, MARKS
from policy.stateful import holds
from sandbox.core.faults import Fault
from sandbox.core.schema import Schema
from sandbox.vendors import packages
from tests.deploy.types_at_once import Stack, standing

pytestmark = pytest.mark.slow

_MARK = re.compile(rf'[0-9a-f]{{24}}|, "?{KEY}"?|"{KEY.replace("-", "_")}"')
IN_STATE_ALONE = ("random:", "tls:")


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """Compiled once for all runs."""
    return Schema.load(packages(), tmp_path_factory.getbasetemp().parent / "schema-cache")


def there(stack: Stack) -> dict[str, Any]:
    """Type → what exists of it, without marks."""
    found = {
        token: json.dumps(_unmarked(token, inputs), sort_keys=True)
        for (token, _), inputs in stack.vendors.exist().items()
    }
    assert len(found) == len(stack.vendors.exist()), "one type exists twice"
    return found


def _unmarked(token: str, inputs: Any) -> Any:
    mark = MARKS.get(token)
    if mark is None or mark.read(inputs) is None:
        return inputs
    value = inputs[mark.property]
    kept: Any
    if mark.kind == "map":
        kept = {key: one for key, one in value.items() if key != mark.key}
    elif mark.kind == "list":
        kept = [one for one in value if one["label"] != mark.key]
    else:
        kept = value.rpartition("[intent")[0].strip()
    return {name: one for name, one in {**inputs, mark.property: kept}.items() if one}


@pytest.fixture(scope="module")
def undisturbed(schema: Schema, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], set[str]]:
    """What exists after a run that nothing disturbed, and what its state has."""
    with standing(tmp_path_factory.mktemp("undisturbed"), schema) as stack:
        stack.up()
        assert stack.up().changed == 0
        return there(stack), set(stack.held())


@pytest.fixture
def stack(schema: Schema, tmp_path: Path) -> Iterator[Stack]:
    """The stack, of which nothing is up yet."""
    with standing(tmp_path, schema) as found:
        yield found


def refused(stack: Stack, *, down: bool = False) -> set[str]:
    """The names of what the next run takes over only when it is told to."""
    with pytest.raises(NotReady) as raised:
        stack.destroy() if down else stack.up()
    lines = str(raised.value).splitlines()
    for line in lines:
        assert re.search("Nothing was done to it. Fix: .*--take-over .*--leave", line), line
    return {line.split(" ", 1)[0] for line in lines}


def test_creations_whose_answers_were_all_lost_are_taken_over(
    stack: Stack, undisturbed: tuple[dict[str, Any], set[str]]
) -> None:
    """By their marks what has one; by the operator's word what has none, or may hold data; the rest is made again."""
    stack.vendors.faults.plan(Fault("lost-answer", "*", "create", times=1000))
    assert stack.failing() is not None
    stack.vendors.faults.clear()
    unsure = refused(stack)
    by_name = {one.name: one for one in stack.examples}
    assert unsure, "nothing was asked"
    for name in unsure:
        assert holds(by_name[name].token, by_name[name].inputs) or by_name[name].token not in MARKS, name
    stack.up(Claims(take=tuple(unsure)))
    assert (there(stack), set(stack.held())) == undisturbed
    assert stack.up().changed == 0


@pytest.mark.parametrize("kind", ["unavailable", "slow"])
def test_a_creation_on_a_bad_day_is_completed_by_the_next_run(
    kind: Any, stack: Stack, undisturbed: tuple[dict[str, Any], set[str]]
) -> None:
    """Nothing was made, or it was only late: nobody is asked."""
    stack.vendors.faults.plan(Fault(kind, "*", "create", times=1000, seconds=0.05))
    assert (stack.failing() is None) == (kind == "slow")
    stack.vendors.faults.clear()
    stack.up()
    assert (there(stack), set(stack.held())) == undisturbed
    assert stack.up().changed == 0


def test_a_deletion_whose_answer_was_lost_is_read_and_done(stack: Stack) -> None:
    """Also where the vendor's provider refuses to delete what is not there."""
    stack.up()
    stack.vendors.strict = True
    stack.vendors.faults.plan(Fault("lost-answer", "*", "delete", times=1000))
    assert stack.failing(down=True) is not None
    names = {urn.rpartition("::")[2] for urn in stack.held()}
    assert {one.name for one in stack.examples} <= names, "not every answer was lost"
    stack.vendors.faults.clear()
    stack.destroy()
    assert there(stack) == {}
    assert stack.held() == {}
    assert list(stack.place.scratch.parent.rglob("*.jsonl")) == []


@pytest.mark.parametrize("kind", ["unavailable", "slow"])
def test_a_deletion_on_a_bad_day_is_completed_by_the_next_run(kind: Any, stack: Stack) -> None:
    """Nothing was deleted, or it was only late."""
    stack.up()
    stack.vendors.strict = True
    stack.vendors.faults.plan(Fault(kind, "*", "delete", times=1000, seconds=0.05))
    assert (stack.failing(down=True) is None) == (kind == "slow")
    stack.vendors.faults.clear()
    stack.destroy()
    assert (there(stack), stack.held()) == ({}, {})


@pytest.mark.parametrize("token", ["azure-native:managedidentity:*", "docker:*"])
@pytest.mark.parametrize("down", [False, True], ids=["created", "deleted"])
def test_a_provider_that_dies_after_it_acted_costs_nothing(
    token: str,
    down: bool,
    stack: Stack,
    undisturbed: tuple[dict[str, Any], set[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the one thing nobody learnt, the others were not reached."""
    if down:
        stack.up()
    stack.vendors.strict = True
    monkeypatch.setattr("sandbox.core.faults.os.kill", stack.vendors.dies)
    stack.vendors.faults.plan(Fault("crash", token, "delete" if down else "create"))
    assert stack.failing(down=down) is not None
    stack.vendors.start()
    names = tuple(one.name for one in stack.examples)
    if down:
        stack.destroy(Claims(take=names))
        assert (there(stack), stack.held()) == ({}, {})
        return
    stack.up(Claims(take=names))
    assert (there(stack), set(stack.held())) == undisturbed
    assert stack.up().changed == 0
