"""What fails is refused when it runs: a command of an update at the update, one of the deletion at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.command.package import PACKAGE
from sandbox.command.types.remote import Refused
from sandbox.core.inventory import Inventory
from sandbox.core.records import Computing, Record

EXAMPLES = Path(__file__).parents[1] / "examples"
TYPES = {kind.token: kind for kind in PACKAGE.types}
COMMAND, COPY = "command:remote:Command", "command:remote:CopyToRemote"


def right(token: str, **changed: Any) -> dict[str, Any]:
    """A vendor's example, with something else in it; None: without it."""
    content = yaml.safe_load((EXAMPLES / f"{token.replace(':', '_')}.yaml").read_text())
    inputs = {**content["right"][0]["inputs"], **changed}
    return {name: value for name, value in inputs.items() if value is not None}


def acting(token: str, inputs: Mapping[str, Any], cloud: Inventory) -> Computing:
    """What an act of the type is called with, where the example's host exists."""
    content = yaml.safe_load((EXAMPLES / f"{token.replace(':', '_')}.yaml").read_text())
    for record in content["right"][0]["existing"]:
        cloud.put(Record(**{"urn": "", "inputs": {}, "outputs": {}, **record}))
    return Computing(id="x", name="", inputs=inputs, config={}, cloud=cloud)


@pytest.fixture
def cloud(tmp_path: Path) -> Any:
    """Nothing but what the test puts there."""
    inventory = Inventory(tmp_path)
    yield inventory
    inventory.close()


BAD_KEY = {"hostKey": "none", "host": "203.0.113.10"}
UPDATES = [
    ({"update": "exit 3"}, "status 3"),
    ({"update": "case x in"}, "bash -n"),
    ({"update": None, "create": "exit 4"}, "status 4"),
    ({"update": "true", "create": "exit 4"}, ""),
    ({"update": "true", "environment": {"PATH": "/x"}}, "PATH"),
    ({"update": "true", "connection": BAD_KEY}, "connection"),
    ({"update": None, "create": None, "connection": BAD_KEY}, ""),
    ({"delete": "exit 3"}, ""),
]


@pytest.mark.parametrize(("changed", "why"), UPDATES)
def test_an_update_runs_one_command(changed: dict[str, Any], why: str, cloud: Inventory) -> None:
    """`update`, else `create`; with neither nobody is dialled."""
    act = TYPES[COMMAND].on_update
    assert act is not None
    computing = acting(COMMAND, right(COMMAND, **changed), cloud)
    if why:
        with pytest.raises(Refused, match=why):
            act(computing, {})
    else:
        act(computing, {})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"delete": "exit 3"}, "status 3"),
        ({"delete": "( true"}, "bash -n"),
        ({"delete": None, "connection": BAD_KEY}, ""),
        ({"delete": "true", "connection": BAD_KEY}, "connection"),
        ({"create": "exit 3"}, ""),
    ],
)
def test_a_deletion_runs_its_command(changed: dict[str, Any], why: str, cloud: Inventory) -> None:
    """From the state, over the connection that stands there; without one nobody is dialled."""
    act = TYPES[COMMAND].on_delete
    assert act is not None
    computing = acting(COMMAND, right(COMMAND, **changed), cloud)
    if why:
        with pytest.raises(Refused, match=why):
            act(computing)
    else:
        act(computing)


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"connection": BAD_KEY}, ""), ({"remotePath": "/etc"}, "directory"), ({"remotePath": "/etc/other"}, "")],
)
def test_a_copy_is_made_again_for_another_source_or_place(changed: dict[str, Any], why: str, cloud: Inventory) -> None:
    """Update compares the source's digest and the place: a connection that leads nowhere is not tried."""
    act = TYPES[COPY].on_update
    assert act is not None
    computing = acting(COPY, right(COPY, **changed), cloud)
    if why:
        with pytest.raises(Refused, match=why):
            act(computing, right(COPY))
    else:
        act(computing, right(COPY))
