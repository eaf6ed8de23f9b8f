"""Before every operation: room, a whole state, a copy. And back from a copy."""

from __future__ import annotations

import json
import stat
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from deploy import state
from deploy.target import RunTarget, Target

Usage = namedtuple("Usage", "total used free")


def silent(_text: str) -> None:
    """Says nothing."""


@pytest.fixture
def place(tmp_path: Path) -> RunTarget:
    """A run target whose state is kept in files."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "state/.pulumi/stacks/smarteros").mkdir(parents=True)
    return RunTarget(
        target=Target.SANDBOX,
        pulumi=Path("/nowhere/pulumi"),
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=tmp_path / "runs",
        environ={"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"},
    )


def write(place: RunTarget, resources: int, **more: Any) -> Path:
    """A state with so many resources."""
    file = state.checkpoint_file(place, "smarteros", "prod")
    assert file is not None
    latest = {
        "resources": [
            {"urn": f"urn:pulumi:prod::smarteros::a:b:C::{number}", "type": "a:b:C"} for number in range(resources)
        ],
        **more,
    }
    file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "prod", "latest": latest}}))
    return file


def test_no_state_yet_is_no_fault(place: RunTarget) -> None:
    """The first `up` of all."""
    assert state.protect(place, "prod", silent) is None
    assert state.copies(place, "prod") == []


def test_a_state_is_copied_for_its_owner_alone(place: RunTarget) -> None:
    """Each state once, whatever was done with it in between."""
    write(place, 1)
    assert len((state.protect(place, "prod", silent) or {})["resources"]) == 1
    state.protect(place, "prod", silent)
    write(place, 2, pending_operations=[{"type": "creating"}])
    state.protect(place, "prod", silent)
    found = state.copies(place, "prod")
    assert [(one.resources, one.pending) for one in found] == [(2, 1), (1, 0)]
    assert {stat.S_IMODE(one.file.stat().st_mode) for one in found} == {0o600}
    assert stat.S_IMODE(found[0].file.parent.stat().st_mode) == 0o700


def test_the_last_twenty_are_kept(place: RunTarget) -> None:
    """A year of operations fills no disk."""
    for number in range(state.KEPT + 3):
        write(place, number)
        state.protect(place, "prod", silent)
    assert [one.resources for one in state.copies(place, "prod")] == list(range(state.KEPT + 2, 2, -1))


@pytest.mark.parametrize("content", ["", '{"version": 3, "checkpoint": {"sta', "[]", "{}"])
def test_a_cut_off_state_is_recognised_and_the_way_back_named(place: RunTarget, content: str) -> None:
    """A full disk leaves such a file. Nothing is copied over the good copies."""
    file = write(place, 3)
    state.protect(place, "prod", silent)
    file.write_text(content or "{")
    with pytest.raises(state.BrokenState, match=r"\./smos state restore prod"):
        state.protect(place, "prod", silent)
    assert [one.resources for one in state.copies(place, "prod")] == [3]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"urn": "urn:pulumi:prod::smarteros::a:b:D::0"}, "says another type than 'a:b:C'"),
        ({"urn": "urn:pulumi:backup::smarteros::a:b:C::0"}, "is a resource of another stack"),
        ({"urn": "changed"}, "has no URN but 'changed'"),
        ({"urn": 5}, "has no URN but '5'"),
        ({"parent": "urn:pulumi:prod::smarteros::a:b:C::9"}, "has the parent urn:pulumi:prod::smarteros::a:b:C::9"),
        ({"provider": "urn:pulumi:prod::smarteros::a:b:C::9::id"}, "has the provider"),
        ({"dependencies": ["urn:pulumi:prod::smarteros::a:b:C::9"]}, "has the dependency"),
    ],
)
def test_a_urn_changed_by_hand_is_told_before_the_engine_starts(
    place: RunTarget, changed: dict[str, Any], said: str
) -> None:
    """The engine would say that its snapshot is broken, or plan to delete what is there."""
    file = write(place, 3)
    state.protect(place, "prod", silent)
    held = json.loads(file.read_text())
    held["checkpoint"]["latest"]["resources"][0].update(changed)
    file.write_text(json.dumps(held))
    with pytest.raises(state.BrokenState, match=r"\./smos state restore prod") as raised:
        state.protect(place, "prod", silent)
    assert said in str(raised.value)


def test_a_damaged_copy_is_shown_and_never_chosen(place: RunTarget) -> None:
    """The newest whole one comes back."""
    write(place, 3)
    state.protect(place, "prod", silent)
    write(place, 4)
    state.protect(place, "prod", silent)
    newest = state.copies(place, "prod")[0]
    newest.file.write_bytes(b"{\xff")
    damaged, whole = state.copies(place, "prod")
    assert "no text in UTF-8" in damaged.damaged
    assert state.restore(place, "prod", silent) == whole
    with pytest.raises(LookupError, match="no text in UTF-8"):
        state.restore(place, "prod", silent, newest.taken)


def test_a_copy_comes_back_and_what_was_there_is_kept(place: RunTarget) -> None:
    """The newest by default, or the one that is named."""
    file = write(place, 3)
    state.protect(place, "prod", silent)
    first = state.copies(place, "prod")[0].taken
    write(place, 4)
    state.protect(place, "prod", silent)
    file.write_text("cut o")
    said: list[str] = []
    assert state.restore(place, "prod", said.append).resources == 4
    assert len((state.protect(place, "prod", silent) or {})["resources"]) == 4
    kept = Path(said[0].split(": ")[1])
    assert kept.read_text() == "cut o"
    assert state.restore(place, "prod", silent, first).resources == 3
    with pytest.raises(LookupError, match=first):
        state.restore(place, "prod", silent, "yesterday")


def test_too_little_room_is_refused_with_numbers(place: RunTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times the state and 64 MB; else nothing begins."""
    write(place, 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage(1, 1, 50 * state.MB))
    with pytest.raises(state.NoRoom, match=r"50\.0 MB free; an operation on prod needs 64\.0 MB"):
        state.protect(place, "prod", silent)
    assert state.copies(place, "prod") == []


def test_a_side_file_that_was_cut_off_is_removed(place: RunTarget) -> None:
    """The engine reads no state beside a broken one; beside none it does."""
    file = write(place, 1)
    whole, cut, partly = (file.with_name(f"prod.json{end}.attrs") for end in ("", ".bak", ".gz"))
    whole.write_text('{"user.content_type": "x"}\n')
    cut.write_text("")
    partly.write_text('{"user.cont')
    said: list[str] = []
    state.protect(place, "prod", said.append)
    assert (whole.exists(), cut.exists(), partly.exists()) == (True, False, False)
    assert len(said) == 2
