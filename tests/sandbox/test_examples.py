"""The strictness table: vendors' own examples are accepted, each single mutation of one is refused by the rule that
it names.

Each file of `examples/` holds one type. Every rule of the catalogue must be the reason of at least one refusal
here, so that deleting a rule makes a test fail.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.core import judge
from sandbox.core.inventory import Inventory
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Record
from sandbox.core.rules import Failure
from sandbox.core.schema import Schema
from sandbox.core.values import steps
from sandbox.vendors import packages
from tests.sandbox.parsed import parsed

FOLDER = Path(__file__).parent / "examples"
TYPES = {kind.token: kind for package in packages() for kind in package.types}
OF_EVERY_TYPE = ("schema", "not-simulated")


@dataclass(frozen=True)
class Case:
    """One input and what must come of it."""

    token: str
    name: str
    data: dict[str, Any]
    """The mutation (or the right example itself)."""
    right: dict[str, Any]
    config: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.token.rsplit(':', 1)[1]}-{self.name}"

    @property
    def inputs(self) -> dict[str, Any]:
        """The right example's inputs with the mutation applied."""
        inputs = copy.deepcopy(self.right["inputs"])
        for path in self.data.get("remove", []):
            _at(inputs, path, remove=True)
        for path, value in self.data.get("set", {}).items():
            _at(inputs, path, value=_spelt_out(value))
        return dict(inputs)

    @property
    def existing(self) -> list[dict[str, Any]]:
        """What exists before; `also` is beside that, or in place of what has its id."""
        return [*(self.data.get("existing", self.right.get("existing", [])) or []), *self.data.get("also", [])]


def _spelt_out(value: Any) -> Any:
    """A value; one of many characters or items is written `{repeat: [x, 25601]}` or `{numbered: [20.0.#, 401]}`."""
    if isinstance(value, dict) and set(value) == {"repeat"}:
        return str(value["repeat"][0]) * value["repeat"][1]
    if isinstance(value, dict) and set(value) == {"numbered"}:
        item, count = value["numbered"]
        return [_numbered(item, f"{index // 250}.{index % 250}") for index in range(count)]
    if isinstance(value, dict):
        return {key: _spelt_out(item) for key, item in value.items()}
    return copy.deepcopy(value)


def _numbered(item: Any, number: str) -> Any:
    if isinstance(item, dict):
        return {key: _numbered(it, number) for key, it in item.items()}
    return str(item).replace("#", number)


def _at(inputs: Any, path: str, value: Any = None, remove: bool = False) -> None:
    at = steps(path)
    for step in at[:-1]:
        if isinstance(inputs, dict) and step not in inputs:
            inputs[step] = {}
        inputs = inputs[step]
    if remove:
        del inputs[at[-1]]
    elif isinstance(inputs, list) and at[-1] == len(inputs):
        inputs.append(value)
    else:
        inputs[at[-1]] = value


def cases(kind: str) -> Iterator[Case]:
    """Every right, wrong or changes case of every file."""
    for file in sorted(FOLDER.glob("*.yaml")):
        content = parsed(file)
        by_name = {one["name"]: one for one in content["right"]}
        for index, data in enumerate(content.get(kind, [])):
            of = data if kind == "right" else by_name[data.get("of", content["right"][0]["name"])]
            name = data.get("name") or f"{kind}-{index}-{data.get('rule', data.get('expect', ''))}"
            empty = {} if kind == "right" else data
            yield Case(content["token"], name, empty, of, content.get("config", {}))


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """Compiled once for all cases."""
    return Schema.load(packages(), tmp_path_factory.getbasetemp().parent / "schema-cache")


def refusals(case: Case, schema: Schema, folder: Path) -> list[Failure]:
    """What both layers, and then what exists, say against a case."""
    kind = TYPES[case.token]
    found = judge.refused_inputs(kind, schema, case.inputs)
    if found:
        return found
    cloud = Inventory(folder)
    for record in case.existing:
        cloud.put(Record(**{"urn": "", "inputs": {}, "outputs": {}, **record}))
    inputs = schema.numbers(case.token, case.inputs)
    found = judge.refused_by_cloud(kind, inputs, cloud, case.config)
    cloud.close()
    return found


RIGHT, WRONG, CHANGES = list(cases("right")), list(cases("wrong")), list(cases("changes"))
ACCEPTED = list(cases("accepted"))


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_what_the_vendor_accepts_is_accepted(case: Case, schema: Schema, tmp_path: Path) -> None:
    """A right input, taken from the vendor's own examples, passes both layers and the check of what exists."""
    assert refusals(case, schema, tmp_path) == []


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_a_mutation_that_the_vendor_takes_is_accepted(case: Case, schema: Schema, tmp_path: Path) -> None:
    """Another case, several words, a name that looks reserved: strictness beyond the vendor's is a fault too."""
    assert refusals(case, schema, tmp_path) == []


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_single_mutation_is_refused_by_its_rule(case: Case, schema: Schema, tmp_path: Path) -> None:
    """A right input with one fault is refused: the refusal names the property's path and comes from the
    expected rule.
    """
    found = refusals(case, schema, tmp_path)
    assert (case.data["path"], case.data["rule"]) in [(one.path, one.rule) for one in found], found
    assert all(one.reason for one in found)


@pytest.mark.parametrize("case", CHANGES, ids=str)
def test_a_change_is_decided_as_the_vendor_decides_it(case: Case, schema: Schema) -> None:
    """A change of a property updates, replaces or is refused as it is with the vendor."""
    kind = TYPES[case.token]
    old, new = schema.numbers(case.token, case.right["inputs"]), schema.numbers(case.token, case.inputs)
    found = judge.changes(kind, old, new, {**kind.defaults, **old})
    refused = [one.rule for one in judge.refused_changes(kind, old, new)]
    decided = "none" if not found else "replace" if any(one.replaces for one in found) else "update"
    if case.data["expect"] == "refused":
        assert case.data["rule"] in refused
    else:
        assert (decided, refused) == (case.data["expect"], [])


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.token)
def test_every_rule_is_the_reason_of_a_refusal(kind: ResourceType) -> None:
    """Each rule has a case that only passes while the rule stands, and rules of one type have different names."""
    names = [rule.id for rule in kind.rules]
    assert len(names) == len(set(names)), "two rules of a type share a name"
    proved = {case.data["rule"] for case in (*WRONG, *CHANGES) if case.token == kind.token and "rule" in case.data}
    assert set(names) - proved == set(), "rules without a case"
    assert proved - set(names) - set(OF_EVERY_TYPE) == set(), "cases that name no rule"


@pytest.mark.parametrize("token", sorted(TYPES))
def test_a_type_has_examples(token: str) -> None:
    """One of the vendor's own at least, with its source, and a fault that is refused: else nobody knows its rules."""
    file = FOLDER / f"{re.sub('[:/]', '_', token)}.yaml"
    content = parsed(file)
    assert content["token"] == token
    assert content["right"], f"{file.name} has no right example"
    assert all(one.get("source") for one in content["right"]), f"{file.name}: a right example without its source"
    assert content["wrong"], f"{file.name} has no wrong example"


def test_the_table_is_as_large_as_promised() -> None:
    """At least 30 right inputs, and 150 wrong ones over 15 types."""
    assert len(RIGHT) >= 30
    assert len(WRONG) >= 150
    assert len({case.token for case in WRONG}) >= 15
