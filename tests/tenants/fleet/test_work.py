"""What becomes of one tenant in a run on many, and that no secret is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.engine_run import EngineFailed, Outcome
from deploy.guards import NotReady
from deploy.locks import Locked
from deploy.state import NoRoom
from tenants import lifecycle
from tenants.fleet import work
from tenants.fleet.files import Files
from tenants.fleet.health import Check, unwell
from tenants.fleet.runner import Done
from tenants.fleet.work import Work, masked, summed_up
from tenants.lifecycle import Applied
from tenants.registry import Entry
from tenants.session import PlatformSession
from tests.tenants.test_stack import SECRETS, TENANT, platform

SAID = """
Updating (acme):
 +  vault:index:Mount vault-mount creating (0s)
    vault:index:Mount vault-mount  error: permission denied
    pulumi:pulumi:Stack acme  error: update failed
Policies:
    smarteros@v0.0.1 (local: policies)
        - [mandatory]  tags-required  (azure-native:storage:BlobContainer: blobs)
Diagnostics:
  vault:index:Mount (vault-mount):
    \x1b[31merror: permission denied for Throw4way-secret at http://127.0.0.1:15440\x1b[0m
  pulumi:providers:random (default):
    error: failed to run remediation: context canceled
  pulumi:pulumi:Stack (acme):
    error: update failed
Resources:
    3 unchanged
Duration: 1s
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The tenant's."""
    found = tmp_path / "acme-2.yaml"
    found.write_text("name: Acme\n")
    return found


@pytest.fixture
def wanted(file: Path) -> Work:
    """Work on one tenant."""
    token = {"VAULT_SERVER_URL": "http://127.0.0.1:15440", "VAULT_SERVER_TOKEN": "hvs.Throw4way-token"}
    session = SimpleNamespace(
        platform=platform(True),
        secrets=SECRETS,
        encryption=SimpleNamespace(environ=lambda: token),
        place=SimpleNamespace(environ={"PULUMI_CONFIG_PASSPHRASE": "Throw4way-passphrase"}),
        stacks={},
        known=SimpleNamespace(forget=lambda _: None),
        stack_of=lambda slug: ("smarteros-tenants", slug),
    )
    entries = {"acme-2": Entry(TENANT, file)}
    return Work(session=cast(PlatformSession, session), entries=entries, files=Files.of([file.parent]), say=print)


def result(work_: Work, monkeypatch: pytest.MonkeyPatch, outcome: object) -> Done:
    """What comes of it when bringing up the tenant ends so."""

    def bring_up(*_: Any) -> Applied:
        if isinstance(outcome, Exception):
            raise outcome
        return Applied(TENANT, cast(Outcome, outcome), 1.0)

    monkeypatch.setattr(lifecycle, "bring_up", bring_up)
    return work_.act("acme-2")


@pytest.mark.parametrize(("changes", "word"), [({"same": 20}, "unchanged"), ({"same": 20, "create": 2}, "changed")])
def test_what_was_changed_is_counted(
    wanted: Work, monkeypatch: pytest.MonkeyPatch, changes: dict[str, int], word: str
) -> None:
    """Nothing changed is unchanged."""
    from collections import Counter

    one = result(wanted, monkeypatch, Outcome(Counter(changes)))
    assert (one.good, one.outcome, one.changes) == (True, word, changes.get("create", 0))


def test_what_the_engine_said_is_told_in_a_line_without_secrets(wanted: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what went wrong, without colours; no login, token or passphrase is in it."""
    one = result(wanted, monkeypatch, EngineFailed("up", SAID + "error: Throw4way-passphrase hvs.Throw4way-token"))
    assert not one.good
    assert one.why.startswith(
        "vault:index:Mount (vault-mount): error: permission denied for [secret] at http://127.0.0.1:15440 | "
    )
    assert "[mandatory]  tags-required" in one.why
    for absent in ("Throw4way", "\x1b", "Duration", "\n", "update failed", "canceled"):
        assert absent not in one.why
    assert (one.again_in_s, one.ends_all) == (None, False)


def test_a_vendors_refusal_is_tried_again_when_it_says(wanted: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """And slows the others down; a lock only waits."""
    one = result(wanted, monkeypatch, EngineFailed("up", 'error: Code="TooManyRequests" 429, Retry-After: 7'))
    assert (one.again_in_s, one.refused) == (7.0, True)
    one = result(wanted, monkeypatch, Locked("acme-2 is locked by process 1"))
    assert (one.again_in_s, one.refused, one.why) == (work.LOCKED_S, False, "acme-2 is locked by process 1")


def test_what_ends_all(wanted: Work, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """A full disk and an edited file are nobody's alone; another tenant's trouble is its own."""
    assert result(wanted, monkeypatch, NoRoom("full")).ends_all
    assert not result(wanted, monkeypatch, NotReady("its database is elsewhere")).ends_all
    assert not result(wanted, monkeypatch, ValueError("unexpected")).ends_all
    file.write_text("name: Edited\n")
    one = result(wanted, monkeypatch, AssertionError("it began all the same"))
    assert one.ends_all
    assert one.edited
    assert "was edited while a run" in one.why


def test_health_is_asked_of_each_and_a_check_that_breaks_is_no_health(wanted: Work) -> None:
    """Any function may be one."""

    def fine(*_: object) -> str:
        return ""

    def broken(*_: object) -> str:
        raise OSError("nobody there, Throw4way-secret")

    def names(checks: Sequence[Check]) -> str:
        return unwell(wanted.session, TENANT, None, checks)

    assert names([fine]) == ""
    assert names([fine, broken]) == "broken: OSError: nobody there, Throw4way-secret"


def test_long_texts_are_cut() -> None:
    """A line a tenant."""
    assert len(masked("x" * 5000, [])) <= work.LENGTH + 1
    assert masked("a hidden1 hidden12", ["hidden1", "hidden12"]) == "a [secret] [secret]"
    assert summed_up("first\nlast") == "first | last"
    assert summed_up("") == ""
