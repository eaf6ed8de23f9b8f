"""The state of a stack around an operation: is it whole, is there room for it, and a copy of it before it changes.

Of a state in a local folder the file itself is copied, which costs no start of the engine; of one in a bucket, what
`pulumi stack export` gives. Copies hold secrets in the engine's encryption only, and stay on this machine: they mend an
accident of one run, and are no backup.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from deploy.engine_run import run
from deploy.references import mismatch
from deploy.target import HOSTS_PROJECT, PROJECT, RunTarget
from kept import Damaged, parsed, raw, same
from kept.operator_error import OperatorError
from kept.say import Say

__all__ = [
    "KEPT",
    "BrokenState",
    "Copy",
    "NoRoom",
    "checkpoint_file",
    "chosen",
    "copies",
    "copies_in",
    "current",
    "protect",
    "restore",
]

KEPT = 20
RESERVE = 64 * 1024 * 1024
MB = 1024 * 1024
NEWEST = 64
_NONE = b'{"deployment": {}}'


class BrokenState(OperatorError):
    """The state can't be read: it was cut off, or it is no state. The text names the command that restores it."""


class NoRoom(OperatorError):
    """The disk may fill up in the middle of the operation, which would cut the state off."""


@dataclass(frozen=True)
class Copy:
    """One copy of a stack's state, as it was before an operation."""

    file: Path
    taken: str
    resources: int
    pending: int
    damaged: str = ""
    """Why it can't be restored; empty for one that can."""


def protect(
    place: RunTarget, stack: str, say: Say, project: str = PROJECT, folder: Path | None = None
) -> dict[str, Any] | None:
    """Before every operation: checks the room and the state, then copies it. Answers the deployment in it, empty in a
    stack that was only made; None when there is no stack.

    `folder`: the project's, where it is neither the platform nor its hosts. Raises NoRoom and BrokenState; then
    nothing has been changed.
    """
    file = checkpoint_file(place, project, stack)
    kept = _folder(place.scratch.parent, project, stack)
    if file is not None:
        _mend_side_files(file, say)
    content = _content(place, folder or _project(place, project), stack, file, project)
    for where in {kept, file.parent} if file else {kept}:
        _room(where, len(content), stack)
    if not content and not (file and file.exists()):
        return None
    if not content:
        return {}
    deployment = _deployment(content, stack, str(file or "the backend"), project)
    _keep(kept, content)
    return deployment


def current(place: RunTarget, folder: Path, stack: str) -> dict[str, Any]:
    """The deployment of a stack as it is now, of the project whose folder that is. Of a state in files, without a start
    of the engine. Raises BrokenState.
    """
    project = str(yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))["name"])
    file = checkpoint_file(place, project, stack)
    there = file if file and (file.exists() or file.is_symlink()) else None  # a packed one is read by the engine
    return _deployment(
        _content(place, folder, stack, there, project) or _NONE, stack, str(there or "the backend"), project
    )


def checkpoint_file(place: RunTarget, project: str, stack: str) -> Path | None:
    """The file with the state, existing or not; None for a state that is not kept in files here."""
    backend = place.environ.get("PULUMI_BACKEND_URL", "").split("?")[0]
    if not backend.startswith("file://"):
        return None
    folder = Path(backend.removeprefix("file://")).expanduser() / ".pulumi" / "stacks" / project
    return folder / f"{stack}.json"


def copies(place: RunTarget, stack: str, project: str = PROJECT) -> list[Copy]:
    """The kept copies, newest first."""
    return copies_in(place.scratch.parent, stack, project)


def copies_in(folder: Path, stack: str, project: str = PROJECT) -> list[Copy]:
    """The same, of the folder beside which runs keep them: nothing has to run for it."""
    found = []
    for file in sorted(_folder(folder, project, stack).glob("*.json"), reverse=True):
        try:
            inside = _inner(parsed(file, ""))
            resources, pending = len(inside.get("resources") or []), len(_pending(inside))
        except (Damaged, FileNotFoundError, TypeError, KeyError, AttributeError) as error:
            found.append(Copy(file, file.stem, 0, 0, getattr(error, "why", "") or "it holds no state"))
            continue
        found.append(Copy(file, file.stem, resources, pending))
    return found


def chosen(kept: Sequence[Copy], stack: str, wanted: str = "") -> Copy:
    """The copy of that name, else the newest whole one. Raises LookupError when there is none."""
    for one in kept:
        if wanted in ("" if not one.damaged else one.taken, one.taken, str(one.file)):
            if one.damaged:
                raise LookupError(f"{one.file}: {one.damaged}. Fix: another copy, of ./smos state list {stack}")
            return one
    names = ", ".join(one.taken for one in kept) or "none"
    raise LookupError(f"{stack} has no copy {wanted!r}. Kept: {names}. Fix: ./smos state list {stack}")


def restore(place: RunTarget, stack: str, say: Say, wanted: str = "", project: str = PROJECT) -> Copy:
    """Puts a copy back as the state: the one named, else the newest. What was there is kept beside the copies.

    Raises LookupError when there is none. Asks nothing: whoever calls it has asked.
    """
    back = chosen(copies(place, stack, project), stack, wanted)
    content = raw(back.file, f"another copy, of ./smos state list {stack}")
    file = checkpoint_file(place, project, stack)
    _room(file.parent if file else back.file.parent, len(content), stack)
    if file is None:
        run(place, _project(place, project), "stack", "import", "--stack", stack, capture=True, stdin=content.decode())
        return back
    if file.exists() or file.is_symlink():
        aside = back.file.parent / f"replaced-{_now()}.state"
        shutil.move(file, aside)  # whatever it is: a state that was damaged may be no file any more
        say(f"what was there before is kept: {aside}")
    _write(file, content)
    return back


def _content(place: RunTarget, folder: Path, stack: str, file: Path | None, project: str) -> bytes:
    """The state as it lies there; nothing when there is none yet."""
    if file is not None:
        try:
            return raw(file, "")
        except FileNotFoundError:
            return b""
        except Damaged as damaged:
            raise _broken(stack, str(file), damaged.why, project) from None
    from deploy.engine_run import EngineFailed

    try:
        text = run(place, folder, "stack", "export", "--stack", stack, capture=True)
    except EngineFailed as failed:
        if "no stack named" in failed.said:
            return b""
        raise
    return text.encode()


def _deployment(content: bytes, stack: str, where: str, project: str) -> dict[str, Any]:
    try:
        held = json.loads(content)
        inside = _inner(held)
        if not isinstance(inside, dict):
            raise TypeError("it holds no deployment")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _broken(stack, where, f"{len(content)} bytes: {error}", project) from None
    wrong = mismatch(inside, project, stack)
    if wrong:
        raise _broken(stack, where, wrong, project)
    return inside


def _broken(stack: str, where: str, why: str, project: str) -> BrokenState:
    other = "" if project == PROJECT else f" --project {project}"
    return BrokenState(
        f"the state of {stack} in {where} is cut off or damaged ({why}). Nothing was started. A full disk or an edit "
        f"by hand does this. Fix: ./smos state list {stack}{other}, then ./smos state restore {stack}{other}, then "
        "the same command again"
    )


def _inner(held: Any) -> Any:
    """The deployment in a checkpoint file or in an export. A stack that was only made has none yet."""
    if "deployment" in held:
        return held["deployment"] or {}
    return held["checkpoint"].get("latest") or {}


def _pending(deployment: dict[str, Any]) -> list[Any]:
    return deployment.get("pending_operations") or []


def _mend_side_files(file: Path, say: Say) -> None:
    """Removes side files (`.attrs`) that a killed engine left empty or cut off.

    The engine writes them in place and can't read any state beside a broken one (`failed to load checkpoint: EOF`);
    without one it reads it as before: they hold a checksum and a content type.
    """
    root = file.parents[2]
    for folder in (root, file.parent, *(root / kind / file.parent.name / file.stem for kind in ("backups", "history"))):
        for side in _newest_or_empty(folder):
            try:
                parsed(side, "")
            except FileNotFoundError:
                continue
            except Damaged:
                say(f"removing a side file that a killed run left cut off: {side.name}")
                side.unlink(missing_ok=True)


def _newest_or_empty(folder: Path) -> list[Path]:
    """The side files that can be cut off: those of the last operations. A stack's history has thousands of others."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        found = [(one.stat(), one.path) for one in entries if one.name.endswith(".attrs")]
    found.sort(key=lambda one: one[0].st_mtime_ns, reverse=True)
    return [Path(path) for place, (about, path) in enumerate(found) if place < NEWEST or about.st_size == 0]


def _room(folder: Path, size: int, stack: str) -> None:
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(existing).free
    needed = 3 * size + RESERVE
    if free < needed:
        raise NoRoom(
            f"{existing} has {free / MB:.1f} MB free; an operation on {stack} needs {needed / MB:.1f} MB (three times "
            f"its state of {size / MB:.1f} MB, and 64 MB). A full disk would cut the state off: nothing was started. "
            "Fix: make room, then run it again"
        )


def _keep(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = sorted(folder.glob("*.json"))
    if kept and same(kept[-1], content):
        return  # the last copy is this very state
    _write(folder / f"{_now()}.json", content)
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)


def _folder(folder: Path, project: str, stack: str) -> Path:
    name = stack if project == PROJECT else f"{project}.{stack}"
    return folder / "state-copies" / name


def _project(place: RunTarget, project: str) -> Path:
    return place.hosts_project if project == HOSTS_PROJECT else place.project


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, and only for its owner."""
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(file)
