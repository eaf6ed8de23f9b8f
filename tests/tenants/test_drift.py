"""What is told of a tenant that is not as wanted: the vendor's own names, and of a failure its reason alone, last."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.guards import NotReady
from tenants import desired, lost_databases
from tenants.lost_databases import DATABASE, Databases, refuse_lost_databases
from tenants.platform import Server

URN = "urn:pulumi:acme::smarteros-tenants::t::"
SERVER = Server(
    name="vps",
    host="10.0.0.2",
    local_port=1,
    sslmode="disable",
    login="login",
    provisioner="provisioner",
    template="template",
)


def step(name: str, old: dict[str, Any], new: dict[str, Any] | None, *paths: str) -> dict[str, Any]:
    """One resource of a refresh that only looks."""
    state = None if new is None else {"inputs": new, "outputs": new}
    return {
        "urn": URN + name,
        "oldState": {"inputs": old, "outputs": old},
        "newState": state,
        "detailedDiff": {path: {"kind": "update"} for path in paths} or None,
    }


def test_the_vendors_names_are_told_and_not_the_providers_bookkeeping() -> None:
    """Also of a secret, which looks the same on both sides, and of what is deep in a property."""
    given = {
        "steps": [
            step("same", {"a": 1, "__defaults": []}, {"a": 1, "__defaults": ["a"], "__pulumi_raw_state_delta": {}}),
            step("owner", {"superuser": False, "__meta": ""}, {"superuser": True}),
            step("sessions", {"password": "[secret]"}, {"password": "[secret]"}, "password"),
            step("record", {"data": {"flags": 0}}, {"data": {"flags": 0}}, 'data["flags"]', "tags[0]"),
            step("database", {"name": "t"}, None),
        ]
    }
    assert desired._changes(json.dumps(given)) == [
        "owner: superuser",
        "sessions: password",
        "record: data, tags",
        "database is gone",
    ]


def test_of_a_failure_only_the_reasons_are_told() -> None:
    """Of thousands of lines of JSON, the errors of the resources; of anything else, its last lines."""
    errors = [
        {"urn": f"{URN}knowledge-schema", "message": "error: no login\n", "severity": "error"},
        {"urn": f"{URN}x", "message": "warning: something", "severity": "warning"},
        {"message": "error: preview failed\n", "severity": "error"},
    ]
    said = "bringing up nodes...\n" + json.dumps({"steps": [{}] * 1000, "diagnostics": errors}, indent=1)
    assert desired._reasons(said) == "knowledge-schema: error: no login"
    assert desired._reasons("\n".join(str(number) for number in range(100))) == "95\n96\n97\n98\n99"
    assert desired._reasons("error: {broken") == "error: {broken"


def state(*names: str) -> dict[str, Any]:
    """A tenant's state with these databases."""
    found = [{"urn": URN + name, "type": DATABASE, "custom": True, "inputs": {"name": name}} for name in names]
    return {"resources": found}


def test_a_database_that_somebody_dropped_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the three ways out; asked once for all tenants, and once more for what was made since. Where nobody answers,
    whoever needs the server says so.
    """
    answers: list[frozenset[str] | None] = [frozenset({"a"}), frozenset({"a", "b"})]
    monkeypatch.setattr(lost_databases, "_ask", lambda *_: answers.pop(0) if len(answers) > 1 else answers[0])
    there = Databases(SERVER, "")
    refuse_lost_databases(state("a"), there, "a", "vps")
    refuse_lost_databases(None, there, "a", "vps")
    refuse_lost_databases(state("b"), there, "b", "vps")
    with pytest.raises(NotReady) as caught:
        refuse_lost_databases(state("c"), there, "c", "vps")
    for words in ("c is not on the server vps", "drift c --mend", "tenant delete c --no-export"):
        assert words in str(caught.value)
    answers[:] = [None]
    refuse_lost_databases(state("c"), Databases(SERVER, ""), "c", "vps")
