"""A killed end is mended by the next run: what is gone is dropped from the state first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.engine_run import EngineFailed
from deploy.target import RunTarget
from settings import Settings
from tenants import endings, last_rights, lifecycle
from tenants.encryption import Encryption
from tenants.session import PlatformSession
from tests.tenants.test_stack import NOTHING_KNOWN, SECRETS, platform

DELETING = {"resources": [], "pending_operations": [{"type": "deleting", "resource": {"urn": "u"}}]}


@pytest.fixture
def there(tmp_path: Path) -> RunTarget:
    """A run target of which only the folder counts."""
    return cast(RunTarget, SimpleNamespace(project=tmp_path, scratch=tmp_path / "runs", environ={}))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engine's commands; those that are run, in order."""
    commands: list[str] = []
    for module in (endings, lifecycle):
        monkeypatch.setattr(module, "run", lambda *words, **_: commands.append(words[2]))
    return commands


def test_a_pending_deletion_is_read_anew_once(there: RunTarget, runs: list[str]) -> None:
    """As is a destruction that the state has forgotten; else nothing is read."""
    assert endings.forget_deleted(there, "acme", DELETING, lambda _: None)
    assert not endings.forget_deleted(there, "acme", {"resources": []}, lambda _: None)
    endings.ending_begun(there)
    assert endings.forget_deleted(there, "acme", {"resources": []}, lambda _: None)
    endings.ending_begun(there)
    assert not endings.forget_deleted(there, "acme", None, lambda _: None)
    assert not endings.forget_deleted(there, "acme", {"resources": []}, lambda _: None)
    assert runs == ["refresh", "refresh"]


def test_a_reading_that_fails_is_done_again(there: RunTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine has dropped the pending operation by then."""

    def fail(*_: Any, **__: Any) -> None:
        raise EngineFailed("refresh")

    monkeypatch.setattr(endings, "run", fail)
    forgotten: dict[str, Any] = {"resources": []}
    for found in (DELETING, forgotten):
        with pytest.raises(EngineFailed):
            endings.forget_deleted(there, "acme", found, lambda _: None)


def test_an_end_reads_before_it_deletes(there: RunTarget, runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves its mark until it has ended."""

    def deleting(*words: Any, **_: Any) -> None:
        assert (there.project / endings.BEGUN).exists()
        runs.append(words[2])

    for name, answer in (("state_ready", DELETING), ("made_ready", there), ("repair", 0)):
        monkeypatch.setattr(lifecycle, name, lambda *_, answer=answer: answer)
    for name in ("clear_the_way", "nothing_keeps"):
        monkeypatch.setattr(last_rights, name, lambda *_, name=name: runs.append(name))
    monkeypatch.setattr(lifecycle, "run_with_events", deleting)
    session = PlatformSession(
        place=there,
        policy_pack=there.project,
        settings=cast(Settings, None),
        platform=platform(True),
        secrets=SECRETS,
        known=NOTHING_KNOWN,
        encryption=cast(Encryption, SimpleNamespace(applied=lambda one: one, readable=lambda *_: 0, provider="x")),
        stacks={},
    )
    lifecycle.take_down(session, "acme", lambda _: None)
    assert runs == ["refresh", "state", "clear_the_way", "nothing_keeps", "destroy", "stack"]


UPDATING = {
    "resources": [{"urn": "a"}, {"urn": "b"}],
    "pending_operations": [
        {"type": "updating", "resource": {"urn": "a", "custom": True}},
        {"type": "updating", "resource": {"urn": "gone", "custom": True}},
        {"type": "updating", "resource": {"urn": "b", "custom": False}},
    ],
}


def test_what_was_being_changed_is_read_anew_once(there: RunTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name; also when the reading failed, or something else has touched the state since: the engine forgets it."""
    reported: list[tuple[str, ...]] = []

    def reads(*words: Any, **_: Any) -> None:
        reported.append(words[2:])
        if len(reported) == 1:
            raise EngineFailed("refresh")

    monkeypatch.setattr(endings, "run", reads)
    endings.remember_changed(there, UPDATING)
    with pytest.raises(EngineFailed):
        endings.read_changed(there, "acme", UPDATING, lambda _: None)
    forgotten = {"resources": UPDATING["resources"]}
    endings.remember_changed(there, forgotten)
    assert endings.read_changed(there, "acme", forgotten, lambda _: None) == 1
    assert reported[0] == reported[1]
    assert reported[1][-2:] == ("--target", "a")
    assert endings.read_changed(there, "acme", forgotten, lambda _: None) == 0
    assert len(reported) == 2


def test_a_reading_of_everything_counts_too(there: RunTarget, runs: list[str]) -> None:
    """What is gone can't be read by name."""
    endings.remember_changed(there, {**UPDATING, **DELETING, "pending_operations": UPDATING["pending_operations"]})
    assert endings.forget_deleted(there, "acme", DELETING, lambda _: None)
    assert endings.read_changed(there, "acme", UPDATING, lambda _: None) == 0
    assert runs == ["refresh"]
