"""The simulated Docker provider reads back, orders and updates containers as the official one does."""

from __future__ import annotations

from typing import Any

from sandbox.core import judge
from sandbox.core.outputs import as_read, known_to_state
from sandbox.docker.types.container.container import TYPES

(CONTAINER,) = TYPES


def changed(old: dict[str, Any], new: dict[str, Any], state: dict[str, Any] | None = None) -> dict[str, bool]:
    """Which paths the next run calls changed after the creation of `old`, and whether that replaces the container."""
    seen = as_read(CONTAINER, old, old) if state is None else state
    found = judge.changes(CONTAINER, known_to_state(CONTAINER, old, seen), new, seen)
    return {one.path: one.replaces for one in found}


def test_cpus_in_another_form_replace_the_container_at_every_run() -> None:
    """The provider reads 2 back as 2.0 and compares texts."""
    assert changed({"cpus": "2"}, {"cpus": "2"}) == {"cpus": True}
    assert changed({"cpus": "2.0"}, {"cpus": "2.0"}) == {}


def test_the_order_of_a_set_is_no_change() -> None:
    """Neither of its items, nor of an item's keys."""
    old = {"volumes": [{"volumeName": "a", "containerPath": "/a"}, {"containerPath": "/b", "volumeName": "b"}]}
    new = {"volumes": [{"volumeName": "b", "containerPath": "/b"}, {"containerPath": "/a", "volumeName": "a"}]}
    assert changed(old, new) == {}
    mixed = {"volumes": [{"containerPath": "/a", "volumeName": "a"}, {"volumeName": "b", "containerPath": "/b"}]}
    assert changed(old, mixed) == {}


def test_what_no_update_carries_out_stays_as_it_was() -> None:
    """A changed health check, tmpfs or init is an update, and the container keeps its own; memory really changes, but a
    limit that is taken away stays.
    """
    assert CONTAINER.carried_out is not None
    old = {"healthcheck": {"tests": ["CMD", "true"]}, "tmpfs": {"/t": ""}, "memory": 64, "cpuShares": 2, "name": "x"}
    new = {"healthcheck": {"tests": ["CMD", "false"]}, "init": True, "memory": 128, "name": "x"}
    assert set(changed(old, new).values()) == {False}
    assert CONTAINER.carried_out(old, new) == {**old, "memory": 128}


def test_the_swap_comes_back_where_nobody_asked_for_it() -> None:
    """Twice the memory, and the next run would take it away."""
    assert changed({"memory": 64}, {"memory": 64}) == {"memorySwap": False}
    assert changed({"memory": 64, "memorySwap": 64}, {"memory": 64, "memorySwap": 64}) == {}
