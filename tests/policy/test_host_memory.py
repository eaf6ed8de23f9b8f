"""What runs on a host fits into its memory."""

from __future__ import annotations

from typing import Any

from policy.rule import UNKNOWN, Facts, Host, Resource
from policy.rules.host_memory import RULE
from tests.policy.judged import ON_HOST, said_of_stack


def box(name: str, memory: Any, provider: dict[str, str] = ON_HOST, **more: Any) -> Resource:
    inputs = {"memory": memory, **more}
    return Resource(token="docker:index/container:Container", name=name, inputs=inputs, provider=provider)


def test_up_to_the_reserve_is_room() -> None:
    """8192 less 1024; containers that never start, and unknown limits, don't count."""
    assert said_of_stack(RULE, [box("a", 7000.0), box("b", 168.0), box("c", 9000.0, start=False)]) == []
    assert said_of_stack(RULE, [box("a", 7168.0), box("b", UNKNOWN)]) == []


def test_what_ends_before_the_others_start_does_not_count() -> None:
    """A preparation is waited for and left alone; what is only one of the two may stay."""
    passing = box("app-prepare", 9000.0, attach=True, mustRun=False)
    assert said_of_stack(RULE, [box("app", 7168.0), passing]) == []
    for one in (box("other", 1.0, attach=True), box("other", 1.0, mustRun=False)):
        assert said_of_stack(RULE, [box("app", 7168.0), one])


def test_too_much_names_host_sum_and_parts() -> None:
    """So that one sees what to make smaller."""
    ((name, text),) = said_of_stack(RULE, [box("a", 7000.0), box("b", 169.0)])
    assert name == ""
    for words in ("vps", "7169 MB", "a 7000, b 169", "room for 7168"):
        assert words in text


def test_a_host_that_nobody_named_is_told() -> None:
    """Its size is not known, so nothing is checked there."""
    ((name, text),) = said_of_stack(RULE, [box("a", 1.0, {"host": "ssh://x@198.51.100.1:22"})])
    assert (name, "198.51.100.1" in text) == ("a", True)


def test_without_facts_nothing_is_guessed() -> None:
    """Another rule says that nobody told."""
    assert said_of_stack(RULE, [box("a", 99999.0)], Facts()) == []


def test_an_engine_at_a_socket_is_a_host_of_the_settings_or_told() -> None:
    """A developer's own machine is counted as any host; a server's stack on somebody's laptop is told."""
    socket = "unix:///var/run/docker.sock"
    own = Host(name="laptop", address=socket, memory_mb=8192, reserve_mb=1024)
    ((_, text),) = said_of_stack(RULE, [box("a", 7169.0, {"host": socket})], Facts(hosts=(own,), own_machine=True))
    assert "laptop" in text
    ((_, text),) = said_of_stack(RULE, [box("a", 1.0, {"host": socket})])
    assert "which is no host of the settings" in text
