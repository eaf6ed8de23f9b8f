"""A preparation that ended badly runs again with the next `up`."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.prepared import run_again

URN = "urn:pulumi:prod::smarteros::docker:index/container:Container::app-prepare"


def container(attach: bool, **outputs: Any) -> dict[str, Any]:
    """A container in the state."""
    return {"type": "docker:index/container:Container", "urn": URN, "inputs": {"attach": attach}, "outputs": outputs}


@pytest.mark.parametrize(
    ("resource", "again"),
    [
        (container(True, exitCode=3), ["--replace", URN]),
        (container(True, exitCode=0), []),
        (container(True), ["--replace", URN]),
        (container(False, exitCode=137), []),
        ({**container(True, exitCode=3), "delete": True}, []),
        ({"type": "pulumi:pulumi:Stack", "urn": "urn"}, []),
    ],
    ids=["badly", "well", "nobody-saw-its-end", "not-waited-for", "going-already", "another-type"],
)
def test_what_ended_badly_is_replaced(resource: dict[str, Any], again: list[str]) -> None:
    """The engine is named the containers that were waited for and did not end with 0, and no others."""
    assert run_again({"resources": [resource]}) == again


def test_an_empty_state_has_nothing_to_run_again() -> None:
    """Before the first `up` there are no resources."""
    assert run_again({}) == []
